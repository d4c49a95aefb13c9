// What a record that was a mistake leaves behind.
#pragma once

#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// Folds in a RecordVoided or ContactVoided; anything else changes nothing.
// Mistakes, and what was imported.
void EvolveVoid(const polku::follow_up::v1::JourneyEvent& event, polku::follow_up::v1::JourneyRecord& state);

}  // namespace polku::follow_up
