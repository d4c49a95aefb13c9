#pragma once

#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// Folds in what becomes of the outreach of an open interruption. False when the event is about something else.
bool EvolveOutreach(const polku::follow_up::v1::JourneyEvent& event, polku::follow_up::v1::JourneyRecord& state);

}  // namespace polku::follow_up
