// A probe for where no HTTP client is installed.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace polku::ops {

// Asks the operations port at that address for /readyz.
// Errors: kUnavailable, with the names of what is not ready, or that nobody answers in time.
absl::Status AskReady(const std::string& address, int port);

}  // namespace polku::ops
