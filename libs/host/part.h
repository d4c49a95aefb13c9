// A service as a program runs it: alone, or beside others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/grpcpp.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_macros.h"
#include "libs/bus/bus.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "libs/rpc/verify_api.h"
#include "libs/store/database.h"
#include "prometheus/registry.h"

namespace polku::host {

// What every service is told; each takes what concerns it.
struct PartConfig {
  pipeline::Limits pipeline;
  rpc::GateLimits gate;
  bool allow_test_codes = false;       // Identity codes that belong to nobody.
  std::vector<std::string> providers;  // Those with a topic of their own, see follow_up::Config.
};

// Not owned; they outlive the part.
struct PartDependencies {
  const Clock* clock = nullptr;
  Random* random = nullptr;
  store::Database* database = nullptr;
  bus::Bus* bus = nullptr;
  prometheus::Registry* metrics = nullptr;
  pipeline::PeerJournal* peer_journal = nullptr;
  const pathway::Catalogue* catalogue = nullptr;
  const rpc::Access* access = nullptr;
};

class Part {
 public:
  virtual ~Part() = default;
  virtual const store::Options& store_options() const = 0;
  // One row for every RPC method.
  virtual const std::vector<rpc::MethodPermission>& permissions() const = 0;
  // Once, before anything below.
  virtual absl::Status Create(const PartConfig& config, const PartDependencies& dependencies) = 0;
  virtual pipeline::Pipeline& pipeline() = 0;
  virtual std::vector<grpc::Service*> grpc_services() = 0;
  // Ends the streams of changes; before the server shuts down, which would wait for them.
  virtual void EndWatches() = 0;
  // Blocks on the database; one caller, every 15 seconds or so.
  virtual absl::Status RefreshGauges() = 0;
  // What its database must never hold.
  virtual std::vector<rpc::Invariant> invariants() const = 0;
};

// A service whose Create takes these two.
template <class Service, class Config, class Dependencies>
class PartOf final : public Part {
 public:
  PartOf(store::Options store_options, std::vector<rpc::MethodPermission> permissions,
         std::function<Config(const PartConfig&)> config_of)
      : store_options_(std::move(store_options)),
        permissions_(std::move(permissions)),
        config_of_(std::move(config_of)) {}

  const store::Options& store_options() const override { return store_options_; }
  const std::vector<rpc::MethodPermission>& permissions() const override { return permissions_; }
  absl::Status Create(const PartConfig& config, const PartDependencies& d) override {
    ASSIGN_OR_RETURN(service_,
                     Service::Create(config_of_(config), Dependencies{d.clock, d.random, d.database, d.bus, d.metrics,
                                                                      d.peer_journal, d.catalogue, d.access}));
    return absl::OkStatus();
  }
  pipeline::Pipeline& pipeline() override { return service_->pipeline(); }
  std::vector<grpc::Service*> grpc_services() override { return service_->grpc_services(); }
  void EndWatches() override {
    if constexpr (requires { service_->EndWatches(); }) service_->EndWatches();
  }
  absl::Status RefreshGauges() override {
    if constexpr (requires { service_->RefreshGauges(); }) return service_->RefreshGauges();
    return absl::OkStatus();
  }
  std::vector<rpc::Invariant> invariants() const override {
    if constexpr (requires { Service::Invariants(); }) return Service::Invariants();
    return {};
  }

 private:
  const store::Options store_options_;
  const std::vector<rpc::MethodPermission> permissions_;
  const std::function<Config(const PartConfig&)> config_of_;
  std::unique_ptr<Service> service_;
};

}  // namespace polku::host
