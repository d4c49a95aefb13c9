#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/activity.h"
#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/evolve_agreement.h"
#include "services/follow-up/domain/evolve_import.h"
#include "services/follow-up/domain/evolve_outreach.h"
#include "services/follow-up/domain/evolve_void.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;

constexpr int kMissRecordsMax = 8;  // state.proto
constexpr int kRetractedMax = 8;    // state.proto
constexpr int kLeftMax = 3;         // state.proto
constexpr int kToldMax = 100;       // Measures of a plan or two.
constexpr int kResolvedMax = 2;     // state.proto
constexpr int kGapsMax = 20;        // Closed and opened again: nobody does so often.

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

bool IsTold(const std::string& measure, const JourneyRecord& state) {
  return std::find(state.measures_told().begin(), state.measures_told().end(), measure) != state.measures_told().end();
}

Floor& FloorOf(JourneyRecord& state, Rule rule, const std::string& measure, const std::string& point) {
  for (Floor& each : *state.mutable_floors()) {
    if (each.rule() == rule && each.measure() == measure && each.point() == point) return each;
  }
  Floor& floor = *state.add_floors();
  floor.set_rule(rule);
  floor.set_measure(measure);
  floor.set_point(point);
  return floor;
}

// R4: the taker's first contact and meeting since the offer.
void NoteContact(const std::string& organisation, int64_t time_us, bool meeting, JourneyRecord& state) {
  if (!state.has_transition() || organisation != state.transition().taker()) return;
  TransitionRecord& transition = *state.mutable_transition();
  if (time_us < transition.offer_us()) return;
  const auto first = [&](int64_t known_us) { return known_us == 0 ? time_us : std::min(known_us, time_us); };
  transition.set_contact_us(first(transition.contact_us()));
  if (meeting) transition.set_meeting_us(first(transition.meeting_us()));
}

void Remember(const MeasureRecord& measure, JourneyRecord& state) {
  LeftMeasure left;
  *left.mutable_measure() = measure;
  const auto is_of = [&](const auto& each) { return each.measure() == measure.plan().measure(); };
  std::copy_if(state.pauses().begin(), state.pauses().end(),
               google::protobuf::RepeatedPtrFieldBackInserter(left.mutable_pauses()), is_of);
  std::copy_if(state.floors().begin(), state.floors().end(),
               google::protobuf::RepeatedPtrFieldBackInserter(left.mutable_floors()), is_of);
  if (state.left_size() == kLeftMax) {
    KeepEnd(state.left(0).measure(), state);
    state.mutable_left()->erase(state.left().begin());
  }
  *state.add_left() = std::move(left);
}

// With what is known of them alone.
void Apply(const MeasuresLeft& event, JourneyRecord& state) {
  for (const std::string& name : event.measures()) {
    if (const MeasureRecord* measure = FindMeasure(state, name); measure != nullptr) Remember(*measure, state);
  }
  const auto has_left = [&](const std::string& measure) {
    return std::find(event.measures().begin(), event.measures().end(), measure) != event.measures().end();
  };
  const auto leave = [](auto& parts, auto leaves) {
    parts.erase(std::remove_if(parts.begin(), parts.end(), leaves), parts.end());
  };
  leave(*state.mutable_measures(), [&](const MeasureRecord& each) { return has_left(each.plan().measure()); });
  leave(*state.mutable_floors(), [&](const Floor& each) { return has_left(each.measure()); });
  leave(*state.mutable_pauses(), [&](const PauseRecord& each) { return has_left(each.measure()); });
}

// The closing is taken back: all goes on but what nobody expected meanwhile.
void Reopen(const JourneyOpened& event, JourneyRecord& state) {
  state.set_open(true);
  state.set_closed(false);
  state.clear_coordinator();  // Another one may take the client.
  state.clear_coordinator_organisation();
  state.clear_close_us();
  state.clear_outcome();
  ClosedGap& gap = *state.add_gaps();
  gap.set_from_us(UsOf(event.reopened_after()));
  gap.set_to_us(UsOf(event.open_time()));
  if (state.gaps_size() > kGapsMax) state.mutable_gaps()->erase(state.gaps().begin());
  NoteIdle(gap.to_us(), state);
}

// What is known of the person and not of one journey. Work, study, a pension or a move say nothing any more once
// somebody has accepted a new referral; a death does, and so does a permission that was withdrawn.
void CarryOver(JourneyRecord& before, JourneyRecord& opened) {
  opened.set_restricted(before.restricted());
  opened.mutable_denials()->Swap(before.mutable_denials());
  opened.mutable_benefits()->Swap(before.mutable_benefits());
  opened.set_benefits_numbered(before.benefits_numbered());
  opened.set_outreach_day(before.outreach_day());
  opened.set_outreach_count(before.outreach_count());
  for (const CircumstanceRecord& each : before.circumstances()) {
    const bool is_of_person =
        each.circumstance() == CIRCUMSTANCE_DIED || each.circumstance() == CIRCUMSTANCE_PERMISSION_WITHDRAWN;
    if (is_of_person && each.to_us() == 0) *opened.add_circumstances() = each;
  }
}

void Apply(const JourneyOpened& event, JourneyRecord& state) {
  if (event.has_reopened_after()) return Reopen(event, state);
  // One behind a journey that has ended starts clean; only the numbering goes on, and what referral told of the person.
  JourneyRecord opened;
  opened.set_version(state.version());
  opened.set_interruptions_numbered(state.interruptions_numbered());
  opened.set_pauses_numbered(state.pauses_numbered());
  opened.set_transitions_numbered(state.transitions_numbered());
  opened.set_contacts_numbered(state.contacts_numbered());
  CarryOver(state, opened);
  opened.mutable_early()->Swap(state.mutable_early());
  opened.set_client(event.client());
  opened.set_open(true);
  opened.set_referral(event.referral());
  opened.set_pathway(event.pathway());
  opened.set_pathway_version(event.pathway_version());
  opened.set_rules_version(event.rules_version());
  opened.set_segment(event.segment());
  opened.set_responsible_party(event.responsible_party());
  opened.set_open_us(UsOf(event.open_time()));
  opened.set_assessment_open_us(opened.open_us());
  opened.set_assessment_deadline_us(UsOf(event.assessment_deadline()));
  opened.set_assessment_version(opened.version());
  NoteIdle(opened.open_us(), opened);
  opened.set_last_activity_us(opened.open_us());
  opened.set_activity_version(opened.version());
  state = std::move(opened);
}

void Apply(const polku::assessment::v1::AssessmentOpened& event, JourneyRecord& state) {
  // One after a cancelled or completed one has a clock of its own.
  if (!state.assessment().empty() && state.assessment() != event.assessment()) state.set_assessment_complete_us(0);
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

// No more is to be expected of it; a new one may follow.
void Apply(const polku::assessment::v1::AssessmentCancelled& event, JourneyRecord& state) {
  if (!state.assessment().empty() && state.assessment() != event.assessment()) return;
  state.set_assessment(event.assessment());
  state.set_assessment_complete_us(UsOf(event.cancel_time()));
  NoteIdle(state.assessment_complete_us(), state);
}

void Apply(const MeasureStarted& event, JourneyRecord& state);
void End(const std::string& name, MeasurePhase phase, const google::type::Date& day, EndReason reason,
         JourneyRecord& state);

// Nobody can have told of a measure that is not known but before a restore.
void NoteTold(const std::string& measure, JourneyRecord& state) {
  if (state.measures_told_size() < kToldMax && !IsTold(measure, state)) state.add_measures_told(measure);
}

// Takes out of `told` what it says of the measure.
template <class Told>
std::optional<Told> TakeTold(const std::string& measure, google::protobuf::RepeatedPtrField<Told>& told) {
  const auto found =
      std::find_if(told.begin(), told.end(), [&](const Told& each) { return each.measure() == measure; });
  if (found == told.end()) return std::nullopt;
  Told taken = *found;
  told.erase(found);
  return taken;
}

// What was told of it before its plan was known here.
void ApplyTold(const std::string& measure, JourneyRecord& state) {
  auto& told = *state.mutable_measures_told();
  told.erase(std::remove(told.begin(), told.end(), measure), told.end());
  if (const auto start = TakeTold(measure, *state.mutable_starts_told()); start.has_value()) Apply(*start, state);
  const auto end = TakeTold(measure, *state.mutable_completions_told());
  if (end.has_value()) End(measure, MEASURE_PHASE_COMPLETED, end->end_date(), END_REASON_UNSPECIFIED, state);
}

void AddMeasure(const polku::assessment::v1::PlannedMeasure& plan, const google::protobuf::Timestamp& approve_time,
                JourneyRecord& state) {
  if (FindMeasure(state, plan.measure()) != nullptr) return;
  MeasureRecord& measure = *state.add_measures();
  *measure.mutable_plan() = plan;
  measure.set_phase(MEASURE_PHASE_PLANNED);
  measure.set_approve_us(UsOf(approve_time));
  measure.set_approve_version(state.version());
  ApplyTold(plan.measure(), state);
}

void Apply(const polku::assessment::v1::PlanApproved& event, JourneyRecord& state) {
  for (const auto& plan : event.measures()) AddMeasure(plan, event.approve_time(), state);
}

bool HasSameSessions(const polku::assessment::v1::PlannedMeasure& a, const polku::assessment::v1::PlannedMeasure& b) {
  return std::equal(a.sessions().begin(), a.sessions().end(), b.sessions().begin(), b.sessions().end(),
                    [](const auto& left, const auto& right) {
                      return left.day() == right.day() && left.start_minute() == right.start_minute() &&
                             left.end_minute() == right.end_minute();
                    });
}

// Sessions up to the day of the approval stay as they were planned, also of a measure whose start before it is told
// later.
void Change(const polku::assessment::v1::PlannedMeasure& plan, absl::CivilDay approve_day, JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, plan.measure());
  if (measure == nullptr || HasEnded(*measure)) return;
  if (!HasSameSessions(measure->plan(), plan)) {
    EarlierSessions& earlier = *measure->add_earlier_sessions();
    *earlier.mutable_last_date() = pipeline::ToProtoDay(approve_day);
    *earlier.mutable_sessions() = measure->plan().sessions();
  }
  *measure->mutable_plan() = plan;
  measure->set_approve_version(state.version());
}

void Apply(const polku::assessment::v1::PlanRevised& event, JourneyRecord& state) {
  const absl::CivilDay day = LocalDay(FromProto(event.approve_time()));
  for (const auto& plan : event.added()) AddMeasure(plan, event.approve_time(), state);
  for (const auto& plan : event.changed()) Change(plan, day, state);
  for (const std::string& name : event.removed()) {
    const MeasureRecord* measure = FindMeasure(state, name);
    if (measure == nullptr || HasEnded(*measure)) continue;  // What ended by itself stays as it ended.
    End(name, MEASURE_PHASE_REMOVED, pipeline::ToProtoDay(day), END_REASON_UNSPECIFIED, state);
  }
}

void Apply(const MeasureStarted& event, JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, event.measure());
  if (measure == nullptr) {
    NoteTold(event.measure(), state);
    if (state.starts_told_size() < kToldMax) *state.add_starts_told() = event;
    return;
  }
  measure->set_phase(MEASURE_PHASE_RUNNING);
  *measure->mutable_start_date() = event.start_date();
  measure->set_start_version(state.version());
  // It may have started before, by mistake; what was agreed about its misses then binds the new start too.
  if (const Floor* floor = FindFloor(state, RULE_MISSED_ATTENDANCE, event.measure()); floor != nullptr) {
    measure->set_floor_session(Schedule(*measure).CountEndedBy(At(floor->counted_from_us())));
  }
  NoteActivity(StartUs(event.start_date()), state);
}

void Apply(const AttendanceRecorded& event, JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, event.mark().measure());
  if (measure == nullptr) return;
  const bool was_present = event.ordinal() >= 0 && IsPresent(MarkAt(measure->sessions(), event.ordinal()));
  if (event.ordinal() >= 0) SetMark(*measure->mutable_sessions(), event.ordinal(), MarkOf(event.mark(), *measure));
  if (event.mark().status() != ATTENDANCE_STATUS_PRESENT) {
    if (was_present) ForgetActivity(event.session_end_us(), state);
    return;
  }
  if (event.ordinal() < 0) {
    measure->set_last_unplanned_us(std::max(measure->last_unplanned_us(), event.session_end_us()));
  }
  NoteActivity(event.session_end_us(), state);
}

void Apply(const ContactRecorded& event, JourneyRecord& state) {
  const int64_t contact_us = UsOf(event.contact_time());
  NoteActivity(contact_us, state);
  NoteContact(event.organisation(), contact_us, event.kind() == CONTACT_KIND_MEETING, state);
  state.set_contacts_numbered(state.contacts_numbered() + 1);
}

void Apply(const polku::coordinator_network::v1::MeetingHeld& event, JourneyRecord& state) {
  const int64_t start_us = UsOf(event.start_time());
  NoteActivity(start_us, state);
  for (const std::string& organisation : event.organisations()) {
    NoteContact(organisation, start_us, /*meeting=*/true, state);
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
  NoteEnd(*measure, state);
}

void Apply(const MeasureInterrupted& event, JourneyRecord& state) {
  if (!event.measure().empty() && FindMeasure(state, event.measure()) == nullptr) NoteTold(event.measure(), state);
  InterruptionRecord& interruption = *state.add_interruptions();
  interruption.set_interruption(event.interruption());
  interruption.set_rule(event.rule());
  interruption.set_measure(event.measure());
  interruption.set_point(event.statutory_point());
  interruption.set_counted_from_us(UsOf(event.counted_from()));
  interruption.set_due_us(UsOf(event.due_time()));
  interruption.set_anchor_us(event.has_anchor_time() ? UsOf(event.anchor_time()) : 0);
  interruption.set_last_miss_us(event.has_last_miss_time() ? UsOf(event.last_miss_time()) : 0);
  state.set_interruptions_numbered(state.interruptions_numbered() + 1);
}

void Apply(const InterruptionAmended& event, JourneyRecord& state) {
  InterruptionRecord* interruption = MutableInterruption(state, event.interruption());
  if (interruption == nullptr) return;
  interruption->set_counted_from_us(UsOf(event.counted_from()));
  interruption->set_due_us(UsOf(event.due_time()));
  interruption->set_anchor_us(event.has_anchor_time() ? UsOf(event.anchor_time()) : 0);
  interruption->set_last_miss_us(event.has_last_miss_time() ? UsOf(event.last_miss_time()) : 0);
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
  if (ended.rule() == RULE_UNSPECIFIED) return;
  // What only stands in a pause's way is found again should the pause turn out to be none; and a session behind the
  // end of the measure says nothing about the ones before.
  const MeasureRecord* measure = FindMeasure(state, ended.measure());
  const bool is_behind_end = measure != nullptr && HasEnded(*measure) &&
                             ended.last_miss_us() > Micros(EndOfDay(FromProto(measure->end_date())));
  if (ended.rule() == RULE_MISSED_ATTENDANCE && !event.suppressed() && !is_behind_end) {
    auto& runs = *FloorOf(state, ended.rule(), ended.measure(), ended.point()).mutable_retracted();
    if (runs.size() == kRetractedMax) runs.erase(runs.begin());
    RetractedRun& run = *runs.Add();
    run.set_from_us(ended.counted_from_us());
    run.set_to_us(ended.last_miss_us());
  }
  auto& retracted = *state.mutable_retracted();
  if (retracted.size() == kRetractedMax) retracted.erase(retracted.begin());
  RetractedRecord& record = *retracted.Add();
  record.set_interruption(ended.interruption());
  record.set_rule(ended.rule());
  record.set_measure(ended.measure());
  record.set_point(ended.point());
  TrimLaterActivity(state);
}

// The rule counts from there, and is due no sooner than was agreed.
void Settle(Rule rule, const std::string& name, const std::string& point, int64_t settle_us,
            const google::type::Date* next_step, JourneyRecord& state) {
  MeasureRecord* measure = MutableMeasure(state, name);
  NoteIdle(settle_us, state);
  if (!name.empty() && measure == nullptr && !IsTold(name, state)) return;
  Floor& floor = FloorOf(state, rule, name, point);
  floor.set_counted_from_us(std::max(settle_us, floor.counted_from_us()));
  if (floor.retracted_miss_us() <= settle_us) floor.clear_retracted_miss_us();
  auto& runs = *floor.mutable_retracted();
  runs.erase(
      std::remove_if(runs.begin(), runs.end(), [&](const RetractedRun& run) { return run.to_us() <= settle_us; }),
      runs.end());
  if (next_step != nullptr) {
    floor.set_not_before_us(std::max(floor.not_before_us(), Micros(EndOfDay(FromProto(*next_step)))));
  }
  if (rule == RULE_MISSED_ATTENDANCE && measure != nullptr && measure->has_start_date()) {
    measure->set_floor_session(std::max(measure->floor_session(), Schedule(*measure).CountEndedBy(At(settle_us))));
  }
}

void RememberResolution(const InterruptionRecord& ended, int64_t resolve_us, JourneyRecord& state) {
  if (state.resolved_size() == kResolvedMax) state.mutable_resolved()->erase(state.resolved().begin());
  ResolvedRecord& record = *state.add_resolved();
  int ordinal = 0;
  if (absl::SimpleAtoi(LastSegment(ended.interruption()), &ordinal)) record.set_ordinal(ordinal);
  record.set_rule(ended.rule());
  record.set_measure(ended.measure());
  record.set_point(ended.point());
  record.set_resolve_us(resolve_us);
  if (const Floor* floor = FindFloor(state, ended.rule(), ended.measure(), ended.point()); floor != nullptr) {
    *record.mutable_floor_before() = *floor;
  }
  if (const MeasureRecord* measure = FindMeasure(state, ended.measure()); measure != nullptr) {
    record.set_floor_session_before(measure->floor_session());
  }
  record.set_idle_settled_before_us(state.idle_settled_us());
  record.set_idle_settled_before_version(state.idle_settled_version());
}

void Apply(const InterruptionResolved& event, JourneyRecord& state) {
  const InterruptionRecord ended = TakeInterruption(event.interruption(), state);
  if (ended.rule() == RULE_UNSPECIFIED) return;
  RememberResolution(ended, UsOf(event.resolve_time()), state);
  Settle(ended.rule(), ended.measure(), ended.point(), UsOf(event.resolve_time()),
         event.has_next_step_date() ? &event.next_step_date() : nullptr, state);
  TrimLaterActivity(state);
}

void Apply(const OutreachSettled& event, JourneyRecord& state) {
  auto& retracted = *state.mutable_retracted();
  retracted.erase(std::remove_if(retracted.begin(), retracted.end(),
                                 [&](const auto& each) { return each.interruption() == event.interruption(); }),
                  retracted.end());
  Settle(event.rule(), event.measure(), event.point(), UsOf(event.settle_time()),
         event.has_next_step_date() ? &event.next_step_date() : nullptr, state);
  TrimLaterActivity(state);
}

void Apply(const SessionsRedrawn& event, JourneyRecord& state) {
  if (MeasureRecord* measure = MutableMeasure(state, event.measure()); measure != nullptr) {
    measure->set_sessions(event.sessions());
  }
}

void Apply(const HoldsChanged& event, JourneyRecord& state) {
  *state.mutable_holds() = event.holds();
  TrimLaterActivity(state);
}

void Apply(const ReportingIntervalLearned& event, JourneyRecord& state) {
  if (MeasureRecord* measure = MutableMeasure(state, event.measure()); measure != nullptr) {
    measure->set_reporting_interval_us(event.interval_us());
  }
}

// Measures and agreements stay for a reopening; nothing is found or asked for meanwhile.
void Apply(const JourneyClosed& event, JourneyRecord& state) {
  state.set_open(false);
  state.set_closed(true);
  state.set_close_us(UsOf(event.close_time()));
  state.set_outcome(event.outcome());
  state.clear_interruptions();
  state.clear_holds();
  state.clear_early();
  state.clear_later_activity_us();
  state.clear_retracted();
  state.clear_resolved();
  state.clear_outreach_held_until_us();
  state.clear_outreach_hold_reason();
}

// Nothing of the person stays, and nothing that still comes is taken.
void Erase(JourneyRecord& state) {
  const int64_t version = state.version();
  state.Clear();
  state.set_version(version);
  state.set_closed(true);
  state.set_erased(true);
}

// Facts of peers.
bool EvolvePeerFact(const JourneyEvent& event, JourneyRecord& state) {
  switch (event.event_case()) {
    case JourneyEvent::kAssessmentOpened:
      Apply(event.assessment_opened(), state);
      return true;
    case JourneyEvent::kAssessmentCompleted:
      Apply(event.assessment_completed(), state);
      return true;
    case JourneyEvent::kAssessmentCancelled:
      Apply(event.assessment_cancelled(), state);
      return true;
    case JourneyEvent::kSessionHeld:
      NoteActivity(UsOf(event.session_held().start_time()), state);
      return true;
    case JourneyEvent::kPlanApproved:
      Apply(event.plan_approved(), state);
      return true;
    case JourneyEvent::kPlanRevised:
      Apply(event.plan_revised(), state);
      return true;
    case JourneyEvent::kAssignmentAccepted:
      state.set_coordinator(event.assignment_accepted().coordinator());
      state.set_coordinator_organisation(event.assignment_accepted().organisation());
      return true;
    case JourneyEvent::kCoordinatorReplaced:
      state.set_coordinator(event.coordinator_replaced().to());
      state.clear_coordinator_organisation();  // The acceptance behind it tells.
      return true;
    case JourneyEvent::kOutreachCompleted:  // It ends a step, whatever has become of its interruption.
      NoteIdle(UsOf(event.outreach_completed().complete_time()), state);
      return true;
    case JourneyEvent::kMeetingHeld:
      Apply(event.meeting_held(), state);
      return true;
    case JourneyEvent::kClientErased:
      Erase(state);
      return true;
    default:
      return EvolveAgreement(event, state);
  }
}

}  // namespace

void Evolve(const JourneyEvent& event, JourneyRecord& state) {
  state.set_version(state.version() + 1);
  if (EvolvePeerFact(event, state) || EvolveOutreach(event, state) || EvolveImport(event, state)) return;
  switch (event.event_case()) {
    case JourneyEvent::kJourneyOpened:
      return Apply(event.journey_opened(), state);
    case JourneyEvent::kMeasureStarted:
      return Apply(event.measure_started(), state);
    case JourneyEvent::kAttendanceRecorded:
      return Apply(event.attendance_recorded(), state);
    case JourneyEvent::kAttendanceMissed:
      return Apply(event.attendance_missed(), state);
    case JourneyEvent::kMeasureCompleted:
      if (FindMeasure(state, event.measure_completed().measure()) == nullptr) {
        NoteTold(event.measure_completed().measure(), state);
        if (state.completions_told_size() < kToldMax) *state.add_completions_told() = event.measure_completed();
        return;
      }
      return End(event.measure_completed().measure(), MEASURE_PHASE_COMPLETED, event.measure_completed().end_date(),
                 END_REASON_UNSPECIFIED, state);
    case JourneyEvent::kMeasureEndedEarly:
      return End(event.measure_ended_early().measure(), MEASURE_PHASE_ENDED_EARLY,
                 event.measure_ended_early().end_date(), event.measure_ended_early().reason(), state);
    case JourneyEvent::kContactRecorded:
      return Apply(event.contact_recorded(), state);
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
    case JourneyEvent::kOutreachSettled:
      return Apply(event.outreach_settled(), state);
    case JourneyEvent::kSessionsRedrawn:
      return Apply(event.sessions_redrawn(), state);
    case JourneyEvent::kMeasuresLeft:
      return Apply(event.measures_left(), state);
    default:
      return EvolveVoid(event, state);
  }
}

}  // namespace polku::follow_up
