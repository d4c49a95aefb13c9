// Small files, whole.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace polku {

// Errors: kFailedPrecondition naming a file that cannot be read.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace polku
