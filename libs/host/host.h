// A process with one or more services behind one gRPC port, on SQLite or PostgreSQL, and on the embedded bus or Kafka.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "libs/audit/checkpoint.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka/kafka_bus.h"
#include "libs/config/listen_address.h"
#include "libs/host/credentials.h"
#include "libs/host/part.h"
#include "libs/ops/metrics.h"
#include "libs/ops/ops_server.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/audit_api.h"
#include "libs/rpc/gate.h"
#include "libs/rpc/journal_api.h"
#include "libs/rpc/operator_api.h"
#include "libs/rpc/remote_journals.h"
#include "libs/rpc/server.h"
#include "libs/rpc/trace_api.h"
#include "libs/rpc/verify_api.h"
#include "libs/store/database.h"
#include "polku/common/v1/backup.pb.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace polku::host {

// How callers prove who they are.
enum class AccessMode {
  kNone,         // Nobody can call: Create refuses.
  kDevelopment,  // Their metadata is believed. Loopback only.
  kMutualTls,    // Certificates and signed tokens.
};

enum class BusKind {
  kEmbedded,  // A file in the data folder: for a process that has all services.
  kKafka,
};

enum class StoreKind {
  kSqlite,  // A file in the data folder for each service.
  kPostgres,
};

// Who makes and upgrades the tables of a database.
enum class Migration {
  kByStore,  // With SQLite the start, with PostgreSQL the command.
  kAtStart,
  kByCommand,  // "polku-referral migrate"; a start without right tables is refused.
};

struct HostConfig {
  std::string program = "polku-all-in-one";
  // Holds keys/<service>.keys, with SQLite one <service>.db each and, with the embedded bus, bus.db. Made when missing.
  std::string data_folder = "data";
  // Holds <service>.ledger: who was erased. No part of a backup of the data folder: what is put back is
  // erased again by it. Empty = beside the data folder, <data folder>.erasures.
  std::string erasures_folder;
  // Holds <service>.checkpoints and <service>.audit-key.pub: how far the audit had come, signed; see libs/audit. Empty
  // = beside the data folder, <data folder>.audit.
  std::string audit_folder;
  int audit_kept_years = 12;  // See rpc::AuditPolicy.
  StoreKind store_kind = StoreKind::kSqlite;
  // libpq's connection string; "{service}" in it stands for the service's name, with underscores.
  std::string postgres_target;
  Migration migration = Migration::kByStore;
  BusKind bus_kind = BusKind::kEmbedded;
  bus::KafkaBusOptions kafka;  // The clock is the host's.
  // Whether missing topics are made on Kafka. Otherwise a missing one is an error.
  bool create_topics = false;
  // The name of this program among the replicas of its services, the same after each restart: see
  // bus::KafkaBusOptions::member and store::PostgresOptions::program. Empty: none.
  std::string replica;
  // Where the JournalService of services in other processes is: "host:port" by name of the service.
  std::map<std::string, std::string> peers;
  config::ListenAddress grpc_listen{"127.0.0.1", 7443};
  bool grpc_reflection = false;
  rpc::ServerLimits grpc_limits;
  config::ListenAddress ops_listen{"127.0.0.1", 9443};
  pathway::Folders definitions;
  AccessMode access_mode = AccessMode::kNone;
  CredentialFiles credentials;  // With kMutualTls.
  PartConfig part;
};

using Parts = std::vector<std::unique_ptr<Part>>;

// Thread-compatible: one owner calls Create, Start and Stop.
class Host {
 public:
  // Opens the data folder and the bus and makes the services; nothing runs yet. `clock` and `random` (of client and
  // trace ids; keys always come from the system) are not owned and outlive the object.
  // Errors: those of Check; kFailedPrecondition naming the file when another process has the folder open or a newer
  // version wrote it, or what mends missing or older tables and a missing topic; kInvalidArgument for the bus;
  // kUnavailable when Kafka is away.
  static absl::StatusOr<std::unique_ptr<Host>> Create(const HostConfig& config, Parts parts, const Clock* clock,
                                                      Random* random);
  // What can be known without a database or a bus: that whoever calls is known and nothing goes in plain text where
  // others could read it, that certificates, keys, organisations, pathways and rule sets can be read and used.
  // Errors: kInvalidArgument or kFailedPrecondition naming the setting or the file.
  static absl::Status Check(const HostConfig& config, const Clock* clock);
  // Makes the databases of the parts, or upgrades them, and closes them again; needs no bus and no other setting.
  // A program that has an older SQLite database open is in the way; on PostgreSQL it goes on until it connects anew.
  // Errors: as those of Create about databases.
  static absl::Status Migrate(const HostConfig& config, const Parts& parts);
  // For services on Kafka whose database was put back to an older point: reads again on their own topics what others
  // know of them (Pipeline::Recall), holds whom something may be missing of (backup::HoldLost), and raises the epoch.
  // No program of them runs. May be repeated. With `all_was_told` nothing else is missing than what the topics hold.
  // Errors: as Create's; kFailedPrecondition when a program runs; kDataLoss when a topic no longer holds everything.
  static absl::StatusOr<common::v1::RestoreRecord> Restored(const HostConfig& config, Parts parts, const Clock* clock,
                                                            Random* random, bool all_was_told);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Opens both ports and starts the loops. `on_fatal` is called at most once per service, on a thread of
  // its, when that service cannot go on; the owner should Stop and end the process.
  // Errors: kUnavailable naming an address that is in use; nothing runs then.
  absl::Status Start(std::function<void(absl::Status)> on_fatal);
  // Commands that are being committed are answered; those still in a queue are refused with kUnavailable.
  // Then the ports are closed. More calls do nothing; not for on_fatal's thread.
  void Stop();

  // Valid between Start and Stop.
  int grpc_port() const { return server_->port(); }
  int ops_port() const { return ops_->port(); }

  std::vector<pipeline::Pipeline*> pipelines();
  bus::Bus& bus() { return *bus_; }

 private:
  Host(const HostConfig& config, Parts parts, const Clock* clock, Random* random,
       std::unique_ptr<Credentials> credentials, rpc::Access access, pathway::Catalogue catalogue);
  static absl::StatusOr<std::unique_ptr<Host>> Make(const HostConfig& config, Parts parts, const Clock* clock,
                                                    Random* random);
  absl::Status OpenBus();
  absl::Status EnsureTopics();
  absl::Status FindTopics(const std::vector<bus::TopicSpec>& topics) const;
  absl::Status CreateParts();
  absl::Status HoldLostInRestore();
  // restored.cc
  bus::KafkaBusOptions KafkaOptions() const;
  absl::StatusOr<pipeline::Forgotten> FindForgotten(size_t part, int64_t newest_max) const;
  absl::Status CheckNotRestored() const;
  absl::StatusOr<common::v1::RestoreRecord> TakeBack(bool all_was_told);
  void CreateCommonApis();
  absl::Status OpenPorts();
  void RefreshGauges();
  absl::Status RefreshGaugesOf(size_t part);
  absl::Status WriteCheckpoint(size_t part);
  void ShowKafkaExpiry();

  const HostConfig config_;
  const Clock* const clock_;
  Random* const random_;
  const SystemMonotonicClock monotonic_;
  SystemRandom secrets_;
  const std::unique_ptr<Credentials> credentials_;  // Null in development mode.
  const rpc::Access access_;
  const pathway::Catalogue catalogue_;
  prometheus::Registry metrics_;
  const ops::ProcessMetrics process_metrics_;
  std::unique_ptr<bus::Bus> bus_;
  // One for each part.
  std::vector<prometheus::Gauge*> refreshed_;
  std::vector<std::unique_ptr<audit::CheckpointWriter>> checkpoints_;
  std::vector<prometheus::Gauge*> checkpoint_written_;
  std::vector<std::unique_ptr<store::Database>> databases_;
  pipeline::InProcessJournals journals_;
  rpc::RemoteJournals remote_journals_;
  const Parts parts_;
  std::vector<std::unique_ptr<rpc::Gate>> common_gates_;  // One for each part, for what every service serves.
  std::unique_ptr<rpc::JournalApi> journal_;
  std::unique_ptr<rpc::OperatorApi> operator_;
  std::unique_ptr<rpc::TraceApi> trace_;
  std::unique_ptr<rpc::AuditApi> audit_;
  std::unique_ptr<rpc::VerifyApi> verify_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<ops::OpsServer> ops_;
  prometheus::Gauge* kafka_expires_ = nullptr;  // Of the certificate that brokers are shown, if there is one.
  std::thread gauges_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool running_ = false;
};

}  // namespace polku::host
