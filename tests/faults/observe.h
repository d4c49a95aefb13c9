// Reads an observation from databases and topics.
#pragma once

#include <set>
#include <string>

#include "absl/status/status.h"
#include "tests/faults/observation.h"

namespace polku::faults {

// The services whose topics `service` reads.
std::set<std::string> PeersOf(const std::string& service);

// Databases only. Errors: kUnavailable.
absl::Status ReadDatabases(const Fleet& fleet, Observation& seen);
// Topics, offsets and programs beside them.
absl::Status ReadRest(Fleet& fleet, Observation& seen);

}  // namespace polku::faults
