#include "services/follow-up/domain/evolve_void.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/activity.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

int64_t StartUs(const google::type::Date& date) { return Micros(StartOfDay(pipeline::FromProto(date))); }

// A measure that has left the state comes back with what was known of it.
void BringBack(const std::string& name, JourneyRecord& state) {
  auto& left = *state.mutable_left();
  const auto place = std::find_if(left.begin(), left.end(),
                                  [&](const LeftMeasure& each) { return each.measure().plan().measure() == name; });
  if (place == left.end()) return;
  *state.add_measures() = place->measure();
  state.mutable_pauses()->MergeFrom(place->pauses());
  state.mutable_floors()->MergeFrom(place->floors());
  left.erase(place);
}

void VoidEnd(MeasureRecord& measure, JourneyRecord& state) {
  measure.set_phase(measure.has_start_date() ? MEASURE_PHASE_RUNNING : MEASURE_PHASE_PLANNED);
  measure.clear_end_date();
  measure.clear_end_reason();
  measure.clear_end_version();
  CountIdleAgain(state);
}

// Whether another measure began at that instant too.
bool StartsWithAnother(const MeasureRecord& measure, const JourneyRecord& state) {
  const int64_t start_us = StartUs(measure.start_date());
  const auto is_other = [&](const MeasureRecord& each) {
    return each.plan().measure() != measure.plan().measure() && each.has_start_date() &&
           StartUs(each.start_date()) == start_us;
  };
  return std::any_of(state.measures().begin(), state.measures().end(), is_other) ||
         std::any_of(state.left().begin(), state.left().end(),
                     [&](const LeftMeasure& left) { return is_other(left.measure()); });
}

// Marks stay in their table; they count again once the measure has started anew.
void VoidStart(MeasureRecord& measure, JourneyRecord& state) {
  if (!StartsWithAnother(measure, state)) ForgetActivity(StartUs(measure.start_date()), state);
  measure.set_phase(MEASURE_PHASE_PLANNED);
  measure.set_start_voided(true);
  measure.clear_start_date();
  measure.clear_start_version();
  measure.clear_sessions();
  measure.clear_floor_session();
  measure.clear_misses();
}

// A floor that a later resolution has raised since stays as that one left it.
void RestoreFloor(const ResolvedRecord& resolved, JourneyRecord& state) {
  auto& floors = *state.mutable_floors();
  for (auto floor = floors.begin(); floor != floors.end(); ++floor) {
    const bool is_its = floor->rule() == resolved.rule() && floor->measure() == resolved.measure() &&
                        floor->point() == resolved.point() && floor->counted_from_us() == resolved.resolve_us();
    if (!is_its) continue;
    if (resolved.has_floor_before()) {
      *floor = resolved.floor_before();
    } else {
      floors.erase(floor);
    }
    break;
  }
  for (MeasureRecord& measure : *state.mutable_measures()) {
    if (resolved.rule() == RULE_MISSED_ATTENDANCE && measure.plan().measure() == resolved.measure()) {
      measure.set_floor_session(resolved.floor_session_before());
    }
  }
}

// Nothing had been resolved: the rules count as before.
void VoidResolution(const std::string& name, JourneyRecord& state) {
  auto& all = *state.mutable_resolved();
  const auto place = std::find_if(all.begin(), all.end(), [&](const ResolvedRecord& each) {
    return name == absl::StrCat(state.client(), "/interruptions/", each.ordinal());
  });
  if (place == all.end()) return;
  const ResolvedRecord resolved = *place;
  all.erase(place);
  // What had been resolved was perhaps the last that was to be found about its measure.
  if (FindMeasure(state, resolved.measure()) == nullptr) BringBack(resolved.measure(), state);
  RestoreFloor(resolved, state);
  if (state.idle_settled_us() != resolved.resolve_us()) return;  // Another step has ended since.
  state.set_idle_settled_us(resolved.idle_settled_before_us());
  state.set_idle_settled_version(resolved.idle_settled_before_version());
  CountIdleAgain(state);
}

void Apply(const RecordVoided& event, JourneyRecord& state) {
  if (event.record() == VOIDED_RECORD_CONTACT) return;  // ContactVoided tells the rest.
  if (event.record() == VOIDED_RECORD_RESOLUTION) return VoidResolution(event.name(), state);
  if (FindMeasure(state, event.name()) == nullptr) BringBack(event.name(), state);
  for (MeasureRecord& measure : *state.mutable_measures()) {
    if (measure.plan().measure() != event.name()) continue;
    return event.record() == VOIDED_RECORD_MEASURE_END ? VoidEnd(measure, state) : VoidStart(measure, state);
  }
}

void Apply(const ContactVoided& event, JourneyRecord& state) {
  ForgetActivity(event.contact_us(), state);
  if (!state.has_transition()) return;
  state.mutable_transition()->set_contact_us(event.first_contact_us());
  state.mutable_transition()->set_meeting_us(event.first_meeting_us());
}

}  // namespace

void EvolveVoid(const JourneyEvent& event, JourneyRecord& state) {
  if (event.has_record_voided()) Apply(event.record_voided(), state);
  if (event.has_contact_voided()) Apply(event.contact_voided(), state);
}

}  // namespace polku::follow_up
