// What a coordinator's profile may hold.
#pragma once

#include "absl/status/statusor.h"
#include "polku/coordinator_network/v1/api.pb.h"

namespace polku::coordinator_network {

// The profile to keep: named, lists sorted and without repeats, output-only fields cleared.
// Errors: kInvalidArgument with every field that is wrong.
absl::StatusOr<polku::coordinator_network::v1::Coordinator> ProfileFrom(
    const polku::coordinator_network::v1::RegisterCoordinatorRequest& request);

}  // namespace polku::coordinator_network
