// Files that nobody but the user of the process may read.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace polku {

// Makes the file if there is none, and takes the rights of everybody else away, before anything is in it.
// Errors: kFailedPrecondition naming the file.
absl::Status MakePrivateFile(const std::string& path);

}  // namespace polku
