#include "services/assessment/service.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/pipeline/aggregate_kind.h"
#include "services/assessment/api/grpc_api.h"
#include "services/assessment/domain/client_assessment_domain.h"
#include "services/assessment/domain/index.h"
#include "services/assessment/embedded_sql.h"

namespace polku::assessment {

store::Options StoreOptions() {
  return {"assessment",
          {"clients/"},
          {{1, "index", k0001Index}, {2, "group_places", k0002GroupPlaces}, {3, "reason", k0003Reason}}};
}

std::vector<rpc::MethodPermission> Permissions() {
  return {
      {"polku.assessment.v1.AssessmentService/ScheduleSession", {"assessor"}},
      {"polku.assessment.v1.AssessmentService/RecordSession", {"assessor"}},
      {"polku.assessment.v1.AssessmentService/RecordInstrument", {"assessor"}},
      {"polku.assessment.v1.AssessmentService/ScoreInstrument", {"assessor", "coordinator", "lead"}},
      {"polku.assessment.v1.AssessmentService/ListInstruments", {"assessor", "coordinator", "lead"}},
      {"polku.assessment.v1.AssessmentService/ListInstrumentRecords", {"assessor", "coordinator", "lead"}},
      {"polku.assessment.v1.AssessmentService/CompleteAssessment", {"assessor"}},
      {"polku.assessment.v1.AssessmentService/CancelAssessment", {"assessor"}},
      {"polku.assessment.v1.AssessmentService/StartReassessment", {"assessor", "coordinator"}},
      {"polku.assessment.v1.AssessmentService/RequestConsultation", {"assessor", "coordinator"}},
      {"polku.assessment.v1.AssessmentService/AnswerConsultation", {"assessor", "coordinator", "provider", "intake"}},
      {"polku.assessment.v1.AssessmentService/GetConsultation",
       {"assessor", "coordinator", "lead", "provider", "intake"}},
      {"polku.assessment.v1.AssessmentService/ProposePlan", {"assessor", "coordinator"}},
      {"polku.assessment.v1.AssessmentService/RevisePlan", {"assessor", "coordinator"}},
      {"polku.assessment.v1.AssessmentService/ApprovePlan", {"assessor", "coordinator"}},
      {"polku.assessment.v1.AssessmentService/GetAssessment", {"assessor", "coordinator", "lead"}},
      {"polku.assessment.v1.AssessmentService/GetPlan", {"assessor", "coordinator", "lead"}},
      {"polku.assessment.v1.AssessmentService/ListAssessments", {"assessor", "coordinator", "lead"}}};
}

absl::StatusOr<std::unique_ptr<Service>> Service::Create(const Config& config, const Dependencies& dependencies) {
  pipeline::Definition definition;
  definition.service = "assessment";
  definition.subscriptions = {"referral", "coordinator-network", "follow-up"};
  definition.queries = LookupQueries();
  definition.kinds.push_back(std::make_unique<pipeline::KindOf<ClientAssessmentDomain>>(
      "clients/", ClientAssessmentDomain(*dependencies.catalogue)));
  const pipeline::Dependencies parts{dependencies.clock, dependencies.database, dependencies.bus, dependencies.metrics,
                                     dependencies.peer_journal};
  std::unique_ptr<Service> service(new Service());
  ASSIGN_OR_RETURN(service->pipeline_, pipeline::Pipeline::Create(std::move(definition), parts, config.pipeline));
  service->api_ = std::make_unique<Api>(*service->pipeline_, *dependencies.access, *dependencies.metrics, config.gate,
                                        *dependencies.random, *dependencies.catalogue);
  return service;
}

Service::Service() = default;
Service::~Service() = default;

std::vector<grpc::Service*> Service::grpc_services() { return {api_.get()}; }

}  // namespace polku::assessment
