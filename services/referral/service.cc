#include "services/referral/service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/aggregate_kind.h"
#include "services/referral/api/grpc_api.h"
#include "services/referral/domain/client_domain.h"
#include "services/referral/domain/index.h"
#include "services/referral/domain/unit_domain.h"
#include "services/referral/embedded_sql.h"

namespace polku::referral {
namespace {

std::string MethodOf(absl::string_view name) { return absl::StrCat("polku.referral.v1.ReferralService/", name); }

}  // namespace

store::Options StoreOptions() {
  return {"referral",
          {"clients/"},
          {{1, "index", k0001Index},
           {2, "whole_chain", k0002WholeChain},
           {3, "former_names", k0003FormerNames},
           {4, "pathway_places", k0004PathwayPlaces}}};
}

std::vector<rpc::MethodPermission> Permissions() {
  // A referrer's system sends what a person has signed in it, and fetches what has become of it.
  const std::vector<std::string> systems = {"referrer"};
  return {{MethodOf("SubmitReferral"), {"referrer", "intake"}, systems},
          {MethodOf("AcceptReferral"), {"intake"}},
          {MethodOf("DeclineReferral"), {"intake"}},
          {MethodOf("RequestInformation"), {"intake"}},
          {MethodOf("ProvideInformation"), {"referrer", "intake"}, systems},
          {MethodOf("RedirectReferral"), {"intake"}},
          {MethodOf("WithdrawReferral"), {"referrer", "intake"}, systems},
          {MethodOf("ReopenReferral"), {"referrer", "intake"}},
          {MethodOf("VoidRecord"), {"referrer", "intake"}},
          {MethodOf("FindClient"), {"intake"}},
          {MethodOf("UpdateContact"), {"intake", "coordinator"}},
          {MethodOf("CorrectIdentity"), {"intake"}},
          {MethodOf("MergeClients"), {"intake"}},
          {MethodOf("SplitClient"), {"intake"}},
          {MethodOf("GrantPermission"), {"intake", "coordinator"}},
          {MethodOf("WithdrawPermission"), {"intake", "coordinator"}},
          {MethodOf("RestrictProcessing"), {"intake"}},
          {MethodOf("TransferOut"), {"intake"}},
          {MethodOf("EraseClient"), {"intake"}},
          {MethodOf("SetUnitCapacity"), {"intake"}},
          {MethodOf("GetUnitCapacity"), {"referrer", "intake", "coordinator", "assessor", "lead"}, systems},
          {MethodOf("GetReferral"), {"referrer", "intake", "coordinator", "assessor"}, systems},
          {MethodOf("WatchReferrals"), {"referrer", "intake"}, systems},
          {MethodOf("ListReferrals"), {"referrer", "intake", "coordinator", "assessor"}, systems}};
}

absl::StatusOr<std::unique_ptr<Service>> Service::Create(const Config& config, const Dependencies& dependencies) {
  pipeline::Definition definition;
  definition.service = "referral";
  definition.subscriptions = {"assessment", "follow-up"};
  definition.queries = LookupQueries();
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<ClientDomain>>(
      "clients/", ClientDomain(*dependencies.catalogue, config.identity, dependencies.database->hash_key())));
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<UnitDomain>>("organisations/", UnitDomain()));
  const pipeline::Dependencies parts{dependencies.clock, dependencies.database, dependencies.bus, dependencies.metrics,
                                     dependencies.peer_journal};
  std::unique_ptr<Service> service(new Service());
  ASSIGN_OR_RETURN(service->pipeline_, pipeline::Pipeline::Create(std::move(definition), parts, config.pipeline));
  service->api_ = std::make_unique<Api>(*service->pipeline_, *dependencies.access, *dependencies.metrics, config.gate,
                                        config.identity, *dependencies.random, *dependencies.catalogue);
  return service;
}

Service::Service() = default;
Service::~Service() = default;

void Service::EndWatches() { api_->EndWatches(); }

std::vector<grpc::Service*> Service::grpc_services() { return {api_.get()}; }

}  // namespace polku::referral
