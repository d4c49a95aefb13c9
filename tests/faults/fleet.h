// A region as it runs in production: two programs of each service, a real Kafka broker, a real PostgreSQL.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/store/postgres/testing/server.h"
#include "libs/testing/child_process.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/temporary_folder.h"

namespace polku::faults {

constexpr std::array<const char*, 4> kServices = {"referral", "assessment", "coordinator-network", "follow-up"};
constexpr int kReplicas = 2;  // Of each service.
constexpr int kPrograms = static_cast<int>(kServices.size()) * kReplicas;
// A program that is silent for so long loses its partitions; as the product has it by default.
constexpr absl::Duration kSessionTimeout = absl::Seconds(6);
constexpr absl::Duration kReadyMax = absl::Seconds(60);
constexpr int kCrashed = 134;  // What a crash point ends a program with.

// What one program holds; neither grows for good.
struct Usage {
  int descriptors = 0;
  int threads = 0;
};

// Programs are numbered: number 2 * s and 2 * s + 1 are those of kServices[s]. One thread, which outlives the object:
// what it starts dies with it.
class Fleet {
 public:
  // Everything runs and is ready on return. `programs` is the folder of the service programs.
  // Errors: kNotFound where there is no broker or no PostgreSQL to start; kUnavailable.
  static absl::StatusOr<std::unique_ptr<Fleet>> Start(const std::string& programs);

  // Starts it with `environment` beside that of this process. It is not ready yet.
  void Launch(int program, const std::map<std::string, std::string>& environment = {});
  // As `kill -9`, and reaped.
  void Kill(int program) { processes_[program] = nullptr; }
  testing::ChildProcess& process(int program) { return *processes_[program]; }
  std::string DataFolder(const std::string& service) const;
  const std::string& programs() const { return programs_; }
  bool IsReady(int program) const;
  // Errors: kDeadlineExceeded after kReadyMax, kAborted when it has ended; either with the end of its output.
  absl::Status AwaitReady(int program);
  absl::Status AwaitAllReady();
  Usage UsageOf(int program) const;

  static std::string NameOf(int program);
  static int ServiceOf(int program) { return program / kReplicas; }
  std::string address(int program) const;
  // A libpq connection string.
  std::string Database(const std::string& service) const;

  testing::KafkaBroker& broker() { return *broker_; }
  store::postgres::ServerForTests& postgres() { return store::postgres::ServerForTests::Get(); }

 private:
  struct Ports {
    int grpc = 0;
    int ops = 0;
  };
  Fleet(std::string programs, std::unique_ptr<testing::KafkaBroker> broker);
  std::vector<std::string> WordsFor(int program) const;
  std::string OutputOf(int program) const;
  absl::Status WithOutput(int program, const absl::Status& status) const;

  const std::string programs_;
  const testing::TemporaryFolder folder_;
  const std::unique_ptr<testing::KafkaBroker> broker_;
  std::array<Ports, kPrograms> ports_;
  std::array<std::unique_ptr<testing::ChildProcess>, kPrograms> processes_;
};

}  // namespace polku::faults
