#include "services/assessment/domain/plans.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/measure.h"

namespace polku::assessment {
namespace {

constexpr int kMeasuresMax = 20;
constexpr int kPlansMax = 100;

absl::Status JourneyIsClosed() {
  return WithReason(absl::FailedPreconditionError("plan: the journey has been closed"), "JOURNEY_CLOSED");
}

absl::StatusOr<v1::Plan> NewPlan(const v1::ClientAssessment& state, const v1::Assessment& assessment,
                                 const v1::ProposePlanRequest& request, const pathway::Catalogue& catalogue,
                                 const pipeline::Context& context) {
  if (request.measures().empty()) return InvalidField("measures", "needs at least one");
  if (request.measures_size() > kMeasuresMax) {
    return InvalidField("measures", absl::StrCat("has more than ", kMeasuresMax));
  }
  const auto* pathway =
      assessment.pathway_version() > 0 ? catalogue.Find(assessment.pathway(), assessment.pathway_version()) : nullptr;
  v1::Plan plan;
  plan.set_name(absl::StrCat(context.key, "/plans/", state.plans_size() + 1));
  plan.set_assessment(assessment.name());
  plan.set_state(v1::PLAN_STATE_PROPOSED);
  *plan.mutable_propose_time() = pipeline::ToProto(context.now);
  absl::Status status;
  for (int i = 0; i < request.measures_size(); ++i) {
    v1::PlannedMeasure& measure = *plan.add_measures();
    measure = WithDefaults(request.measures(i), pathway);
    measure.set_measure(absl::StrCat(context.key, "/measures/", state.measures_numbered() + i + 1));
    CheckMeasure(measure, pathway, LocalDay(context.now), absl::StrCat("measures[", i, "]"), status);
  }
  RETURN_IF_ERROR(status);
  return plan;
}

}  // namespace

absl::StatusOr<Decision> ProposePlan(const v1::ClientAssessment& state, const v1::ProposePlanRequest& request,
                                     const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  const v1::Assessment* assessment = FindAssessment(state, request.assessment());
  if (assessment == nullptr) return absl::NotFoundError("propose plan: no such assessment");
  if (IsJourneyClosed(state, *assessment)) return JourneyIsClosed();
  if (assessment->state() != v1::ASSESSMENT_STATE_COMPLETE) {
    return WithReason(absl::FailedPreconditionError("propose plan: the assessment is not complete"),
                      "ASSESSMENT_NOT_COMPLETE");
  }
  if (state.plans_size() >= kPlansMax) {
    return WithReason(absl::FailedPreconditionError("propose plan: the client has too many plans"), "TOO_MANY_PLANS");
  }
  ASSIGN_OR_RETURN(v1::Plan plan, NewPlan(state, *assessment, request, catalogue, context));
  Draft draft(state, context);
  v1::ClientAssessmentEvent event;
  *event.mutable_plan_proposed()->mutable_plan() = plan;
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(std::move(plan));
}

absl::StatusOr<Decision> ApprovePlan(const v1::ClientAssessment& state, const v1::ApprovePlanRequest& request,
                                     const pipeline::Context& context) {
  const v1::Plan* plan = FindPlan(state, request.name());
  if (plan == nullptr) return absl::NotFoundError("approve plan: no such plan");
  if (context.principal.user.empty()) {
    return WithReason(absl::PermissionDeniedError("approve plan: a plan is approved by a person"), "USER_REQUIRED");
  }
  if (plan->state() != v1::PLAN_STATE_PROPOSED) {
    return WithReason(absl::FailedPreconditionError("approve plan: it is approved already"), "PLAN_APPROVED");
  }
  const v1::Assessment* assessment = FindAssessment(state, plan->assessment());
  if (assessment != nullptr && IsJourneyClosed(state, *assessment)) return JourneyIsClosed();
  Draft draft(state, context);
  v1::ClientAssessmentEvent recorded;
  recorded.mutable_plan_approval_recorded()->set_plan(plan->name());
  recorded.mutable_plan_approval_recorded()->set_user(context.principal.user);
  draft.Emit(std::move(recorded));
  v1::ClientAssessmentEvent approved;
  approved.mutable_plan_approved()->set_plan(plan->name());
  *approved.mutable_plan_approved()->mutable_measures() = plan->measures();
  *approved.mutable_plan_approved()->mutable_approve_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(approved));
  v1::Plan reply = *FindPlan(draft.state(), request.name());
  return std::move(draft).ReplyWith(std::move(reply));
}

}  // namespace polku::assessment
