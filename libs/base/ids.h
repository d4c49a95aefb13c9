// Ids of things that we name ourselves.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/random.h"

namespace polku {

// A version 7 UUID (RFC 9562, 5.7) as 36 lower-case characters. Ids of a later millisecond
// sort after those of an earlier one; within one millisecond the order is random.
// A `now` before 1970 counts as 1970. The id reveals when it was made.
std::string NewUuidV7(absl::Time now, Random& random);

// Whether `text` is a UUID of any version in lower-case text form. Upper case is refused,
// though the RFC allows readers to take it: an id is a key, so it has one spelling.
bool IsUuid(absl::string_view text);

}  // namespace polku
