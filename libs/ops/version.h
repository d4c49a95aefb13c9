// What a program says of itself when asked for --version.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace polku::ops {

// "polku-referral 0.1.0 (a1b2c3d)"
std::string VersionLine(absl::string_view program);

}  // namespace polku::ops
