// The parameters $1, $2, ... in the common query text.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace polku::store {

// Writes $1 as ?1 outside of quoted text and comments: SQLite takes $1 for a *named* parameter
// and numbers it by first appearance.
std::string RewriteParameters(absl::string_view sql);

// The highest number of a parameter; 0 without any.
int HighestParameter(absl::string_view sql);

}  // namespace polku::store
