// Reads an observation from databases and topics.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/faults/observation.h"

namespace polku::faults {

// Of PostgreSQL's answer every value as a text; NULL is empty. Errors: kUnavailable.
absl::StatusOr<std::vector<std::vector<std::string>>> Query(const std::string& target, const std::string& sql);

// The services whose topics `service` reads.
std::set<std::string> PeersOf(const std::string& service);

// Databases only. Errors: kUnavailable.
absl::Status ReadDatabases(const Fleet& fleet, Observation& seen);
// Topics, offsets and programs beside them.
absl::Status ReadRest(Fleet& fleet, Observation& seen);

}  // namespace polku::faults
