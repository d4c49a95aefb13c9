// The referral service, assembled.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "libs/base/clock.h"
#include "libs/base/hetu.h"
#include "libs/base/random.h"
#include "libs/bus/bus.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "libs/store/database.h"
#include "prometheus/registry.h"

namespace polku::referral {

struct Config {
  pipeline::Limits pipeline;
  rpc::GateLimits gate;
  HetuPolicy identity;  // identity.allow_test_codes
};

// Not owned; they outlive the service.
struct Dependencies {
  const Clock* clock = nullptr;
  Random* random = nullptr;  // For client ids.
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

// Destroy after the server that serves grpc_services() has shut down and the pipeline has stopped.
class Service {
 public:
  static absl::StatusOr<std::unique_ptr<Service>> Create(const Config& config, const Dependencies& dependencies);
  ~Service();

  pipeline::Pipeline& pipeline() { return *pipeline_; }
  std::vector<grpc::Service*> grpc_services();
  // Ends the streams of changes; before the server shuts down, which would wait for them.
  void EndWatches();

 private:
  Service();

  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::unique_ptr<Api> api_;
};

}  // namespace polku::referral
