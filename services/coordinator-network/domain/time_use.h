// How a coordinator's working time is recorded.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {

// What DecideTimeUse wants: minutes of other entries on that day, and the entry that is replaced.
std::vector<pipeline::Lookup> TimeUseLookups(const std::string& coordinator,
                                             const polku::coordinator_network::v1::RecordTimeUseRequest& request);

// A new entry with the next number, or the earlier one as it is from now on.
// `activities` are the codes that may be used.
// Errors: kInvalidArgument naming the field; kNotFound (COORDINATOR_UNKNOWN, TIME_USE_UNKNOWN).
absl::StatusOr<pipeline::Decision<polku::coordinator_network::v1::CoordinatorEvent>> DecideTimeUse(
    const polku::coordinator_network::v1::CoordinatorRecord& state,
    const polku::coordinator_network::v1::RecordTimeUseRequest& request, const std::vector<std::string>& activities,
    const pipeline::Context& context);

void ApplyTimeUse(const polku::coordinator_network::v1::TimeUseRecorded& recorded,
                  polku::coordinator_network::v1::CoordinatorRecord& state);

pipeline::IndexRow TimeUseRow(const polku::coordinator_network::v1::TimeUseRecorded& recorded);

}  // namespace polku::coordinator_network
