// A provider speaks for its own measures, and learns of nobody else's clients.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

inline constexpr char kProviderRole[] = "provider";

// For a command in that role, before anything else is looked at. A client with no measure of the organisation's among
// those that the state still has is not followed here, as far as it can tell, and another one's measure is not there.
// Errors: kNotFound, in the words for what does not exist.
absl::Status CheckOwnClient(const polku::follow_up::v1::JourneyInput& input,
                            const polku::follow_up::v1::JourneyRecord& journey, absl::string_view organisation);

}  // namespace polku::follow_up
