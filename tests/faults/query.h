// Reads databases from outside, while their programs run.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace polku::faults {

// Every value as a text; NULL is empty. `target` is a connection string of libpq or, beginning with "/", an SQLite
// file. Errors: kUnavailable.
absl::StatusOr<std::vector<std::vector<std::string>>> Query(const std::string& target, const std::string& sql);

}  // namespace polku::faults
