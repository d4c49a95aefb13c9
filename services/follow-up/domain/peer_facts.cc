// Facts that the referral, assessment and coordinator services publish.
#include <algorithm>
#include <utility>
#include <vector>

#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/evidence.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::coordinator_network::v1::AttemptOutcome;
using polku::pipeline::FromProto;
using polku::pipeline::ToProto;

// A client has a handful of facts before the referral service is read; more means something else is wrong.
constexpr int kEarlyFactsMax = 50;

// The assessment's deadline and the rule set, from the pathway definition. A pathway that is not
// installed here makes the assessment due at once, so that a person looks.
void SetTerms(const polku::referral::v1::ReferralAccepted& fact, const Draft& draft, JourneyOpened& opened) {
  const absl::Time accepted = FromProto(fact.accept_time());
  const auto* pathway = draft.catalogue().Find(fact.pathway(), fact.pathway_version());
  const absl::Time deadline =
      pathway == nullptr ? accepted : EndOfDay(LocalDay(accepted) + pathway->assessment().complete_within_days());
  *opened.mutable_assessment_deadline() = ToProto(deadline);
  opened.set_rules_version(RulesOf(draft.catalogue(), pathway == nullptr ? "" : pathway->rules()).version());
}

ResolutionOutcome OutcomeOf(const polku::coordinator_network::v1::OutreachCompleted& fact) {
  switch (fact.outcome()) {
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN:
      return RESOLUTION_OUTCOME_RETURNED;
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_NEEDS_CHANGED:
      return RESOLUTION_OUTCOME_NEEDS_CHANGED;
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_REFUSES:
      return RESOLUTION_OUTCOME_REFUSES;
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_ALREADY_ATTENDED_ELSEWHERE:
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_IN_OTHER_SERVICE:
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_IN_WORK_OR_STUDY:
      return RESOLUTION_OUTCOME_IN_OTHER_SERVICE;
    default:
      return fact.has_next_step_date() ? RESOLUTION_OUTCOME_NEXT_STEP_AGREED : RESOLUTION_OUTCOME_OTHER;
  }
}

const InterruptionRecord* OpenByName(const JourneyRecord& journey, absl::string_view name) {
  for (const InterruptionRecord& each : journey.interruptions()) {
    if (each.interruption() == name) return &each;
  }
  return nullptr;
}

void Take(const polku::assessment::v1::AssessmentOpened& fact, Draft& draft) {
  JourneyEvent event;
  *event.mutable_assessment_opened() = fact;
  draft.Emit(std::move(event));
}

void Take(const polku::assessment::v1::AssessmentCompleted& fact, Draft& draft) {
  JourneyEvent event;
  *event.mutable_assessment_completed() = fact;
  draft.Emit(std::move(event));
}

void Take(const polku::assessment::v1::PlanApproved& fact, Draft& draft) {
  JourneyEvent event;
  *event.mutable_plan_approved() = fact;
  draft.Emit(std::move(event));
}

void Take(const polku::coordinator_network::v1::AssignmentAccepted& fact, Draft& draft) {
  JourneyEvent event;
  *event.mutable_assignment_accepted() = fact;
  draft.Emit(std::move(event));
}

// Counts as activity although the interruption may have ended since: the client was reached.
void Take(const polku::coordinator_network::v1::OutreachAttempted& fact, Draft& draft) {
  JourneyEvent event;
  *event.mutable_outreach_attempted() = fact;
  draft.Emit(std::move(event));
}

void Take(const polku::coordinator_network::v1::OutreachCompleted& fact, Draft& draft) {
  const InterruptionRecord* open = OpenByName(draft.state(), fact.interruption());
  if (open == nullptr) return;  // Retracted or resolved while the outreach was under way.
  const InterruptionRecord resolved = *open;
  JourneyEvent event;
  *event.mutable_outreach_completed() = fact;
  draft.Emit(std::move(event));
  const absl::Time time = FromProto(fact.complete_time());
  if (fact.has_next_step_date()) {
    return Resolve(resolved, OutcomeOf(fact), time, &fact.next_step_date(), draft);
  }
  // Nobody gave a day although the rule needs one: it looks again after the office days of R3.
  const google::type::Date by_rule =
      pipeline::ToProtoDay(AddOfficeDays(LocalDay(time), draft.rules().no_next_measure_office_days()));
  Resolve(resolved, OutcomeOf(fact), time, NeedsNextStep(resolved.rule()) ? &by_rule : nullptr, draft);
}

void TakeEarly(const EarlyFact& early, Draft& draft) {
  switch (early.fact_case()) {
    case EarlyFact::kPlanApproved:
      return Take(early.plan_approved(), draft);
    case EarlyFact::kAssessmentOpened:
      return Take(early.assessment_opened(), draft);
    case EarlyFact::kAssessmentCompleted:
      return Take(early.assessment_completed(), draft);
    case EarlyFact::kAssignmentAccepted:
      return Take(early.assignment_accepted(), draft);
    case EarlyFact::kOutreachAttempted:
      return Take(early.outreach_attempted(), draft);
    case EarlyFact::kOutreachCompleted:
      return Take(early.outreach_completed(), draft);
    case EarlyFact::FACT_NOT_SET:
      return;
  }
}

void Open(const polku::referral::v1::ReferralAccepted& fact, Draft& draft) {
  JourneyEvent event;
  JourneyOpened& opened = *event.mutable_journey_opened();
  opened.set_client(ClientOf(fact.referral()).value_or(""));
  opened.set_referral(fact.referral());
  opened.set_pathway(fact.pathway());
  opened.set_pathway_version(fact.pathway_version());
  opened.set_responsible_party(fact.receiving_unit());
  *opened.mutable_open_time() = fact.accept_time();
  SetTerms(fact, draft, opened);
  draft.Emit(std::move(event));

  if (draft.state().early().empty()) return;
  const std::vector<EarlyFact> early(draft.state().early().begin(), draft.state().early().end());
  JourneyEvent taken;
  taken.mutable_early_facts_taken();
  draft.Emit(std::move(taken));
  for (const EarlyFact& each : early) TakeEarly(each, draft);
}

EarlyFact AsEarlyFact(const JourneyInput& input) {
  EarlyFact early;
  switch (input.input_case()) {
    case JourneyInput::kPlanApproved:
      *early.mutable_plan_approved() = input.plan_approved();
      break;
    case JourneyInput::kAssessmentOpened:
      *early.mutable_assessment_opened() = input.assessment_opened();
      break;
    case JourneyInput::kAssessmentCompleted:
      *early.mutable_assessment_completed() = input.assessment_completed();
      break;
    case JourneyInput::kAssignmentAccepted:
      *early.mutable_assignment_accepted() = input.assignment_accepted();
      break;
    case JourneyInput::kOutreachAttempted:
      *early.mutable_outreach_attempted() = input.outreach_attempted();
      break;
    case JourneyInput::kOutreachCompleted:
      *early.mutable_outreach_completed() = input.outreach_completed();
      break;
    default:
      break;
  }
  return early;
}

}  // namespace

void TakePeerFact(const JourneyInput& input, Draft& draft) {
  const JourneyRecord& journey = draft.state();
  if (input.has_referral_accepted()) {
    if (!journey.open()) Open(input.referral_accepted(), draft);
    return;
  }
  EarlyFact fact = AsEarlyFact(input);
  if (journey.open()) return TakeEarly(fact, draft);
  if (journey.closed() || journey.early_size() >= kEarlyFactsMax) return;
  JourneyEvent event;
  *event.mutable_early_fact_kept()->mutable_fact() = std::move(fact);
  draft.Emit(std::move(event));
}

}  // namespace polku::follow_up
