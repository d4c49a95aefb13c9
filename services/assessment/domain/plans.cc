#include "services/assessment/domain/plans.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/measure.h"
#include "services/assessment/domain/plan_steps.h"

namespace polku::assessment {
namespace {

constexpr int kMeasuresMax = 20;
constexpr int kPlansMax = 100;

absl::Status JourneyIsClosed() {
  return WithReason(absl::FailedPreconditionError("plan: the journey has been closed"), "JOURNEY_CLOSED");
}

const pathway::v1::PathwayDefinition* PathwayOf(const v1::Assessment& assessment, const pathway::Catalogue& catalogue) {
  return assessment.pathway_version() > 0 ? catalogue.Find(assessment.pathway(), assessment.pathway_version())
                                          : nullptr;
}

using Measures = google::protobuf::RepeatedPtrField<v1::PlannedMeasure>;

// A plan with new, numbered measures. Wrong fields are added to `status` under `field`.
v1::Plan NewPlan(const v1::ClientAssessment& state, const v1::Assessment& assessment, const Measures& measures,
                 absl::string_view field, const pathway::v1::PathwayDefinition* pathway,
                 const pipeline::Context& context, absl::Status& status) {
  v1::Plan plan;
  plan.set_name(absl::StrCat(context.key, "/plans/", NextNumber(state.plans())));
  plan.set_assessment(assessment.name());
  plan.set_state(v1::PLAN_STATE_PROPOSED);
  *plan.mutable_propose_time() = pipeline::ToProto(context.now);
  for (int i = 0; i < measures.size(); ++i) {
    v1::PlannedMeasure& measure = *plan.add_measures();
    measure = WithDefaults(measures[i], pathway);
    measure.set_measure(absl::StrCat(context.key, "/measures/", state.measures_numbered() + i + 1));
    CheckMeasure(measure, pathway, LocalDay(context.now), absl::StrCat(field, "[", i, "]"), status);
  }
  if (pathway != nullptr) {
    PlaceOnPathway(state, assessment, *pathway, LocalDay(context.now), field, context.lookups, plan, status);
  }
  return plan;
}

Decision Propose(v1::Plan plan, Draft draft) {
  v1::ClientAssessmentEvent event;
  *event.mutable_plan_proposed()->mutable_plan() = plan;
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(std::move(plan));
}

const v1::PlannedMeasure* FindMeasure(const v1::Plan& plan, absl::string_view name) {
  for (const v1::PlannedMeasure& measure : plan.measures()) {
    if (measure.measure() == name) return &measure;
  }
  return nullptr;
}

// What the plan has once the revision is in force.
Measures MeasuresAfter(const v1::Plan& plan, const v1::Plan& revision) {
  Measures after = revision.measures();
  after.MergeFrom(revision.changed());
  const auto& removed = revision.removed();
  for (const v1::PlannedMeasure& measure : plan.measures()) {
    const bool changed = std::any_of(revision.changed().begin(), revision.changed().end(),
                                     [&](const auto& each) { return each.measure() == measure.measure(); });
    if (!changed && std::find(removed.begin(), removed.end(), measure.measure()) == removed.end()) {
      *after.Add() = measure;
    }
  }
  return after;
}

absl::Status TooManyPlans() {
  return WithReason(absl::FailedPreconditionError("plan: the client has too many plans"), "TOO_MANY_PLANS");
}

// What a revision does to the measures of the plan that it changes.
void CheckRevision(const v1::ClientAssessment& state, const v1::Plan& plan, const v1::RevisePlanRequest& request,
                   const pathway::v1::PathwayDefinition* pathway, absl::CivilDay today, absl::Status& status) {
  std::set<std::string> named;
  for (int i = 0; i < request.changed_size(); ++i) {
    const v1::PlannedMeasure& changed = request.changed(i);
    const std::string path = absl::StrCat("changed[", i, "]");
    const v1::PlannedMeasure* before = FindMeasure(plan, changed.measure());
    if (before == nullptr || !named.insert(changed.measure()).second) {
      AddViolation(status, path + ".measure", "must be a measure of the plan, named once");
      continue;
    }
    if (changed.type() != before->type()) AddViolation(status, path + ".type", "cannot be changed");
    if (changed.provider() != before->provider()) AddViolation(status, path + ".provider", "cannot be changed");
    CheckMeasure(changed, pathway, today, path, status);
  }
  for (int i = 0; i < request.removed_size(); ++i) {
    const std::string path = absl::StrCat("removed[", i, "]");
    if (FindMeasure(plan, request.removed(i)) == nullptr || !named.insert(request.removed(i)).second) {
      AddViolation(status, path, "must be a measure of the plan, named once");
    } else if (IsStarted(state, request.removed(i))) {
      AddViolation(status, path, "has started: it is ended, not removed");
    }
  }
}

bool StillHolds(const v1::ClientAssessment& state, const v1::Plan& plan, const v1::Plan& revision) {
  for (const v1::PlannedMeasure& changed : revision.changed()) {
    if (FindMeasure(plan, changed.measure()) == nullptr) return false;
  }
  for (const std::string& removed : revision.removed()) {
    if (FindMeasure(plan, removed) == nullptr || IsStarted(state, removed)) return false;
  }
  return plan.measures_size() - revision.removed_size() + revision.measures_size() <= kMeasuresMax;
}

v1::ClientAssessmentEvent Approval(const v1::Plan& plan, absl::Time now) {
  v1::ClientAssessmentEvent event;
  if (plan.revises().empty()) {
    event.mutable_plan_approved()->set_plan(plan.name());
    *event.mutable_plan_approved()->mutable_measures() = plan.measures();
    *event.mutable_plan_approved()->mutable_approve_time() = pipeline::ToProto(now);
  } else {
    v1::PlanRevised& revised = *event.mutable_plan_revised();
    revised.set_plan(plan.name());
    revised.set_revises(plan.revises());
    *revised.mutable_added() = plan.measures();
    *revised.mutable_changed() = plan.changed();
    *revised.mutable_removed() = plan.removed();
    *revised.mutable_approve_time() = pipeline::ToProto(now);
  }
  return event;
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
  if (state.plans_size() >= kPlansMax) return TooManyPlans();
  if (request.measures().empty()) return InvalidField("measures", "needs at least one");
  if (request.measures_size() > kMeasuresMax) {
    return InvalidField("measures", absl::StrCat("has more than ", kMeasuresMax));
  }
  absl::Status status;
  const auto* pathway = PathwayOf(*assessment, catalogue);
  v1::Plan plan = NewPlan(state, *assessment, request.measures(), "measures", pathway, context, status);
  plan.set_personal_budget_euros(request.personal_budget_euros());
  CheckBudget(plan.personal_budget_euros(), plan.measures(), pathway, status);
  RETURN_IF_ERROR(status);
  return Propose(std::move(plan), Draft(state, context));
}

absl::StatusOr<Decision> RevisePlan(const v1::ClientAssessment& state, const v1::RevisePlanRequest& request,
                                    const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  const v1::Plan* plan = FindPlan(state, request.plan());
  const v1::Assessment* assessment = plan == nullptr ? nullptr : FindAssessment(state, plan->assessment());
  if (assessment == nullptr) return absl::NotFoundError("revise plan: no such plan");
  if (IsJourneyClosed(state, *assessment)) return JourneyIsClosed();
  if (!plan->revises().empty()) {
    return WithReason(absl::FailedPreconditionError("revise plan: it is a revision; name the plan that it changes"),
                      "PLAN_IS_REVISION");
  }
  if (plan->state() != v1::PLAN_STATE_APPROVED) {
    return WithReason(absl::FailedPreconditionError("revise plan: it is not approved"), "PLAN_NOT_APPROVED");
  }
  if (state.plans_size() >= kPlansMax) return TooManyPlans();
  if (request.added().empty() && request.changed().empty() && request.removed().empty()) {
    return InvalidField("added", "or changed or removed needs at least one");
  }
  // Each measure is named once, so this bounds the other two by what the plan has.
  if (request.changed_size() + request.removed_size() > plan->measures_size()) {
    return InvalidField("changed", "and removed name more measures than the plan has");
  }
  if (plan->measures_size() - request.removed_size() + request.added_size() > kMeasuresMax) {
    return InvalidField("added", absl::StrCat("would make more than ", kMeasuresMax, " measures"));
  }
  const auto* pathway = PathwayOf(*assessment, catalogue);
  absl::Status status;
  v1::Plan revision = NewPlan(state, *assessment, request.added(), "added", pathway, context, status);
  CheckRevision(state, *plan, request, pathway, LocalDay(context.now), status);
  revision.set_revises(plan->name());
  *revision.mutable_changed() = request.changed();
  *revision.mutable_removed() = request.removed();
  for (v1::PlannedMeasure& changed : *revision.mutable_changed()) {
    const v1::PlannedMeasure* before = FindMeasure(*plan, changed.measure());
    if (before == nullptr) continue;  // Said above.
    changed.set_step(before->step());
    changed.set_start_within_office_days(before->start_within_office_days());
  }
  revision.set_personal_budget_euros(plan->personal_budget_euros());
  CheckBudget(plan->personal_budget_euros(), MeasuresAfter(*plan, revision), pathway, status);
  RETURN_IF_ERROR(status);
  return Propose(std::move(revision), Draft(state, context));
}

Decision OnMeasureStarted(const v1::ClientAssessment& state, const follow_up::v1::MeasureStarted& started,
                          const pipeline::Context& context) {
  Draft draft(state, context);
  if (!IsStarted(state, started.measure())) {
    v1::ClientAssessmentEvent event;
    *event.mutable_measure_started() = started;
    draft.Emit(std::move(event));
  }
  return std::move(draft).NoReply();
}

Decision OnRecordVoided(const v1::ClientAssessment& state, const follow_up::v1::RecordVoided& voided,
                        const pipeline::Context& context) {
  Draft draft(state, context);
  if (voided.record() == follow_up::v1::VOIDED_RECORD_MEASURE_START && IsStarted(state, voided.name())) {
    v1::ClientAssessmentEvent event;
    *event.mutable_record_voided() = voided;
    draft.Emit(std::move(event));
  }
  return std::move(draft).NoReply();
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
  if (!plan->revises().empty() && !StillHolds(state, *FindPlan(state, plan->revises()), *plan)) {
    return WithReason(absl::FailedPreconditionError("approve plan: the plan has changed since; revise it anew"),
                      "PLAN_CHANGED");
  }
  Draft draft(state, context);
  v1::ClientAssessmentEvent recorded;
  recorded.mutable_plan_approval_recorded()->set_plan(plan->name());
  recorded.mutable_plan_approval_recorded()->set_user(context.principal.user);
  draft.Emit(std::move(recorded));
  draft.Emit(Approval(*plan, context.now));
  v1::Plan reply = *FindPlan(draft.state(), request.name());
  return std::move(draft).ReplyWith(std::move(reply));
}

}  // namespace polku::assessment
