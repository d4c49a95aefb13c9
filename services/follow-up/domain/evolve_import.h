#pragma once

#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// Folds an event of the go-live or a move to other rules in. False when it is none.
bool EvolveImport(const polku::follow_up::v1::JourneyEvent& event, polku::follow_up::v1::JourneyRecord& state);

}  // namespace polku::follow_up
