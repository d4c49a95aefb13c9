#include <algorithm>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;

constexpr int kLaterActivityMax = 16;  // state.proto
constexpr int kMissRecordsMax = 8;     // state.proto

int64_t UsOf(const google::protobuf::Timestamp& timestamp) { return Micros(FromProto(timestamp)); }
int64_t StartUs(const google::type::Date& date) { return Micros(StartOfDay(FromProto(date))); }

MeasureRecord* MutableMeasure(JourneyRecord& state, absl::string_view measure) {
  return const_cast<MeasureRecord*>(FindMeasure(state, measure));  // `state` itself is not const.
}

InterruptionRecord* MutableInterruption(JourneyRecord& state, absl::string_view interruption) {
  for (InterruptionRecord& each : *state.mutable_interruptions()) {
    if (each.interruption() == interruption) return &each;
  }
  return nullptr;
}

Floor& FloorOf(JourneyRecord& state, Rule rule, const std::string& measure) {
  for (Floor& each : *state.mutable_floors()) {
    if (each.rule() == rule && each.measure() == measure) return each;
  }
  Floor& floor = *state.add_floors();
  floor.set_rule(rule);
  floor.set_measure(measure);
  return floor;
}

void NoteIdle(int64_t since_us, JourneyRecord& state) {
  if (since_us < state.idle_since_us()) return;
  state.set_idle_since_us(since_us);
  state.set_idle_version(state.version());
}

// The activity behind an open or held R5, so that a late fact can bridge its gap.
void TrimLaterActivity(JourneyRecord& state) {
  if (state.later_activity_us().empty()) return;
  const std::optional<int64_t> anchor = AnchorOf(state, RULE_NO_CONTACT);
  auto& later = *state.mutable_later_activity_us();
  const auto end = anchor.has_value() ? std::upper_bound(later.begin(), later.end(), *anchor) : later.end();
  later.erase(later.begin(), end);
}

void NoteActivity(int64_t time_us, JourneyRecord& state) {
  const std::optional<int64_t> anchor = AnchorOf(state, RULE_NO_CONTACT);
  if (anchor.has_value() && time_us > *anchor) {
    auto& later = *state.mutable_later_activity_us();
    const auto place = std::lower_bound(later.begin(), later.end(), time_us);
    if (place == later.end() || *place != time_us) {
      const auto index = place - later.begin();
      later.Add(time_us);
      std::rotate(later.begin() + index, later.end() - 1, later.end());
      if (later.size() > kLaterActivityMax) later.RemoveLast();
    }
  }
  if (time_us <= state.last_activity_us()) return;
  state.set_last_activity_us(time_us);
  state.set_activity_version(state.version());
}

// An ended measure stays while a finding about it may still be amended: R5 is about all of them.
bool IsNeeded(const JourneyRecord& state, const MeasureRecord& measure) {
  if (!HasEnded(measure)) return true;
  const std::string& name = measure.plan().measure();
  const auto is_about = [&](const auto& each) { return each.measure() == name || each.rule() == RULE_NO_CONTACT; };
  const bool is_break = measure.phase() == MEASURE_PHASE_ENDED_EARLY && !IsGoodEnd(measure.end_reason());
  return (is_break && FindFloor(state, RULE_ENDED_EARLY, name) == nullptr) ||
         std::any_of(state.interruptions().begin(), state.interruptions().end(), is_about) ||
         std::any_of(state.holds().begin(), state.holds().end(), is_about);
}

void DropWhatIsOver(JourneyRecord& state) {
  auto& measures = *state.mutable_measures();
  const auto gone = std::stable_partition(measures.begin(), measures.end(),
                                          [&](const MeasureRecord& each) { return IsNeeded(state, each); });
  if (gone != measures.end()) {
    measures.erase(gone, measures.end());
    auto& floors = *state.mutable_floors();
    floors.erase(std::remove_if(floors.begin(), floors.end(),
                                [&](const Floor& floor) {
                                  return !floor.measure().empty() && FindMeasure(state, floor.measure()) == nullptr;
                                }),
                 floors.end());
  }
  TrimLaterActivity(state);
}

void Apply(const JourneyOpened& event, JourneyRecord& state) {
  // A journey that opens again starts clean; only the numbering goes on.
  JourneyRecord opened;
  opened.set_version(state.version());
  opened.set_interruptions_numbered(state.interruptions_numbered());
  opened.mutable_early()->Swap(state.mutable_early());
  opened.set_client(event.client());
  opened.set_open(true);
  opened.set_referral(event.referral());
  opened.set_pathway(event.pathway());
  opened.set_pathway_version(event.pathway_version());
  opened.set_rules_version(event.rules_version());
  opened.set_responsible_party(event.responsible_party());
  opened.set_open_us(UsOf(event.open_time()));
  opened.set_assessment_open_us(opened.open_us());
  opened.set_assessment_deadline_us(UsOf(event.assessment_deadline()));
  opened.set_assessment_version(opened.version());
  opened.set_idle_since_us(opened.open_us());
  opened.set_idle_version(opened.version());
  opened.set_last_activity_us(opened.open_us());
  opened.set_activity_version(opened.version());
  state = std::move(opened);
}

void Apply(const polku::assessment::v1::AssessmentOpened& event, JourneyRecord& state) {
  state.set_assessment(event.assessment());
  state.set_assessment_open_us(UsOf(event.open_time()));
  state.set_assessment_deadline_us(UsOf(event.deadline()));
  state.set_assessment_version(state.version());
}

void Apply(const polku::assessment::v1::AssessmentCompleted& event, JourneyRecord& state) {
  state.set_assessment(event.assessment());
  state.set_assessment_complete_us(UsOf(event.complete_time()));
  NoteIdle(state.assessment_complete_us(), state);
}

void Apply(const polku::assessment::v1::PlanApproved& event, JourneyRecord& state) {
  for (const auto& plan : event.measures()) {
    if (FindMeasure(state, plan.measure()) != nullptr) continue;
    MeasureRecord& measure = *state.add_measures();
    *measure.mutable_plan() = plan;
    measure.set_phase(MEASURE_PHASE_PLANNED);
    measure.set_approve_us(UsOf(event.approve_time()));
    measure.set_approve_version(state.version());
  }
}

void Apply(const MeasureStarted& event, JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, event.measure());
  if (measure == nullptr) return;
  measure->set_phase(MEASURE_PHASE_RUNNING);
  *measure->mutable_start_date() = event.start_date();
  measure->set_start_version(state.version());
  NoteActivity(StartUs(event.start_date()), state);
}

char MarkOf(const AttendanceRecorded& event, const MeasureRecord& measure) {
  switch (event.mark().status()) {
    case ATTENDANCE_STATUS_PRESENT:
      // 0 minutes stand for the whole session.
      return event.mark().minutes() > 0 && event.mark().minutes() < measure.plan().day_minutes_min() ? kPresentTooShort
                                                                                                     : kPresent;
    case ATTENDANCE_STATUS_ABSENT:
      return kAbsent;
    case ATTENDANCE_STATUS_EXCUSED:
      return kExcused;
    default:
      return kUnmarked;
  }
}

void Apply(const AttendanceRecorded& event, JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, event.mark().measure());
  if (measure == nullptr) return;
  if (event.ordinal() >= 0) SetMark(*measure->mutable_sessions(), event.ordinal(), MarkOf(event, *measure));
  if (event.mark().status() == ATTENDANCE_STATUS_PRESENT) NoteActivity(event.session_end_us(), state);
}

void Apply(const polku::coordinator_network::v1::OutreachAttempted& event, JourneyRecord& state) {
  switch (event.outcome()) {
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN:
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_CALL_LATER:
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_REFUSES:
    case polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_NEEDS_CHANGED:
      return NoteActivity(UsOf(event.attempt_time()), state);
    default:
      return;  // An attempt that reached nobody is no contact.
  }
}

void Apply(const AttendanceMissed& event, JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, event.measure());
  if (measure == nullptr) return;
  const auto session = Schedule(*measure).Find(FromProto(event.date()), event.session());
  if (!session.has_value()) return;
  if (event.unmarked()) SetMark(*measure->mutable_sessions(), session->ordinal, kMissedUnmarked);
  auto& misses = *measure->mutable_misses();
  misses.erase(std::remove_if(misses.begin(), misses.end(),
                              [&](const MissRecord& each) { return each.ordinal() == session->ordinal; }),
               misses.end());
  if (misses.size() == kMissRecordsMax) misses.erase(misses.begin());
  MissRecord& miss = *misses.Add();
  miss.set_ordinal(session->ordinal);
  miss.set_version(state.version());
}

void End(const std::string& name, MeasurePhase phase, const google::type::Date& day, EndReason reason,
         JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, name);
  if (measure == nullptr) return;
  measure->set_phase(phase);
  *measure->mutable_end_date() = day;
  measure->set_end_reason(reason);
  measure->set_end_version(state.version());
  NoteIdle(StartUs(day), state);
  DropWhatIsOver(state);
}

void Apply(const MeasureInterrupted& event, JourneyRecord& state) {
  InterruptionRecord& interruption = *state.add_interruptions();
  interruption.set_interruption(event.interruption());
  interruption.set_rule(event.rule());
  interruption.set_measure(event.measure());
  interruption.set_counted_from_us(UsOf(event.counted_from()));
  interruption.set_due_us(UsOf(event.due_time()));
  state.set_interruptions_numbered(state.interruptions_numbered() + 1);
}

void Apply(const InterruptionAmended& event, JourneyRecord& state) {
  InterruptionRecord* interruption = MutableInterruption(state, event.interruption());
  if (interruption == nullptr) return;
  interruption->set_counted_from_us(UsOf(event.counted_from()));
  interruption->set_due_us(UsOf(event.due_time()));
  TrimLaterActivity(state);
}

// Takes the open interruption out of the state.
InterruptionRecord TakeInterruption(const std::string& name, JourneyRecord& state) {
  auto& open = *state.mutable_interruptions();
  const auto place =
      std::find_if(open.begin(), open.end(), [&](const auto& each) { return each.interruption() == name; });
  if (place == open.end()) return {};
  InterruptionRecord taken = *place;
  open.erase(place);
  return taken;
}

void Apply(const InterruptionRetracted& event, JourneyRecord& state) {
  const InterruptionRecord ended = TakeInterruption(event.interruption(), state);
  if (ended.rule() == RULE_MISSED_ATTENDANCE) {
    FloorOf(state, ended.rule(), ended.measure()).set_retracted_due_us(ended.due_us());
  }
  DropWhatIsOver(state);
}

void Apply(const InterruptionResolved& event, JourneyRecord& state) {
  const InterruptionRecord ended = TakeInterruption(event.interruption(), state);
  if (ended.rule() == RULE_UNSPECIFIED) return;
  const int64_t resolve_us = UsOf(event.resolve_time());
  Floor& floor = FloorOf(state, ended.rule(), ended.measure());
  floor.set_counted_from_us(std::max(resolve_us, floor.counted_from_us()));
  if (event.has_next_step_date()) floor.set_not_before_us(Micros(EndOfDay(FromProto(event.next_step_date()))));
  MeasureRecord* measure = MutableMeasure(state, ended.measure());
  if (ended.rule() == RULE_MISSED_ATTENDANCE && measure != nullptr) {
    measure->set_floor_session(std::max(measure->floor_session(), Schedule(*measure).CountEndedBy(At(resolve_us))));
  }
  NoteIdle(resolve_us, state);
  DropWhatIsOver(state);
}

void Apply(const HoldsChanged& event, JourneyRecord& state) {
  *state.mutable_holds() = event.holds();
  DropWhatIsOver(state);
}

void Apply(const ReportingIntervalLearned& event, JourneyRecord& state) {
  if (MeasureRecord* measure = MutableMeasure(state, event.measure()); measure != nullptr) {
    measure->set_reporting_interval_us(event.interval_us());
  }
}

// What is over needs no rules any more; who and when stays.
void Apply(const JourneyClosed& event, JourneyRecord& state) {
  state.set_open(false);
  state.set_closed(true);
  state.set_close_us(UsOf(event.close_time()));
  state.clear_measures();
  state.clear_interruptions();
  state.clear_floors();
  state.clear_holds();
  state.clear_early();
  state.clear_later_activity_us();
}

}  // namespace

void Evolve(const JourneyEvent& event, JourneyRecord& state) {
  state.set_version(state.version() + 1);
  switch (event.event_case()) {
    case JourneyEvent::kJourneyOpened:
      return Apply(event.journey_opened(), state);
    case JourneyEvent::kAssessmentOpened:
      return Apply(event.assessment_opened(), state);
    case JourneyEvent::kAssessmentCompleted:
      return Apply(event.assessment_completed(), state);
    case JourneyEvent::kPlanApproved:
      return Apply(event.plan_approved(), state);
    case JourneyEvent::kAssignmentAccepted:
      return state.set_coordinator(event.assignment_accepted().coordinator());
    case JourneyEvent::kOutreachAttempted:
      return Apply(event.outreach_attempted(), state);
    case JourneyEvent::kMeasureStarted:
      return Apply(event.measure_started(), state);
    case JourneyEvent::kAttendanceRecorded:
      return Apply(event.attendance_recorded(), state);
    case JourneyEvent::kAttendanceMissed:
      return Apply(event.attendance_missed(), state);
    case JourneyEvent::kMeasureCompleted:
      return End(event.measure_completed().measure(), MEASURE_PHASE_COMPLETED, event.measure_completed().end_date(),
                 END_REASON_UNSPECIFIED, state);
    case JourneyEvent::kMeasureEndedEarly:
      return End(event.measure_ended_early().measure(), MEASURE_PHASE_ENDED_EARLY,
                 event.measure_ended_early().end_date(), event.measure_ended_early().reason(), state);
    case JourneyEvent::kContactRecorded:
      return NoteActivity(UsOf(event.contact_recorded().contact_time()), state);
    case JourneyEvent::kMeasureInterrupted:
      return Apply(event.measure_interrupted(), state);
    case JourneyEvent::kInterruptionAmended:
      return Apply(event.interruption_amended(), state);
    case JourneyEvent::kInterruptionRetracted:
      return Apply(event.interruption_retracted(), state);
    case JourneyEvent::kInterruptionResolved:
      return Apply(event.interruption_resolved(), state);
    case JourneyEvent::kHoldsChanged:
      return Apply(event.holds_changed(), state);
    case JourneyEvent::kEarlyFactKept:
      *state.add_early() = event.early_fact_kept().fact();
      return;
    case JourneyEvent::kEarlyFactsTaken:
      return state.clear_early();
    case JourneyEvent::kJourneyClosed:
      return Apply(event.journey_closed(), state);
    case JourneyEvent::kReportingIntervalLearned:
      return Apply(event.reporting_interval_learned(), state);
    case JourneyEvent::kOutreachCompleted:  // What follows from it is an InterruptionResolved.
    case JourneyEvent::kOutreachRequested:  // Told to others; an open interruption says as much.
    case JourneyEvent::EVENT_NOT_SET:
      return;
  }
}

}  // namespace polku::follow_up
