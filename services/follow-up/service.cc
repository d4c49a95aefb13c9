#include "services/follow-up/service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/aggregate_kind.h"
#include "services/follow-up/api/grpc_api.h"
#include "services/follow-up/api/queries.h"
#include "services/follow-up/domain/breaker.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/journey_move.h"
#include "services/follow-up/domain/provider.h"
#include "services/follow-up/domain/provider_feed.h"
#include "services/follow-up/domain/rule_set.h"
#include "services/follow-up/domain/source.h"
#include "services/follow-up/embedded_sql.h"

namespace polku::follow_up {

store::Options StoreOptions() {
  return {"follow-up",
          {"clients/"},
          {{1, "index", k0001Index},
           {2, "near-limits", k0002NearLimits},
           {3, "corrections", k0003Corrections},
           {4, "marks-by-key", k0004MarksByKey},
           {5, "rule-sets", k0005RuleSets},
           {6, "report", k0006Report},
           {7, "pathway-version", k0007PathwayVersion}}};
}

std::vector<rpc::MethodPermission> Permissions() {
  const std::vector<std::string> reporters = {"provider", "coordinator"};
  const std::vector<std::string> deciders = {"coordinator", "lead"};
  const std::vector<std::string> tellers = {"provider", "coordinator", "lead"};
  const std::vector<std::string> readers = {"coordinator", "lead", "assessor"};
  // A provider's system reports what it books, at night too; what is a judgement a person makes.
  const std::vector<std::string> systems = {"provider"};
  return {{"polku.follow_up.v1.FollowUpService/StartMeasure", reporters, systems},
          {"polku.follow_up.v1.FollowUpService/RecordAttendance", reporters, systems},
          {"polku.follow_up.v1.FollowUpService/CompleteMeasure", reporters, systems},
          {"polku.follow_up.v1.FollowUpService/EndMeasureEarly", reporters, systems},
          {"polku.follow_up.v1.FollowUpService/RecordContact", reporters},
          {"polku.follow_up.v1.FollowUpService/RegisterSource", {"lead", "operator"}},
          {"polku.follow_up.v1.FollowUpService/ReportCompleteThrough", {"provider"}, systems},
          {"polku.follow_up.v1.FollowUpService/GetSource", {"provider", "lead", "operator"}, systems},
          {"polku.follow_up.v1.FollowUpService/ResolveInterruption", deciders},
          {"polku.follow_up.v1.FollowUpService/CloseJourney", deciders},
          {"polku.follow_up.v1.FollowUpService/ReopenJourney", deciders},
          {"polku.follow_up.v1.FollowUpService/HoldOutreach", deciders},
          {"polku.follow_up.v1.FollowUpService/ReleaseOutreach", deciders},
          {"polku.follow_up.v1.FollowUpService/VoidRecord", reporters},
          {"polku.follow_up.v1.FollowUpService/AgreePause", tellers},
          {"polku.follow_up.v1.FollowUpService/EndPause", tellers},
          {"polku.follow_up.v1.FollowUpService/OfferTransition", deciders},
          {"polku.follow_up.v1.FollowUpService/AcceptTransition", deciders},
          {"polku.follow_up.v1.FollowUpService/DeclineTransition", deciders},
          {"polku.follow_up.v1.FollowUpService/RecordCircumstance", tellers},
          {"polku.follow_up.v1.FollowUpService/RecordBenefitPeriod", tellers},
          {"polku.follow_up.v1.FollowUpService/BacktestRules", {"lead", "operator"}},
          {"polku.follow_up.v1.FollowUpService/TryRuleSet", {"lead"}},
          {"polku.follow_up.v1.FollowUpService/ActivateRuleSet", {"lead"}},
          {"polku.follow_up.v1.FollowUpService/GetRuleSet", {"lead", "operator"}},
          {"polku.follow_up.v1.FollowUpService/TryJourneyMove", {"lead"}},
          {"polku.follow_up.v1.FollowUpService/MoveJourneys", {"lead"}},
          {"polku.follow_up.v1.FollowUpService/GetJourneyMove", {"lead", "operator"}},
          {"polku.follow_up.v1.FollowUpService/ListJourneyMoveChanges", {"lead", "operator"}},
          {"polku.follow_up.v1.FollowUpService/ImportJourney", {"lead"}},
          {"polku.follow_up.v1.FollowUpService/RequestReviewedOutreach", deciders},
          {"polku.follow_up.v1.FollowUpService/GetOutreachBreaker", {"lead", "operator"}},
          {"polku.follow_up.v1.FollowUpService/ReleaseOutreachBreaker", {"lead", "operator"}},
          {"polku.follow_up.v1.FollowUpService/RecordClosure", {"provider", "lead"}, systems},
          {"polku.follow_up.v1.FollowUpService/ListAtRisk", deciders},
          {"polku.follow_up.v1.FollowUpService/GetJourney", readers},
          {"polku.follow_up.v1.FollowUpService/ListInterruptions", deciders},
          {"polku.follow_up.v1.FollowUpService/ExplainInterruption", readers},
          {"polku.follow_up.v1.FollowUpService/GetSteeringReport", {"lead"}},
          {"polku.follow_up.v1.FollowUpService/ListSafetyNetViolations", {"coordinator", "lead", "operator"}}};
}

namespace {

SourceGauges SourceGaugesIn(prometheus::Registry& registry) {
  auto& sources = prometheus::BuildGauge()
                      .Name("polku_follow_up_sources")
                      .Help("Registered sources of attendance, by whether they report in time.")
                      .Register(registry);
  auto& held = prometheus::BuildGauge()
                   .Name("polku_follow_up_held_findings")
                   .Help("Findings that wait for what a source has not told yet, by whether it reports in time.")
                   .Register(registry);
  const auto state = [&](const char* name) {
    return SourceGauges::State{&sources.Add({{"state", name}}), &held.Add({{"state", name}})};
  };
  return {state("reporting"), state("silent")};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> Service::Create(const Config& config, const Dependencies& dependencies) {
  pipeline::Definition definition;
  definition.service = "follow-up";
  definition.queries = LookupQueries();
  definition.subscriptions = {"referral", "assessment", "coordinator-network"};
  for (const std::string& id : config.providers) {
    definition.feeds.push_back({pipeline::ProviderTopicOf(id), absl::StrCat("organisations/", id)});
  }
  definition.read_foreign = &ReadProviderActivity;
  definition.kinds.push_back(
      std::make_unique<pipeline::KindOf<JourneyDomain>>("clients/", JourneyDomain(*dependencies.catalogue)));
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<SourceDomain>>("sources/", SourceDomain()));
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<ProviderDomain>>("organisations/", ProviderDomain()));
  definition.kinds.push_back(
      std::make_unique<pipeline::KindOf<BreakerDomain>>("breakers/", BreakerDomain(*dependencies.catalogue)));
  definition.kinds.push_back(
      std::make_unique<pipeline::KindOf<RuleSetDomain>>("rulesets/", RuleSetDomain(*dependencies.catalogue)));
  definition.kinds.push_back(
      std::make_unique<pipeline::KindOf<JourneyMoveDomain>>("pathways/", JourneyMoveDomain(*dependencies.catalogue)));
  const pipeline::Dependencies parts{dependencies.clock, dependencies.database, dependencies.bus, dependencies.metrics,
                                     dependencies.peer_journal};
  std::unique_ptr<Service> service(new Service());
  ASSIGN_OR_RETURN(service->pipeline_, pipeline::Pipeline::Create(std::move(definition), parts, config.pipeline));
  service->api_ = std::make_unique<Api>(*service->pipeline_, *dependencies.access, *dependencies.metrics, config.gate,
                                        *dependencies.catalogue, dependencies.random);
  service->safety_net_violations_ =
      &prometheus::BuildGauge()
           .Name("polku_follow_up_safety_net_violations")
           .Help("Open journeys without an owner, or without a dated next step and an open interruption.")
           .Register(*dependencies.metrics)
           .Add({});
  auto& waiting = prometheus::BuildGauge()
                      .Name("polku_follow_up_waiting_outreach")
                      .Help("Open interruptions whose outreach is not asked for yet, by what it waits for.")
                      .Register(*dependencies.metrics);
  service->waiting_outreach_ = {{v1::OUTREACH_WAIT_HELD, &waiting.Add({{"for", "hold"}})},
                                {v1::OUTREACH_WAIT_CLIENT_BUDGET, &waiting.Add({{"for", "client_budget"}})},
                                {v1::OUTREACH_WAIT_BREAKER, &waiting.Add({{"for", "breaker"}})},
                                {v1::OUTREACH_WAIT_REVIEW, &waiting.Add({{"for", "review"}})}};
  service->breaker_tripped_ = &prometheus::BuildGauge()
                                   .Name("polku_follow_up_outreach_breaker_tripped")
                                   .Help("1 while outreach waits for a named person to release it.")
                                   .Register(*dependencies.metrics)
                                   .Add({});
  service->sources_ = SourceGaugesIn(*dependencies.metrics);
  return service;
}

Service::Service() = default;
Service::~Service() = default;

std::vector<grpc::Service*> Service::grpc_services() { return {api_.get()}; }

absl::Status Service::RefreshGauges() {
  ASSIGN_OR_RETURN(const auto reader, pipeline_->database().Read());
  ASSIGN_OR_RETURN(const int64_t violations, CountSafetyNetViolations(*reader, pipeline_->clock().Now()));
  safety_net_violations_->Set(static_cast<double>(violations));
  for (const auto& [wait, gauge] : waiting_outreach_) {
    ASSIGN_OR_RETURN(const int64_t waiting, CountWaitingOutreach(*reader, wait));
    gauge->Set(static_cast<double>(waiting));
  }
  ASSIGN_OR_RETURN(const v1::OutreachBreaker breaker, ReadBreaker(*reader));
  breaker_tripped_->Set(breaker.has_trip_time() ? 1 : 0);
  ASSIGN_OR_RETURN(const SourceCounts sources, CountSources(*reader));
  sources_.reporting.sources->Set(static_cast<double>(sources.reporting.sources));
  sources_.reporting.held_findings->Set(static_cast<double>(sources.reporting.held_findings));
  sources_.silent.sources->Set(static_cast<double>(sources.silent.sources));
  sources_.silent.held_findings->Set(static_cast<double>(sources.silent.held_findings));
  return absl::OkStatus();
}

}  // namespace polku::follow_up
