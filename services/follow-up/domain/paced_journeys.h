// A dry run over many journeys and the change behind it, so many at a time: what the aggregates of rule sets and of
// moves have in common. `Record` is RuleSetRecord or JourneyMoveRecord, whose fields are called alike.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {

inline constexpr int kJourneysAStep = 500;
inline constexpr absl::Duration kJourneysStepInterval = absl::Minutes(1);
// A journey that is erased meanwhile never answers.
inline constexpr absl::Duration kJourneyAnswerMax = absl::Hours(1);

// Whether every journey has been asked and has answered, or has had the time to.
template <class Record>
bool IsTried(const Record& state, int64_t now_us) {
  if (state.try_us() == 0 || state.next_step_us() != 0) return false;
  return state.answered() >= state.asked() || now_us - state.try_us() > absl::ToInt64Microseconds(kJourneyAnswerMax);
}

template <class Record>
bool IsStepDue(const Record& state, const pipeline::Context& context) {
  return state.next_step_us() != 0 && Micros(context.now) >= state.next_step_us();
}

// Adds `step_to(client)` for each of the next clients by the rows of the lookup, in their order, and notes it.
template <class Event, class Stepped, class StepTo>
void StepOn(const pipeline::Context& context, const StepTo& step_to, Stepped& stepped,
            pipeline::Decision<Event>& decision) {
  if (!context.lookups.empty()) {
    for (const store::Row& row : context.lookups[0]) {
      stepped.set_after_client(std::get<std::string>(row[0]));
      decision.steps.push_back(step_to(stepped.after_client()));
    }
  }
  stepped.set_journeys(static_cast<int32_t>(decision.steps.size()));
  if (decision.steps.size() == kJourneysAStep) {
    *stepped.mutable_next_time() = pipeline::ToProto(context.now + kJourneysStepInterval);
  }
}

template <class Stepped, class Record>
void NoteStep(const Stepped& stepped, Record& state) {
  if (state.activate_us() == 0) state.set_asked(state.asked() + stepped.journeys());
  state.set_after_client(stepped.after_client());
  state.set_next_step_us(stepped.has_next_time() ? Micros(pipeline::FromProto(stepped.next_time())) : 0);
}

}  // namespace polku::follow_up
