// All four services in one process, on the embedded bus and SQLite, behind one gRPC port.
#pragma once

#include <atomic>
#include <functional>
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
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/bus/bus.h"
#include "libs/config/listen_address.h"
#include "libs/ops/metrics.h"
#include "libs/ops/ops_server.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "libs/rpc/server.h"
#include "libs/store/database.h"
#include "prometheus/registry.h"
#include "services/assessment/service.h"
#include "services/coordinator-network/service.h"
#include "services/follow-up/service.h"
#include "services/referral/service.h"

namespace polku::all_in_one {

// How callers prove who they are.
enum class AccessMode {
  kNone,         // Nobody can call: Create refuses.
  kDevelopment,  // Their metadata is believed. Loopback only.
};

struct AllInOneConfig {
  // Holds bus.db, one <service>.db each, and keys/<service>.keys. Made when missing.
  std::string data_folder = "data";
  // Holds <service>.ledger: who was erased. No part of a backup of the data folder: what is put back is
  // erased again by it. Empty = beside the data folder, <data folder>.erasures.
  std::string erasures_folder;
  config::ListenAddress grpc_listen{"127.0.0.1", 7443};
  bool grpc_reflection = false;
  int receive_bytes_max = 4 << 20;  // See rpc::ServerOptions.
  config::ListenAddress ops_listen{"127.0.0.1", 9443};
  pathway::Folders definitions;
  AccessMode access_mode = AccessMode::kNone;
  bool allow_test_codes = false;       // Identity codes that belong to nobody.
  std::vector<std::string> providers;  // Those with a topic of their own, see follow_up::Config.
  pipeline::Limits pipeline;
  rpc::GateLimits gate;
};

// Thread-compatible: one owner calls Create, Start and Stop.
class AllInOne {
 public:
  // Opens the data folder and makes the services; nothing runs yet. `clock` and `random` (of client and
  // trace ids; keys always come from the system) are not owned and outlive the object.
  // Errors: kFailedPrecondition naming the file when another process has the folder open or a newer version
  // wrote it; kInvalidArgument for the access mode, an address, a pathway or a rule set.
  static absl::StatusOr<std::unique_ptr<AllInOne>> Create(const AllInOneConfig& config, const Clock* clock,
                                                          Random* random);
  ~AllInOne();
  AllInOne(const AllInOne&) = delete;
  AllInOne& operator=(const AllInOne&) = delete;

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

  referral::Service& referral() { return *referral_; }
  assessment::Service& assessment() { return *assessment_; }
  coordinator_network::Service& coordinator_network() { return *coordinator_network_; }
  follow_up::Service& follow_up() { return *follow_up_; }
  std::vector<pipeline::Pipeline*> pipelines();
  bus::Bus& bus() { return *bus_; }

 private:
  AllInOne(const AllInOneConfig& config, const Clock* clock, Random* random, rpc::Access access,
           pathway::Catalogue catalogue);
  absl::Status OpenData();
  absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(store::Options options);
  absl::Status CreateServices();
  template <class Service, class Config>
  absl::StatusOr<std::unique_ptr<Service>> CreateService(const Config& config, store::Database* database);
  absl::Status OpenPorts();
  void RefreshGauges();

  const AllInOneConfig config_;
  const Clock* const clock_;
  Random* const random_;
  SystemRandom secrets_;
  const rpc::Access access_;
  const pathway::Catalogue catalogue_;
  prometheus::Registry metrics_;
  const ops::ProcessMetrics process_metrics_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Database> referral_database_;
  std::unique_ptr<store::Database> assessment_database_;
  std::unique_ptr<store::Database> coordinator_network_database_;
  std::unique_ptr<store::Database> follow_up_database_;
  pipeline::InProcessJournals journals_;
  std::unique_ptr<referral::Service> referral_;
  std::unique_ptr<assessment::Service> assessment_;
  std::unique_ptr<coordinator_network::Service> coordinator_network_;
  std::unique_ptr<follow_up::Service> follow_up_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<ops::OpsServer> ops_;
  std::thread gauges_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool running_ = false;
};

}  // namespace polku::all_in_one
