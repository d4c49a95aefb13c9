// What a coordinator's profile may hold.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "polku/coordinator_network/v1/api.pb.h"

namespace polku::coordinator_network {

// The profile to keep under `name`: lists sorted and without repeats, output-only fields cleared.
// Errors: kInvalidArgument with every field that is wrong, below "coordinator".
absl::StatusOr<polku::coordinator_network::v1::Coordinator> ProfileFrom(
    const std::string& name, const polku::coordinator_network::v1::Coordinator& given);

// The absences to keep, by start.
// Errors: kInvalidArgument naming the field: days in the wrong order or of two absences, a substitute who
// is no coordinator or the absent one.
absl::StatusOr<std::vector<polku::coordinator_network::v1::Absence>> AbsencesFrom(
    const polku::coordinator_network::v1::SetAbsencesRequest& request);

// Errors: kInvalidArgument naming the field.
absl::Status CheckHandOver(const polku::coordinator_network::v1::HandOverRequest& request);

}  // namespace polku::coordinator_network
