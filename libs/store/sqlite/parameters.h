// From the common query text to SQLite's.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace polku::store::sqlite {

// Writes $1 as ?1 outside of quoted text and comments: SQLite takes $1 for a *named* parameter
// and numbers it by first appearance.
std::string RewriteParameters(absl::string_view sql);

}  // namespace polku::store::sqlite
