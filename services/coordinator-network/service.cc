#include "services/coordinator-network/service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/aggregate_kind.h"
#include "services/coordinator-network/api/grpc_api.h"
#include "services/coordinator-network/api/queries.h"
#include "services/coordinator-network/domain/breaker_watch.h"
#include "services/coordinator-network/domain/client_domain.h"
#include "services/coordinator-network/domain/coordinator_domain.h"
#include "services/coordinator-network/domain/provider_services.h"
#include "services/coordinator-network/lookups.h"

namespace polku::coordinator_network {
namespace {

const std::map<int64_t, std::string>& KindLabels() {
  static const std::map<int64_t, std::string> labels = {{v1::TASK_KIND_OUTREACH, "outreach"},
                                                        {v1::TASK_KIND_CONTACT, "contact"},
                                                        {v1::TASK_KIND_OVERDUE_ASSESSMENT, "overdue_assessment"},
                                                        {v1::TASK_KIND_FIND_COORDINATOR, "find_coordinator"},
                                                        {v1::TASK_KIND_TAKE_CLIENT, "take_client"},
                                                        {v1::TASK_KIND_ANSWER_REFERRAL, "answer_referral"},
                                                        {v1::TASK_KIND_ANSWER_TRANSITION, "answer_transition"},
                                                        {v1::TASK_KIND_HAND_OVER, "hand_over"},
                                                        {v1::TASK_KIND_MEETING, "meeting"},
                                                        {v1::TASK_KIND_MEETING_DECISION, "meeting_decision"},
                                                        {v1::TASK_KIND_CHANGE_PLAN, "change_plan"},
                                                        {v1::TASK_KIND_RELEASE_OUTREACH, "release_outreach"}};
  return labels;
}

void AddCodes(const pathway::v1::PathwayDefinition& definition, PathwayCodes& codes) {
  const pathway::v1::Entry& entry = definition.entry();
  for (const pathway::v1::Municipality& municipality : entry.municipalities()) {
    codes.municipalities.insert(municipality.code());
  }
  codes.needs.insert(entry.needs().begin(), entry.needs().end());
  for (const pathway::v1::MeasureType& type : definition.measure_types()) codes.measure_types.insert(type.code());
}

// AttendanceMissed names no rule set, so the newest one counts for every client; for coordinators too.
Policy WithRules(Policy policy, const pathway::Catalogue* catalogue) {
  if (catalogue == nullptr || catalogue->rule_sets().empty()) return policy;
  const pathway::v1::RuleSet& rules = *catalogue->rule_sets().back();
  policy.meeting_purposes.assign(rules.meeting_purposes().begin(), rules.meeting_purposes().end());
  policy.message_purposes.assign(rules.message_purposes().begin(), rules.message_purposes().end());
  policy.quiet_from_hour = rules.quiet_from_hour();
  policy.quiet_to_hour = rules.quiet_to_hour();
  policy.time_use_activities.assign(rules.time_use_activities().begin(), rules.time_use_activities().end());
  for (const pathway::v1::PathwayDefinition* definition : catalogue->definitions()) {
    AddCodes(*definition, policy.codes);
    if (definition->coordinator_competence().empty()) continue;
    policy.competence_of_pathway[{definition->id(), definition->version()}] = definition->coordinator_competence();
  }
  const int days = rules.contact_after_miss_office_days();
  if (days > 0) policy.contact_after_miss_office_days = days;
  return policy;
}

std::string MethodOf(absl::string_view name) {
  return absl::StrCat("polku.coordinator_network.v1.CoordinatorNetworkService/", name);
}

}  // namespace

store::Options StoreOptions() { return {"coordinator-network", {"clients/"}, Migrations()}; }

std::vector<rpc::MethodPermission> Permissions() {
  const std::vector<std::string> searchers = {"referrer", "intake", "assessor", "coordinator", "lead", "provider"};
  const std::vector<std::string> systems = {"referrer", "provider"};
  return {{MethodOf("RegisterCoordinator"), {"lead"}},
          {MethodOf("GetCoordinator"), {"coordinator", "lead", "intake"}},
          {MethodOf("ListCoordinators"), {"coordinator", "lead", "intake"}},
          {MethodOf("AssignCoordinator"), {"coordinator", "lead"}},
          {MethodOf("AcceptAssignment"), {"coordinator"}},
          {MethodOf("GetAssignment"), {"coordinator", "lead", "intake", "assessor"}},
          {MethodOf("DeclineAssignment"), {"coordinator"}},
          {MethodOf("UpdateCoordinator"), {"lead"}},
          {MethodOf("SetAbsences"), {"coordinator", "lead"}},
          {MethodOf("HandOver"), {"coordinator", "lead"}},
          {MethodOf("ListAssignments"), {"coordinator", "lead"}},
          {MethodOf("ProposeCoordinators"), {"coordinator", "lead"}},
          {MethodOf("ListWorklist"), {"coordinator", "lead"}},
          {MethodOf("RecordOutreachAttempt"), {"coordinator", "lead"}},
          {MethodOf("CompleteTask"), {"coordinator", "lead"}},
          {MethodOf("ScheduleMeeting"), {"coordinator", "lead"}},
          {MethodOf("RecordMeeting"), {"coordinator", "lead"}},
          {MethodOf("GetMeeting"), {"coordinator", "lead"}},
          {MethodOf("ListMeetings"), {"coordinator", "lead"}},
          {MethodOf("RecordTimeUse"), {"coordinator"}},
          {MethodOf("TimeUseStatistics"), {"coordinator", "lead"}},
          {MethodOf("ImportServices"), {"lead"}},
          {MethodOf("SetServiceCapacity"), {"provider", "lead"}, {"provider"}},
          {MethodOf("GetService"), searchers, systems},
          {MethodOf("SearchServices"), searchers, systems}};
}

WorklistGauges::WorklistGauges(prometheus::Registry& registry) {
  auto& tasks = prometheus::BuildGauge()
                    .Name("polku_coordinator_network_open_tasks")
                    .Help("Tasks on any worklist, by kind")
                    .Register(registry);
  for (const auto& [kind, label] : KindLabels()) open_tasks[kind] = &tasks.Add({{"kind", label}});
  oldest_undelivered_outreach_seconds =
      &prometheus::BuildGauge()
           .Name("polku_coordinator_network_oldest_undelivered_outreach_seconds")
           .Help("How long the oldest outreach without any attempt is past its due time; 0 when there is none")
           .Register(registry)
           .Add({});
}

absl::StatusOr<std::unique_ptr<Service>> Service::Create(const Config& config, const Dependencies& dependencies) {
  pipeline::Definition definition;
  definition.service = "coordinator-network";
  definition.subscriptions = {"referral", "assessment", "follow-up"};
  definition.queries = LookupQueries();
  const Policy policy = WithRules(config.policy, dependencies.catalogue);
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<ClientDomain>>("clients/", ClientDomain(policy)));
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<CoordinatorDomain>>(
      "coordinators/", CoordinatorDomain(policy.time_use_activities)));
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<BreakerWatchDomain>>(
      "breakers/", BreakerWatchDomain(policy.release_breaker_office_days)));
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<ProviderServicesDomain>>(
      "organisations/", ProviderServicesDomain(policy.catalogue, policy.codes)));
  const pipeline::Dependencies parts{dependencies.clock, dependencies.database, dependencies.bus, dependencies.metrics,
                                     dependencies.peer_journal};
  std::unique_ptr<Service> service(new Service(*dependencies.metrics));
  ASSIGN_OR_RETURN(service->pipeline_, pipeline::Pipeline::Create(std::move(definition), parts, config.pipeline));
  service->api_ = std::make_unique<Api>(*service->pipeline_, *dependencies.access, *dependencies.metrics, config.gate,
                                        dependencies.random, policy);
  return service;
}

Service::Service(prometheus::Registry& registry) : gauges_(registry) {}
Service::~Service() = default;

std::vector<grpc::Service*> Service::grpc_services() { return {api_.get()}; }

absl::Status Service::RefreshGauges() {
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, pipeline_->database().Read());
  ASSIGN_OR_RETURN(const WorklistTotals totals, CountWorklist(*reader));
  for (const auto& [kind, gauge] : gauges_.open_tasks) {
    const auto found = totals.open_tasks.find(kind);
    gauge->Set(found == totals.open_tasks.end() ? 0 : static_cast<double>(found->second));
  }
  const absl::Duration late = pipeline_->clock().Now() - totals.first_undelivered_due;
  gauges_.oldest_undelivered_outreach_seconds->Set(std::max(0.0, absl::ToDoubleSeconds(late)));
  return absl::OkStatus();
}

std::vector<rpc::Invariant> Service::Invariants() {
  return {{"I3",
           absl::StrCat("SELECT subject FROM task WHERE kind = ", v1::TASK_KIND_OUTREACH,
                        " GROUP BY subject HAVING COUNT(*) > 1 ORDER BY subject"),
           "has several open outreach tasks"}};
}

}  // namespace polku::coordinator_network
