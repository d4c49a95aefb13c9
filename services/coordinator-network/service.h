// The coordinator network, assembled.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/bus/bus.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "libs/rpc/verify_api.h"
#include "libs/store/database.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

struct Config {
  pipeline::Limits pipeline;
  rpc::GateLimits gate;
  Policy policy;  // contact_after_miss_office_days, meeting_purposes and time_use_activities come from the newest rule
                  // set.
};

// Not owned; they outlive the service.
struct Dependencies {
  const Clock* clock = nullptr;
  Random* random = nullptr;  // For trace ids.
  store::Database* database = nullptr;
  bus::Bus* bus = nullptr;
  prometheus::Registry* metrics = nullptr;
  pipeline::PeerJournal* peer_journal = nullptr;
  const pathway::Catalogue* catalogue = nullptr;
  const rpc::Access* access = nullptr;
};

// Name, sealed prefixes and tables of this service's database.
store::Options StoreOptions();
// One row for every RPC method.
std::vector<rpc::MethodPermission> Permissions();

class Api;

// How the worklists stand. The series exist from the start.
struct WorklistGauges {
  explicit WorklistGauges(prometheus::Registry& registry);

  std::map<int64_t, prometheus::Gauge*> open_tasks;  // By TaskKind.
  prometheus::Gauge* oldest_undelivered_outreach_seconds;
};

// Destroy after the server that serves grpc_services() has shut down and the pipeline has stopped.
class Service {
 public:
  static absl::StatusOr<std::unique_ptr<Service>> Create(const Config& config, const Dependencies& dependencies);
  ~Service();

  pipeline::Pipeline& pipeline() { return *pipeline_; }
  std::vector<grpc::Service*> grpc_services();

  // Sets the worklist gauges from the index tables; to be called every minute or so. Blocks on
  // the database. Thread-safe.
  absl::Status RefreshGauges();
  static std::vector<rpc::Invariant> Invariants();

 private:
  explicit Service(prometheus::Registry& registry);

  WorklistGauges gauges_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::unique_ptr<Api> api_;
};

}  // namespace polku::coordinator_network
