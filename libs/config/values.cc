#include "libs/config/values.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace polku::config {
namespace {

struct ByteUnit {
  absl::string_view name;
  int64_t bytes;
};
// Largest first.
constexpr ByteUnit kByteUnits[] = {{"GiB", int64_t{1} << 30}, {"MiB", int64_t{1} << 20}, {"KiB", 1 << 10}, {"B", 1}};

template <class... Parts>
absl::Status Expected(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("expected ", parts...));
}

}  // namespace

absl::StatusOr<bool> ParseBool(absl::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Expected("true or false");
}

absl::StatusOr<int64_t> ParseInteger(absl::string_view text, int64_t least, int64_t most) {
  int64_t value = 0;
  const bool plain = !text.empty() && (absl::ascii_isdigit(text[0]) || text[0] == '-');
  if (!plain || !absl::SimpleAtoi(text, &value) || absl::ascii_isspace(text.back()) || value < least || value > most) {
    return Expected("a whole number from ", least, " to ", most);
  }
  return value;
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text, absl::Duration least, absl::Duration most) {
  absl::Duration value;
  // absl takes "0", "inf" and a "+" too.
  const bool shape = text.size() >= 2 && (absl::ascii_isdigit(text[0]) || text[0] == '-' || text[0] == '.') &&
                     absl::ascii_isalpha(text.back()) && text.find("inf") == absl::string_view::npos;
  if (!shape || !absl::ParseDuration(text, &value)) {
    return Expected("a duration with a unit, such as 250ms, 5s or 1h30m");
  }
  if (value < least || value > most) {
    return Expected("a duration from ", absl::FormatDuration(least), " to ", absl::FormatDuration(most));
  }
  return value;
}

absl::StatusOr<int64_t> ParseBytes(absl::string_view text, int64_t least, int64_t most) {
  const auto digits_end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); }) - text.begin();
  const absl::string_view unit = text.substr(digits_end);
  const auto* found = std::find_if(std::begin(kByteUnits), std::end(kByteUnits),
                                   [&](const ByteUnit& known) { return known.name == unit; });
  int64_t count = 0;
  if (found == std::end(kByteUnits) || !absl::SimpleAtoi(text.substr(0, digits_end), &count)) {
    return Expected("a size with a unit, such as 512B, 64KiB or 4MiB");
  }
  if (count > std::numeric_limits<int64_t>::max() / found->bytes || count * found->bytes < least ||
      count * found->bytes > most) {
    return Expected("a size from ", FormatBytes(least), " to ", FormatBytes(most));
  }
  return count * found->bytes;
}

std::string FormatBytes(int64_t bytes) {
  const auto* unit = std::find_if(std::begin(kByteUnits), std::end(kByteUnits) - 1,
                                  [&](const ByteUnit& known) { return bytes != 0 && bytes % known.bytes == 0; });
  return absl::StrCat(bytes / unit->bytes, unit->name);
}

}  // namespace polku::config
