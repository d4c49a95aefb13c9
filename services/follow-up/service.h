// The follow-up service, assembled.
#pragma once

#include <memory>
#include <string>
#include <utility>
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
#include "libs/store/database.h"
#include "polku/follow_up/v1/api.pb.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace polku::follow_up {

struct Config {
  pipeline::Limits pipeline;
  rpc::GateLimits gate;
  // Providers that write topics of their own: ID of "organisations/ID" and of polku.provider.ID.activity.v1. The topics
  // exist before Create.
  std::vector<std::string> providers;
};

// Not owned; they outlive the service.
struct Dependencies {
  const Clock* clock = nullptr;
  Random* random = nullptr;
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

// Of sources that report in time, and of those that are silent. Owned by the registry.
struct SourceGauges {
  struct State {
    prometheus::Gauge* sources = nullptr;
    prometheus::Gauge* held_findings = nullptr;
  };
  State reporting;
  State silent;
};

// Destroy after the server that serves grpc_services() has shut down and the pipeline has stopped.
class Service {
 public:
  static absl::StatusOr<std::unique_ptr<Service>> Create(const Config& config, const Dependencies& dependencies);
  ~Service();

  pipeline::Pipeline& pipeline() { return *pipeline_; }
  std::vector<grpc::Service*> grpc_services();

  // Counts the safety net's violations into the gauge. Blocks on the database; one caller, every
  // 15 seconds or so. On an error the gauge keeps its value.
  absl::Status RefreshGauges();

 private:
  Service();

  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::unique_ptr<Api> api_;
  prometheus::Gauge* safety_net_violations_ = nullptr;                             // Owned by the registry.
  std::vector<std::pair<v1::OutreachWait, prometheus::Gauge*>> waiting_outreach_;  // Likewise, as the next one.
  prometheus::Gauge* breaker_tripped_ = nullptr;
  SourceGauges sources_;
};

}  // namespace polku::follow_up
