// What the state remembers of the client's activity and of the steps that ended: the clocks of R5 and R3.
#pragma once

#include <cstdint>

#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

void NoteActivity(int64_t time_us, polku::follow_up::v1::JourneyRecord& state);
// It was a mistake: the clock counts from the activity before it, as far as that is remembered. What was found
// from it stays counted from there.
void ForgetActivity(int64_t time_us, polku::follow_up::v1::JourneyRecord& state);
// The activity behind an open or held R5, so that a late fact can bridge its gap; none is kept for nothing.
void TrimLaterActivity(polku::follow_up::v1::JourneyRecord& state);

// A step ended that nobody takes back: the assessment, a resolution.
void NoteIdle(int64_t since_us, polku::follow_up::v1::JourneyRecord& state);
// A measure ended.
void NoteEnd(const polku::follow_up::v1::MeasureRecord& measure, polku::follow_up::v1::JourneyRecord& state);
// The measure is forgotten: its end is not taken back any more.
void KeepEnd(const polku::follow_up::v1::MeasureRecord& measure, polku::follow_up::v1::JourneyRecord& state);
// A measure that had ended has not: counts again from the latest of what did end.
void CountIdleAgain(polku::follow_up::v1::JourneyRecord& state);

}  // namespace polku::follow_up
