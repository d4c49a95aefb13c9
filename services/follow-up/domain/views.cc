#include "services/follow-up/domain/views.h"

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::ToProto;

namespace {

google::type::Date DayAt(int64_t time_us) { return pipeline::ToProtoDay(LocalDay(At(time_us))); }

}  // namespace

Measure MeasureView(const MeasureRecord& measure) {
  Measure view;
  view.set_name(measure.plan().measure());
  *view.mutable_plan() = measure.plan();
  view.set_phase(measure.phase());
  if (measure.has_start_date()) *view.mutable_start_date() = measure.start_date();
  if (measure.has_end_date()) *view.mutable_end_date() = measure.end_date();
  view.set_end_reason(measure.end_reason());
  return view;
}

std::string FoundBy(const JourneyRecord& journey, const InterruptionRecord& interruption) {
  return interruption.found_by().empty() ? journey.rules_version() : interruption.found_by();
}

Interruption InterruptionView(const JourneyRecord& journey, const InterruptionRecord& interruption) {
  Interruption view;
  view.set_name(interruption.interruption());
  view.set_rule(interruption.rule());
  view.set_measure(interruption.measure());
  view.set_state(INTERRUPTION_STATE_OPEN);
  *view.mutable_counted_from() = ToProto(At(interruption.counted_from_us()));
  *view.mutable_due_time() = ToProto(At(interruption.due_us()));
  view.set_rules_version(FoundBy(journey, interruption));
  view.set_outreach_wait(WaitOf(journey, interruption));
  view.set_outreach_waits(view.outreach_wait() != OUTREACH_WAIT_UNSPECIFIED);
  view.set_statutory_point(interruption.point());
  return view;
}

std::string BenefitName(const JourneyRecord& journey, const BenefitRecord& benefit) {
  return absl::StrCat(journey.client(), "/benefit-periods/", benefit.ordinal());
}

BenefitPeriod BenefitView(const JourneyRecord& journey, const BenefitRecord& benefit) {
  BenefitPeriod view;
  view.set_name(BenefitName(journey, benefit));
  view.set_kind(benefit.kind());
  *view.mutable_first_date() = pipeline::ToProtoDay(DayOfNumber(benefit.first_day()));
  *view.mutable_last_date() = pipeline::ToProtoDay(DayOfNumber(benefit.last_day()));
  view.set_paid_days(benefit.paid_days());
  view.set_source(benefit.source());
  return view;
}

Pause PauseView(const PauseRecord& pause) {
  Pause view;
  view.set_name(pause.pause());
  view.set_measure(pause.measure());
  *view.mutable_start_date() = DayAt(pause.from_us());
  *view.mutable_resume_date() = DayAt(pause.to_us());
  return view;
}

Transition TransitionView(const TransitionRecord& transition) {
  Transition view;
  view.set_name(transition.transition());
  view.set_giver(transition.giver());
  view.set_taker(transition.taker());
  view.set_step(transition.step());
  *view.mutable_accept_due_time() = ToProto(At(transition.accept_due_us()));
  if (transition.decline_us() != 0) *view.mutable_decline_time() = ToProto(At(transition.decline_us()));
  if (transition.accept_us() == 0) return view;
  *view.mutable_accept_time() = ToProto(At(transition.accept_us()));
  *view.mutable_contact_due_time() = ToProto(At(transition.contact_due_us()));
  *view.mutable_meeting_due_time() = ToProto(At(transition.meeting_due_us()));
  return view;
}

OutreachHold OutreachHoldView(const JourneyRecord& journey) {
  OutreachHold view;
  view.set_client(journey.client());
  if (journey.outreach_held_until_us() == 0) return view;
  *view.mutable_until_date() = DayAt(journey.outreach_held_until_us());
  view.set_reason(journey.outreach_hold_reason());
  return view;
}

Journey JourneyView(const JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules) {
  Journey view;
  view.set_client(journey.client());
  view.set_open(journey.open());
  view.set_follow_up(!journey.open()                   ? FOLLOW_UP_STATE_ENDED
                     : journey.interruptions().empty() ? FOLLOW_UP_STATE_ON_TRACK
                                                       : FOLLOW_UP_STATE_INTERRUPTED);
  view.set_pathway(journey.pathway());
  view.set_pathway_version(journey.pathway_version());
  view.set_rules_version(journey.rules_version());
  view.set_responsible_party(journey.responsible_party());
  view.set_coordinator(journey.coordinator());
  *view.mutable_open_time() = ToProto(At(journey.open_us()));
  if (journey.close_us() != 0) *view.mutable_close_time() = ToProto(At(journey.close_us()));
  if (journey.last_activity_us() != 0) *view.mutable_last_activity_time() = ToProto(At(journey.last_activity_us()));
  view.set_processing_restricted(journey.restricted());
  view.set_step(journey.step());
  view.set_outcome(journey.outcome());
  if (!journey.open()) return view;
  for (const MeasureRecord& measure : journey.measures()) {
    if (!HasEnded(measure)) *view.add_measures() = MeasureView(measure);
  }
  for (const InterruptionRecord& interruption : journey.interruptions()) {
    *view.add_interruptions() = InterruptionView(journey, interruption);
  }
  for (const PauseRecord& pause : journey.pauses()) *view.add_pauses() = PauseView(pause);
  if (journey.has_transition()) *view.mutable_transition() = TransitionView(journey.transition());
  for (const CircumstanceRecord& each : journey.circumstances()) {
    CircumstanceEntry& entry = *view.add_circumstances();
    entry.set_circumstance(each.circumstance());
    *entry.mutable_from_date() = DayAt(each.from_us());
    if (each.to_us() != 0) *entry.mutable_end_date() = DayAt(each.to_us());
  }
  for (const BenefitRecord& each : journey.benefits()) *view.add_benefit_periods() = BenefitView(journey, each);
  if (journey.outreach_held_until_us() != 0) *view.mutable_outreach_hold() = OutreachHoldView(journey);
  if (const int64_t next = StepsOf(journey, rules).earliest_us; next != 0) {
    *view.mutable_next_step_time() = ToProto(At(next));
  }
  return view;
}

}  // namespace polku::follow_up
