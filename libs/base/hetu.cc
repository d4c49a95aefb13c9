#include "libs/base/hetu.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "libs/base/status_macros.h"

namespace polku {
namespace {

constexpr size_t kHetuChars = 11;
constexpr absl::string_view kCheckCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY";
static_assert(kCheckCharacters.size() == 31);

bool AllDigits(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int NumberOf(absl::string_view digits) {
  int number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return number;
}

std::optional<int> CenturyOf(char sign) {
  if (sign == '+') return 1800;
  if (absl::string_view("-YXWVU").find(sign) != absl::string_view::npos) return 1900;
  if (absl::string_view("ABCDEF").find(sign) != absl::string_view::npos) return 2000;
  return std::nullopt;
}

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

// Whether day and month exist in some year: tells a wrong date from a wrong century sign.
bool CouldBeDate(int day, int month) {
  const absl::CivilDay in_leap_year(2000, month, day);
  return in_leap_year.month() == month && in_leap_year.day() == day;
}

absl::StatusOr<absl::CivilDay> BirthDate(absl::string_view text) {
  const absl::string_view digits = text.substr(0, 6);
  if (!AllDigits(digits)) return Wrong("identity code: date has a character that is not a digit");
  const int day = NumberOf(digits.substr(0, 2));
  const int month = NumberOf(digits.substr(2, 2));
  if (!CouldBeDate(day, month)) return Wrong("identity code: date does not exist");
  const std::optional<int> century = CenturyOf(text[6]);
  if (!century.has_value()) return Wrong("identity code: unknown century sign");
  const absl::CivilDay date(*century + NumberOf(digits.substr(4, 2)), month, day);
  if (date.day() != day) return Wrong("identity code: date does not exist");
  return date;
}

}  // namespace

absl::StatusOr<Hetu> Hetu::Parse(absl::string_view text, HetuPolicy policy) {
  if (text.size() != kHetuChars) return Wrong("identity code: wrong length, 11 characters expected");
  ASSIGN_OR_RETURN(const absl::CivilDay birth_date, BirthDate(text));
  const absl::string_view individual = text.substr(7, 3);
  if (!AllDigits(individual)) return Wrong("identity code: individual number has a character that is not a digit");
  const int individual_number = NumberOf(individual);
  if (individual_number < 2) return Wrong("identity code: individual number is below 002");
  const int checked = NumberOf(text.substr(0, 6)) * 1000 + individual_number;
  if (text[10] != kCheckCharacters[checked % kCheckCharacters.size()]) {
    return Wrong("identity code: check character does not match");
  }
  const Hetu hetu(text, birth_date, individual_number);
  if (hetu.is_test_code() && !policy.allow_test_codes) return Wrong("identity code: test code not allowed");
  return hetu;
}

}  // namespace polku
