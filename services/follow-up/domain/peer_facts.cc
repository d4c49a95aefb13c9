// Facts that the referral, assessment and coordinator services publish.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/evidence.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/rule_set.h"

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
  const auto& lookups = draft.context().lookups;
  const std::string version =
      pathway == nullptr ? "" : ActiveRules(pathway->rules(), lookups.empty() ? std::vector<store::Row>() : lookups[0]);
  opened.set_rules_version(RulesOf(draft.catalogue(), version).version());
}

const RetractedRecord* RetractedByName(const JourneyRecord& journey, absl::string_view name) {
  for (const RetractedRecord& each : journey.retracted()) {
    if (each.interruption() == name) return &each;
  }
  return nullptr;
}

// Had the end of the outreach come before the fact that retracted its interruption, it would have
// resolved it: the rule counts from there in either order.
void SetSettled(const RetractedRecord& retracted, const polku::coordinator_network::v1::OutreachCompleted& fact,
                const std::optional<google::type::Date>& next_step, OutreachSettled& settled) {
  settled.set_interruption(retracted.interruption());
  settled.set_rule(retracted.rule());
  settled.set_measure(retracted.measure());
  settled.set_point(retracted.point());
  *settled.mutable_settle_time() = fact.complete_time();
  if (next_step.has_value()) *settled.mutable_next_step_date() = *next_step;
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

void EndOutreach(const polku::coordinator_network::v1::OutreachCompleted& fact, Draft& draft) {
  const absl::Time time = FromProto(fact.complete_time());
  const InterruptionRecord* open = OpenByName(draft.state(), fact.interruption());
  const RetractedRecord* retracted = RetractedByName(draft.state(), fact.interruption());
  if (open == nullptr && retracted == nullptr && Micros(time) <= draft.state().idle_since_us()) return;
  const Rule rule = open != nullptr ? open->rule() : retracted != nullptr ? retracted->rule() : RULE_UNSPECIFIED;
  // Nobody gave a day although the rule needs one: it looks again after the office days of R3.
  std::optional<google::type::Date> next_step;
  if (fact.has_next_step_date()) {
    next_step = fact.next_step_date();
  } else if (NeedsNextStep(rule)) {
    next_step = pipeline::ToProtoDay(AddOfficeDays(LocalDay(time), draft.rules().no_next_measure_office_days()));
  }
  const InterruptionRecord resolved = open == nullptr ? InterruptionRecord() : *open;
  JourneyEvent settled;
  if (retracted != nullptr) SetSettled(*retracted, fact, next_step, *settled.mutable_outreach_settled());
  JourneyEvent event;
  *event.mutable_outreach_completed() = fact;
  draft.Emit(std::move(event));
  if (settled.has_outreach_settled()) draft.Emit(std::move(settled));
  if (!resolved.interruption().empty()) {
    Resolve(resolved, OutcomeOf(fact), time, next_step.has_value() ? &*next_step : nullptr, draft);
  }
}

void Revise(const polku::assessment::v1::PlanRevised& fact, Draft& draft) {
  const JourneyRecord before = draft.state();
  JourneyEvent event;
  *event.mutable_plan_revised() = fact;
  draft.Emit(std::move(event));
  RedrawSessions(fact, before, draft);
}

bool IsAboutFollowUp(const std::string& purpose, const Draft& draft) {
  const auto& purposes = draft.rules().follow_up_purposes();
  return std::find(purposes.begin(), purposes.end(), purpose) != purposes.end();
}

// What the person permits counts behind the end of a journey too: it may be opened again.
bool IsOfPerson(const EarlyFact& fact) { return fact.has_permission_withdrawn() || fact.has_permission_granted(); }

// What is known of the client is journalled as it came; most facts are taken by Evolve alone.
void TakeUp(const EarlyFact& early, Draft& draft) {
  JourneyEvent event;
  switch (early.fact_case()) {
    case EarlyFact::kPlanApproved:
      *event.mutable_plan_approved() = early.plan_approved();
      break;
    case EarlyFact::kPlanRevised:
      return Revise(early.plan_revised(), draft);
    case EarlyFact::kAssessmentOpened:
      *event.mutable_assessment_opened() = early.assessment_opened();
      break;
    case EarlyFact::kAssessmentCompleted:
      *event.mutable_assessment_completed() = early.assessment_completed();
      break;
    case EarlyFact::kAssessmentCancelled:
      *event.mutable_assessment_cancelled() = early.assessment_cancelled();
      break;
    case EarlyFact::kSessionHeld:
      *event.mutable_session_held() = early.session_held();
      break;
    case EarlyFact::kAssignmentAccepted:
      *event.mutable_assignment_accepted() = early.assignment_accepted();
      break;
    case EarlyFact::kCoordinatorReplaced:
      *event.mutable_coordinator_replaced() = early.coordinator_replaced();
      break;
    // Counts as activity although the interruption may have ended since: the client was reached.
    case EarlyFact::kOutreachAttempted:
      *event.mutable_outreach_attempted() = early.outreach_attempted();
      break;
    case EarlyFact::kOutreachCompleted:
      return EndOutreach(early.outreach_completed(), draft);
    case EarlyFact::kMeetingHeld:
      if (!early.meeting_held().client_present()) return;
      *event.mutable_meeting_held() = early.meeting_held();
      break;
    case EarlyFact::kPermissionWithdrawn:
      if (early.permission_withdrawn().undone()) return;
      if (!IsAboutFollowUp(early.permission_withdrawn().purpose(), draft)) return;
      *event.mutable_permission_withdrawn() = early.permission_withdrawn();
      break;
    case EarlyFact::kPermissionGranted:
      if (!IsAboutFollowUp(early.permission_granted().purpose(), draft)) return;
      *event.mutable_permission_granted() = early.permission_granted();
      break;
    case EarlyFact::FACT_NOT_SET:
      return;
  }
  draft.Emit(std::move(event));
}

void Open(const polku::referral::v1::ReferralAccepted& fact, Draft& draft) {
  JourneyEvent event;
  JourneyOpened& opened = *event.mutable_journey_opened();
  opened.set_client(ClientOf(fact.referral()).value_or(""));
  opened.set_referral(fact.referral());
  opened.set_pathway(fact.pathway());
  opened.set_pathway_version(fact.pathway_version());
  opened.set_responsible_party(fact.receiving_unit());
  opened.set_segment(fact.segment());
  opened.set_municipality(fact.municipality());
  *opened.mutable_open_time() = fact.accept_time();
  SetTerms(fact, draft, opened);
  draft.Emit(std::move(event));

  if (draft.state().early().empty()) return;
  const std::vector<EarlyFact> early(draft.state().early().begin(), draft.state().early().end());
  JourneyEvent taken;
  taken.mutable_early_facts_taken();
  draft.Emit(std::move(taken));
  for (const EarlyFact& each : early) TakeUp(each, draft);
}

// The last fact of a client. Later ones, and a second one, find nobody.
void Forget(const polku::referral::v1::ClientErased& fact, Draft& draft) {
  if (draft.state().erased()) return;
  JourneyEvent event;
  *event.mutable_client_erased() = fact;
  draft.Emit(std::move(event));
}

// Known also before a journey and behind it: it is about the person.
void Restrict(const polku::referral::v1::ProcessingRestricted& fact, Draft& draft) {
  if (draft.state().erased() || draft.state().restricted() == fact.restricted()) return;
  JourneyEvent event;
  *event.mutable_processing_restricted() = fact;
  draft.Emit(std::move(event));
}

bool IsDenial(const JourneyRecord& journey, const std::string& permission) {
  return std::any_of(journey.denials().begin(), journey.denials().end(),
                     [&](const auto& each) { return each.permission() == permission; });
}

// Whatever the purpose: one that is about follow-up says more, which TakeUp takes.
void NoteDenial(const JourneyInput& input, Draft& draft) {
  if (draft.state().erased()) return;
  JourneyEvent event;
  if (input.has_permission_granted() && input.permission_granted().denial()) {
    *event.mutable_denial_told()->mutable_denied() = input.permission_granted();
  } else if (input.has_permission_withdrawn() && IsDenial(draft.state(), input.permission_withdrawn().permission())) {
    *event.mutable_denial_told()->mutable_withdrawn() = input.permission_withdrawn();
  } else {
    return;
  }
  draft.Emit(std::move(event));
}

// To follow-up the client has moved away that day; R12 asks what is to become of the journey.
void MoveAway(const polku::referral::v1::ClientTransferred& fact, Draft& draft) {
  if (!draft.state().open()) return;
  const google::type::Date day = pipeline::ToProtoDay(LocalDay(FromProto(fact.transfer_time())));
  const int64_t from_us = Micros(StartOfDay(FromProto(day)));
  for (const CircumstanceRecord& each : draft.state().circumstances()) {
    if (each.circumstance() == CIRCUMSTANCE_MOVED_AWAY && (each.from_us() == from_us || each.to_us() == 0)) return;
  }
  JourneyEvent event;
  CircumstanceRecorded& moved = *event.mutable_circumstance_recorded();
  moved.set_client(fact.client());
  moved.set_circumstance(CIRCUMSTANCE_MOVED_AWAY);
  *moved.mutable_from_date() = day;
  moved.set_source(CIRCUMSTANCE_SOURCE_AUTHORITY);
  *moved.mutable_record_time() = fact.transfer_time();
  draft.Emit(std::move(event));
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
    case JourneyInput::kAssessmentCancelled:
      *early.mutable_assessment_cancelled() = input.assessment_cancelled();
      break;
    case JourneyInput::kPlanRevised:
      *early.mutable_plan_revised() = input.plan_revised();
      break;
    case JourneyInput::kSessionHeld:
      *early.mutable_session_held() = input.session_held();
      break;
    case JourneyInput::kMeetingHeld:
      *early.mutable_meeting_held() = input.meeting_held();
      break;
    case JourneyInput::kCoordinatorReplaced:
      *early.mutable_coordinator_replaced() = input.coordinator_replaced();
      break;
    case JourneyInput::kPermissionWithdrawn:
      *early.mutable_permission_withdrawn() = input.permission_withdrawn();
      break;
    case JourneyInput::kPermissionGranted:
      *early.mutable_permission_granted() = input.permission_granted();
      break;
    default:
      break;
  }
  return early;
}

}  // namespace

void TakePeerFact(const JourneyInput& input, Draft& draft) {
  const JourneyRecord& journey = draft.state();
  if (input.has_processing_restricted()) return Restrict(input.processing_restricted(), draft);
  if (input.has_client_transferred()) return MoveAway(input.client_transferred(), draft);
  if (input.has_client_erased()) return Forget(input.client_erased(), draft);
  if (input.has_referral_accepted()) {
    if (!journey.open() && !journey.erased()) Open(input.referral_accepted(), draft);
    return;
  }
  NoteDenial(input, draft);
  EarlyFact fact = AsEarlyFact(input);
  if (fact.fact_case() == EarlyFact::FACT_NOT_SET) return;  // A step that only asks to look again.
  const bool stands = journey.open() || (journey.closed() && !journey.erased() && IsOfPerson(fact));
  if (stands) return TakeUp(fact, draft);
  if (journey.closed() || journey.early_size() >= kEarlyFactsMax) return;
  JourneyEvent event;
  *event.mutable_early_fact_kept()->mutable_fact() = std::move(fact);
  draft.Emit(std::move(event));
}

}  // namespace polku::follow_up
