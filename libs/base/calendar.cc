#include "libs/base/calendar.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "libs/base/status_macros.h"

namespace polku {
namespace {

enum class Rule {
  kFixedDate,    // month, day
  kFromEaster,   // day = days after Easter Sunday
  kSaturdayFrom  // the first Saturday on or after month, day; moved by `shift` days
};

struct DayOff {
  Rule rule;
  int month;
  int day;
  int shift;
  bool is_public_holiday;
  bool is_office_day_off;
  bool is_benefit_day_off;
};

// The days off and which of the three counts each one touches: the public holidays by the rules
// in force since 1991, and two eves that are off in practice and, for time limits, by Act 150/1930.
// That eves are benefit days is the plain reading of Kela's rule, not confirmed: the last column
// is the place to change it.
constexpr DayOff kDaysOff[] = {
    // rule, month, day, shift, public holiday, office day off, benefit day off
    {Rule::kFixedDate, 1, 1, 0, true, true, true},         // New Year's Day
    {Rule::kFixedDate, 1, 6, 0, true, true, true},         // Epiphany
    {Rule::kFromEaster, 0, -2, 0, true, true, true},       // Good Friday
    {Rule::kFromEaster, 0, 0, 0, true, true, true},        // Easter Sunday
    {Rule::kFromEaster, 0, 1, 0, true, true, true},        // Easter Monday
    {Rule::kFixedDate, 5, 1, 0, true, true, true},         // First of May
    {Rule::kFromEaster, 0, 39, 0, true, true, true},       // Ascension Day
    {Rule::kFromEaster, 0, 49, 0, true, true, true},       // Whit Sunday
    {Rule::kSaturdayFrom, 6, 20, -1, false, true, false},  // Midsummer Eve
    {Rule::kSaturdayFrom, 6, 20, 0, true, true, true},     // Midsummer Day
    {Rule::kSaturdayFrom, 10, 31, 0, true, true, true},    // All Saints' Day
    {Rule::kFixedDate, 12, 6, 0, true, true, true},        // Independence Day
    {Rule::kFixedDate, 12, 24, 0, false, true, false},     // Christmas Eve
    {Rule::kFixedDate, 12, 25, 0, true, true, true},       // Christmas Day
    {Rule::kFixedDate, 12, 26, 0, true, true, true},       // Second day of Christmas
};

enum DayFlag : uint8_t { kPublicHoliday = 1, kOfficeDay = 2, kBenefitDay = 4 };

absl::CivilDay DateOf(const DayOff& off, absl::civil_year_t year, absl::CivilDay easter) {
  switch (off.rule) {
    case Rule::kFixedDate:
      return absl::CivilDay(year, off.month, off.day);
    case Rule::kFromEaster:
      return easter + off.day;
    case Rule::kSaturdayFrom:
      return absl::NextWeekday(absl::CivilDay(year, off.month, off.day) - 1, absl::Weekday::saturday) + off.shift;
  }
  POLKU_CHECK(false);
}

uint8_t WeekdayFlags(absl::CivilDay day) {
  switch (absl::GetWeekday(day)) {
    case absl::Weekday::sunday:
      return 0;
    case absl::Weekday::saturday:
      return kBenefitDay;
    default:
      return kOfficeDay | kBenefitDay;
  }
}

uint8_t WithDayOff(uint8_t flags, const DayOff& off) {
  if (off.is_public_holiday) flags |= kPublicHoliday;
  if (off.is_office_day_off) flags &= static_cast<uint8_t>(~kOfficeDay);
  if (off.is_benefit_day_off) flags &= static_cast<uint8_t>(~kBenefitDay);
  return flags;
}

uint8_t FlagsByRule(absl::CivilDay day) {
  uint8_t flags = WeekdayFlags(day);
  const absl::CivilDay easter = Easter(day.year());
  for (const DayOff& off : kDaysOff) {
    if (DateOf(off, day.year(), easter) == day) flags = WithDayOff(flags, off);
  }
  return flags;
}

constexpr int kTableFirstYear = 1900;
constexpr int kTableEndYear = 2200;
constexpr absl::CivilDay kTableFirstDay(kTableFirstYear, 1, 1);

// One byte of flags a day, about 110 KB: the rules are asked millions of times in a replay.
std::vector<uint8_t> MakeTable() {
  std::vector<uint8_t> table;
  const absl::CivilDay end(kTableEndYear, 1, 1);
  table.reserve(static_cast<size_t>(end - kTableFirstDay));
  for (absl::CivilDay day = kTableFirstDay; day < end; ++day) table.push_back(WeekdayFlags(day));
  for (int year = kTableFirstYear; year < kTableEndYear; ++year) {
    const absl::CivilDay easter = Easter(year);
    for (const DayOff& off : kDaysOff) {
      uint8_t& flags = table[static_cast<size_t>(DateOf(off, year, easter) - kTableFirstDay)];
      flags = WithDayOff(flags, off);
    }
  }
  return table;
}

uint8_t FlagsOf(absl::CivilDay day) {
  static const std::vector<uint8_t>& table = *new std::vector<uint8_t>(MakeTable());
  if (day.year() < kTableFirstYear || day.year() >= kTableEndYear) return FlagsByRule(day);
  return table[static_cast<size_t>(day - kTableFirstDay)];
}

}  // namespace

absl::TimeZone Helsinki() {
  static const absl::TimeZone zone = [] {
    absl::TimeZone loaded;
    POLKU_CHECK(absl::LoadTimeZone("Europe/Helsinki", &loaded));
    return loaded;
  }();
  return zone;
}

// The anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8).
absl::CivilDay Easter(absl::civil_year_t year) {
  const auto a = year % 19;
  const auto b = year / 100;
  const auto c = year % 100;
  const auto h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
  const auto l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
  const auto m = (a + 11 * h + 22 * l) / 451;
  const auto n = h + l - 7 * m + 114;
  return absl::CivilDay(year, n / 31, n % 31 + 1);
}

bool IsPublicHoliday(absl::CivilDay day) { return (FlagsOf(day) & kPublicHoliday) != 0; }
bool IsOfficeDay(absl::CivilDay day) { return (FlagsOf(day) & kOfficeDay) != 0; }
bool IsBenefitDay(absl::CivilDay day) { return (FlagsOf(day) & kBenefitDay) != 0; }

absl::CivilDay AddOfficeDays(absl::CivilDay day, int count) {
  const int step = count < 0 ? -1 : 1;
  while (count != 0) {
    day += step;
    if (IsOfficeDay(day)) count -= step;
  }
  return day;
}

absl::Time StartOfDay(absl::CivilDay day) { return absl::FromCivil(day, Helsinki()); }

absl::Time EndOfDay(absl::CivilDay day) { return StartOfDay(day + 1); }

absl::CivilDay LocalDay(absl::Time time) { return absl::ToCivilDay(time, Helsinki()); }

absl::Time LocalTime(absl::CivilDay day, int minutes_of_day) {
  // absl::FromCivil gives the change itself in a gap and the earlier instant in a doubled hour.
  return absl::FromCivil(absl::CivilMinute(day) + minutes_of_day, Helsinki());
}

absl::StatusOr<absl::CivilDay> ParseDay(absl::string_view text) {
  const auto wrong = [] { return absl::InvalidArgumentError("a day must be written YYYY-MM-DD and exist"); };
  if (text.size() != 10) return wrong();
  int parts[3] = {0, 0, 0};
  int part = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_dash_place = i == 4 || i == 7;
    if (is_dash_place ? text[i] != '-' : (text[i] < '0' || text[i] > '9')) return wrong();
    if (is_dash_place) {
      ++part;
    } else {
      parts[part] = parts[part] * 10 + (text[i] - '0');
    }
  }
  const absl::CivilDay day(parts[0], parts[1], parts[2]);
  if (parts[0] == 0 || day.year() != parts[0] || day.month() != parts[1] || day.day() != parts[2]) return wrong();
  return day;
}

std::string FormatDay(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

}  // namespace polku
