// Evolve for what people agree on and record: pauses, transitions, circumstances, closures.
#pragma once

#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// False when the event is none of these.
bool EvolveAgreement(const polku::follow_up::v1::JourneyEvent& event, polku::follow_up::v1::JourneyRecord& state);

}  // namespace polku::follow_up
