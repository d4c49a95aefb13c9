// A region of real programs: as it runs in production, or in one of the smaller layouts.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/store/postgres/testing/server.h"
#include "libs/testing/child_process.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/temporary_folder.h"

namespace polku::faults {

constexpr std::array<const char*, 4> kServices = {"referral", "assessment", "coordinator-network", "follow-up"};
constexpr int kReplicasMax = 2;
// A program that is silent for so long loses its partitions; as the product has it by default.
constexpr absl::Duration kSessionTimeout = absl::Seconds(6);
constexpr absl::Duration kReadyMax = absl::Seconds(60);
constexpr int kCrashed = 134;  // What a crash point ends a program with.

enum class Layout {
  kReplicas,   // Two programs of each service, on Kafka and PostgreSQL.
  kOneOfEach,  // One of each, on Kafka and SQLite.
  kAllInOne,   // One with all services, on the embedded bus and SQLite.
};

// By the words that name them.
std::map<std::string, Layout> Layouts();

struct FleetOptions {
  std::string programs;  // The folder of the service programs.
  // That of the release before, whose programs the fleet begins with; empty: it begins with `programs`.
  std::string programs_before;
  Layout layout = Layout::kReplicas;
  int brokers = 1;
};

// What one program holds; neither grows for good.
struct Usage {
  int descriptors = 0;
  int threads = 0;
};

// Programs are numbered from 0, those of one service one after the other. One thread, which outlives the object: what
// it starts dies with it.
class Fleet {
 public:
  // Everything runs and is ready on return. Errors: kNotFound where there is no broker or no PostgreSQL to start;
  // kUnavailable.
  static absl::StatusOr<std::unique_ptr<Fleet>> Start(const FleetOptions& options);
  ~Fleet();

  Layout layout() const { return options_.layout; }
  int size() const { return static_cast<int>(programs_.size()); }
  // Programs of each service.
  int replicas() const { return options_.layout == Layout::kReplicas ? kReplicasMax : 1; }

  // Starts it with `environment` beside that of this process. It is not ready yet.
  void Launch(int program, const std::map<std::string, std::string>& environment = {});
  // From the next Launch on it is the one of `programs`.
  void Upgrade(int program) { programs_[program].before = false; }
  bool has_before() const { return !options_.programs_before.empty(); }
  // As `kill -9`, and reaped.
  void Kill(int program) { programs_[program].process = nullptr; }
  testing::ChildProcess& process(int program) { return *programs_[program].process; }
  // Runs a command of the one of `programs`, with the settings that it has, until it ends. Errors: kDeadlineExceeded.
  absl::StatusOr<int> RunCommand(int program, const std::string& command);
  // What it and its commands have printed.
  std::string OutputOf(int program) const;
  // Replicas of a service share one, and so do all services of one program.
  std::string DataFolder(const std::string& service) const;
  const std::string& programs() const { return options_.programs; }
  bool IsReady(int program) const;
  // Errors: kDeadlineExceeded after kReadyMax, kAborted when it has ended; either with the end of its output.
  absl::Status AwaitReady(int program);
  absl::Status AwaitAllReady();
  Usage UsageOf(int program) const;

  std::string NameOf(int program) const;
  // Where a program has all services, the first one.
  int ServiceOf(int program) const { return program / replicas(); }
  int ProgramOf(int service, int replica) const {
    return options_.layout == Layout::kAllInOne ? 0 : service * replicas() + replica % replicas();
  }
  std::string address(int program) const;
  // Of a service on PostgreSQL.
  static std::string DatabaseName(absl::string_view service);
  // A libpq connection string, or an SQLite file.
  std::string Database(const std::string& service) const;
  // On a file system of its own, which is small; empty where that could not be made.
  const std::string& small_disk() const { return small_disk_; }

  // Null with the embedded bus.
  testing::KafkaBroker* broker() { return broker_.get(); }
  // The file of the embedded bus.
  std::string BusFile() const { return DataFolder(kServices[0]) + "/bus.db"; }
  store::postgres::ServerForTests& postgres() { return store::postgres::ServerForTests::Get(); }

 private:
  struct Program {
    int grpc_port = 0;
    int ops_port = 0;
    bool before = false;
    std::unique_ptr<testing::ChildProcess> process;
  };
  Fleet(const FleetOptions& options, std::unique_ptr<testing::KafkaBroker> broker);
  void MakeSmallDisk();
  std::string RulesFolder() const { return folder_.path() + "/rules"; }
  // The shipped ones, but hundreds of stories within minutes are no storm here: the outreach breaker lets them through.
  void WriteRules() const;
  // From `folder`.
  std::vector<std::string> WordsFor(int program, const std::string& folder) const;
  std::string OutputFile(int program) const;
  absl::Status WithOutput(int program, const absl::Status& status) const;

  const FleetOptions options_;
  const testing::TemporaryFolder folder_;
  std::string small_disk_;
  const std::unique_ptr<testing::KafkaBroker> broker_;
  std::vector<Program> programs_;
};

}  // namespace polku::faults
