// Texts of configuration values to values and back. Every error is kInvalidArgument and says what was
// expected, without the text itself (it may be a secret in the wrong place).
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace polku::config {

// "true" or "false".
absl::StatusOr<bool> ParseBool(absl::string_view text);

// Decimal, within [least, most].
absl::StatusOr<int64_t> ParseInteger(absl::string_view text, int64_t least, int64_t most);

// A number with a unit, "5s", "1h30m", "250ms": ns, us, ms, s, m, h. A bare number is refused, 0 too.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text, absl::Duration least, absl::Duration most);

// A whole number with a unit: "512B", "64KiB", "4MiB", "1GiB". Powers of two only; a bare number is refused.
absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t least, int64_t most);
// In the largest unit that gives a whole number.
std::string FormatBytes(int64_t bytes);

}  // namespace polku::config
