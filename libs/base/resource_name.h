// Resource names (AIP-122): "clients/<uuid>", "clients/<uuid>/measures/3", "coordinators/ada".
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace polku {

// "clients/C" of a name "clients/C" or "clients/C/...", where C is a lower-case UUID; otherwise
// none. What stands behind the client is not looked at: IsResourceName does that.
std::optional<std::string> ClientOf(absl::string_view name);

// Whether `name` has the segments of `pattern`, as in "clients/*/measures/*". A '*' stands for one
// segment of 1 to 63 of [a-z0-9-]; every other segment for itself.
bool IsResourceName(absl::string_view name, absl::string_view pattern);

// The last segment: "3" of "clients/C/measures/3". The whole text when there is no slash.
absl::string_view LastSegment(absl::string_view name);

}  // namespace polku
