#include "services/follow-up/domain/evolve_outreach.h"

#include <algorithm>
#include <string>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/activity.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;

int64_t UsOf(const google::protobuf::Timestamp& timestamp) { return Micros(FromProto(timestamp)); }
int64_t StartUs(const google::type::Date& date) { return Micros(StartOfDay(FromProto(date))); }

InterruptionRecord* MutableInterruption(JourneyRecord& state, const std::string& interruption) {
  for (InterruptionRecord& each : *state.mutable_interruptions()) {
    if (each.interruption() == interruption) return &each;
  }
  return nullptr;
}

void Apply(const polku::coordinator_network::v1::OutreachAttempted& event, JourneyRecord& state) {
  using namespace polku::coordinator_network::v1;  // NOLINT: its enumerators.
  const int64_t attempt_us = UsOf(event.attempt_time());
  InterruptionRecord* open = MutableInterruption(state, event.interruption());
  switch (event.outcome()) {
    case ATTEMPT_OUTCOME_REACHED_WILL_RETURN:
    case ATTEMPT_OUTCOME_REACHED_CALL_LATER:
    case ATTEMPT_OUTCOME_REACHED_REFUSES:
    case ATTEMPT_OUTCOME_REACHED_NEEDS_CHANGED:
      break;
    case ATTEMPT_OUTCOME_NUMBER_INVALID:
    case ATTEMPT_OUTCOME_NO_CONTACT_DETAILS:
      if (open != nullptr) open->set_useless_us(std::max(open->useless_us(), attempt_us));
      return;
    default:
      return;  // An attempt that reached nobody is no contact.
  }
  NoteActivity(attempt_us, state);
  if (open == nullptr) return;
  // The client can be reached: the next rung has time from here on, or from the day that was agreed.
  const int64_t from_us = event.has_call_back_date() ? StartUs(event.call_back_date()) : attempt_us;
  open->set_ladder_from_us(std::max({open->ladder_from_us(), attempt_us, from_us}));
  open->clear_useless_us();
}

void Apply(const OutreachRequested& event, JourneyRecord& state) {
  InterruptionRecord* open = MutableInterruption(state, event.interruption());
  if (open == nullptr) return;
  open->set_ladder_from_us(UsOf(event.request_time()));
  open->clear_stage();
}

void Apply(const OutreachAsked& event, JourneyRecord& state) {
  const int day = DayNumberOf(LocalDay(FromProto(event.ask_time())));
  state.set_outreach_count(state.outreach_day() == day ? state.outreach_count() + 1 : 1);
  state.set_outreach_day(day);
  InterruptionRecord* open = MutableInterruption(state, event.interruption());
  if (open != nullptr) open->set_stage(OUTREACH_STAGE_ASKED);
}

void Apply(const OutreachLetThrough& event, JourneyRecord& state) {
  InterruptionRecord* open = MutableInterruption(state, event.interruption());
  if (open != nullptr) open->set_stage(OUTREACH_STAGE_LET_THROUGH);
}

void Apply(const OutreachEscalated& event, JourneyRecord& state) {
  InterruptionRecord* open = MutableInterruption(state, event.interruption());
  if (open == nullptr) return;
  open->set_rung(event.rung());
  open->clear_useless_us();
}

void Apply(const LaddersMoved& event, JourneyRecord& state) {
  for (const MovedLadder& moved : event.ladders()) {
    InterruptionRecord* open = MutableInterruption(state, moved.interruption());
    if (open != nullptr) open->set_ladder_from_us(moved.from_us());
  }
}

}  // namespace

bool EvolveOutreach(const JourneyEvent& event, JourneyRecord& state) {
  switch (event.event_case()) {
    case JourneyEvent::kOutreachAttempted:
      Apply(event.outreach_attempted(), state);
      return true;
    case JourneyEvent::kOutreachRequested:
      Apply(event.outreach_requested(), state);
      return true;
    case JourneyEvent::kOutreachAsked:
      Apply(event.outreach_asked(), state);
      return true;
    case JourneyEvent::kOutreachLetThrough:
      Apply(event.outreach_let_through(), state);
      return true;
    case JourneyEvent::kOutreachEscalated:
      Apply(event.outreach_escalated(), state);
      return true;
    case JourneyEvent::kLaddersMoved:
      Apply(event.ladders_moved(), state);
      return true;
    default:
      return false;
  }
}

}  // namespace polku::follow_up
