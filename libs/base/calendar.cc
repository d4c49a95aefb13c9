#include "libs/base/calendar.h"

#include <algorithm>
#include <chrono>
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

// Monday 0 to Sunday 6; day 0 was a Thursday.
int WeekdayOf(int day_number) {
  const int weekday = (day_number + 3) % 7;
  return weekday < 0 ? weekday + 7 : weekday;
}

uint8_t WeekdayFlags(int day_number) {
  constexpr int kSaturday = 5;
  const int weekday = WeekdayOf(day_number);
  if (weekday > kSaturday) return 0;
  return weekday == kSaturday ? kBenefitDay : kOfficeDay | kBenefitDay;
}

uint8_t WithDayOff(uint8_t flags, const DayOff& off) {
  if (off.is_public_holiday) flags |= kPublicHoliday;
  if (off.is_office_day_off) flags &= static_cast<uint8_t>(~kOfficeDay);
  if (off.is_benefit_day_off) flags &= static_cast<uint8_t>(~kBenefitDay);
  return flags;
}

uint8_t FlagsByRule(absl::CivilDay day) {
  uint8_t flags = WeekdayFlags(DayNumberOf(day));
  const absl::CivilDay easter = Easter(day.year());
  for (const DayOff& off : kDaysOff) {
    if (DateOf(off, day.year(), easter) == day) flags = WithDayOff(flags, off);
  }
  return flags;
}

constexpr int kFirstYear = 1900;
constexpr int kEndYear = 2200;

// The rules are asked millions of times in a replay. About 1 MB.
struct Tables {
  int first = DayNumberOf(absl::CivilDay(kFirstYear, 1, 1));
  int end = DayNumberOf(absl::CivilDay(kEndYear, 1, 1));
  std::vector<uint8_t> flags;           // Of each day from `first`.
  std::vector<int> office_days_before;  // Of each day from `first`, and of `end`: how many lie in the table before it.
  std::vector<int> office_days;         // In order.
  std::vector<int> holidays;            // In order.

  Tables() {
    for (int day = first; day < end; ++day) flags.push_back(WeekdayFlags(day));
    for (int year = kFirstYear; year < kEndYear; ++year) {
      const absl::CivilDay easter = Easter(year);
      for (const DayOff& off : kDaysOff) {
        uint8_t& of_day = flags[static_cast<size_t>(DayNumberOf(DateOf(off, year, easter)) - first)];
        of_day = WithDayOff(of_day, off);
      }
    }
    office_days_before.push_back(0);
    for (int day = first; day < end; ++day) {
      const uint8_t of_day = flags[static_cast<size_t>(day - first)];
      if ((of_day & kOfficeDay) != 0) office_days.push_back(day);
      if ((of_day & kPublicHoliday) != 0) holidays.push_back(day);
      office_days_before.push_back(static_cast<int>(office_days.size()));
    }
  }
  bool Has(int day_number) const { return day_number >= first && day_number < end; }
};

const Tables& Table() {
  static const Tables& table = *new Tables();
  return table;
}

uint8_t FlagsOf(int day_number) {
  const Tables& table = Table();
  return table.Has(day_number) ? table.flags[static_cast<size_t>(day_number - table.first)]
                               : FlagsByRule(DayOfNumber(day_number));
}

// Where midnights lie: Finland is at UTC+2 or +3 all of these years, and its clocks change after midnight.
struct Midnights {
  static constexpr int kFirst = 3653;  // 1980-01-01
  static constexpr int kEnd = 47482;   // 2100-01-01
  static constexpr int64_t kDaySeconds = 86400;

  std::vector<int16_t> offset_minutes;  // Of each day from kFirst, and of kEnd.

  Midnights() {
    for (int day = kFirst; day <= kEnd; ++day) {
      const absl::Time start = absl::FromCivil(DayOfNumber(day), Helsinki());
      offset_minutes.push_back(static_cast<int16_t>((day * kDaySeconds - absl::ToUnixSeconds(start)) / 60));
    }
  }
  static bool Has(int day_number) { return day_number >= kFirst && day_number < kEnd; }
  int OffsetOf(int day_number) const { return offset_minutes[static_cast<size_t>(day_number - kFirst)]; }
  int64_t StartOf(int day_number) const { return day_number * kDaySeconds - OffsetOf(day_number) * 60; }
};

const Midnights& Midnight() {
  static const Midnights& table = *new Midnights();
  return table;
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

int DayNumberOf(absl::CivilDay day) { return static_cast<int>(day - absl::CivilDay(1970, 1, 1)); }

absl::CivilDay DayOfNumber(int day_number) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day_number}}};
  return absl::CivilDay(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                        static_cast<unsigned>(date.day()));
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

bool IsPublicHoliday(int day_number) { return (FlagsOf(day_number) & kPublicHoliday) != 0; }
bool IsPublicHoliday(absl::CivilDay day) { return IsPublicHoliday(DayNumberOf(day)); }
bool IsOfficeDay(absl::CivilDay day) { return (FlagsOf(DayNumberOf(day)) & kOfficeDay) != 0; }
bool IsBenefitDay(absl::CivilDay day) { return (FlagsOf(DayNumberOf(day)) & kBenefitDay) != 0; }

absl::Span<const int> PublicHolidaysIn(int first_day_number, int last_day_number) {
  const std::vector<int>& all = Table().holidays;
  const auto begin = std::lower_bound(all.begin(), all.end(), first_day_number);
  const auto end = std::upper_bound(begin, all.end(), std::max(first_day_number - 1, last_day_number));
  return {all.data() + (begin - all.begin()), static_cast<size_t>(end - begin)};
}

absl::CivilDay AddOfficeDays(absl::CivilDay day, int count) {
  if (count == 0) return day;
  const Tables& table = Table();
  if (const int number = DayNumberOf(day); table.Has(number)) {
    // Those up to and with `day` when going on, those before it when going back.
    const int before = table.office_days_before[static_cast<size_t>(number - table.first + (count > 0 ? 1 : 0))];
    const int64_t index = int64_t{before} + count - (count > 0 ? 1 : 0);
    if (index >= 0 && index < static_cast<int64_t>(table.office_days.size())) {
      return DayOfNumber(table.office_days[static_cast<size_t>(index)]);
    }
  }
  const int step = count < 0 ? -1 : 1;
  while (count != 0) {
    day += step;
    if (IsOfficeDay(day)) count -= step;
  }
  return day;
}

absl::Time StartOfDay(absl::CivilDay day) {
  const int number = DayNumberOf(day);
  return Midnights::Has(number) ? absl::FromUnixSeconds(Midnight().StartOf(number)) : absl::FromCivil(day, Helsinki());
}

absl::Time EndOfDay(absl::CivilDay day) { return StartOfDay(day + 1); }

absl::CivilDay LocalDay(absl::Time time) {
  // The day at UTC+2, or the next one while summer time is on.
  constexpr int64_t kWinterSeconds = 2 * 3600;
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds < Midnights::kFirst * Midnights::kDaySeconds ||
      seconds >= (Midnights::kEnd - 1) * Midnights::kDaySeconds) {
    return absl::ToCivilDay(time, Helsinki());
  }
  const auto number = static_cast<int>((seconds + kWinterSeconds) / Midnights::kDaySeconds);
  return DayOfNumber(absl::FromUnixSeconds(Midnight().StartOf(number + 1)) <= time ? number + 1 : number);
}

absl::Time LocalTime(absl::CivilDay day, int minutes_of_day) {
  const int number = DayNumberOf(day);
  const bool plain = minutes_of_day >= 0 && minutes_of_day <= 1440 && Midnights::Has(number) &&
                     Midnight().OffsetOf(number) == Midnight().OffsetOf(number + 1);
  if (plain) return absl::FromUnixSeconds(Midnight().StartOf(number) + minutes_of_day * 60);
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
