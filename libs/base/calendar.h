// Days as Finland counts them: Europe/Helsinki, public holidays, office days, benefit days.
//
// Three counts exist and are never mixed: calendar days (plain CivilDay arithmetic),
// office days, and Kela benefit days. All functions are pure, thread-safe and O(1)
// (a table from 1900 to 2199; outside it the rules are worked out on each call).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace polku {

// Europe/Helsinki. The process aborts if the machine has no time zone database.
absl::TimeZone Helsinki();

// Days since 1970-01-01, for loops and tables: a civil day is dear to add to and to compare.
int DayNumberOf(absl::CivilDay day);
absl::CivilDay DayOfNumber(int day_number);

// Easter Sunday of a year of the Gregorian calendar.
absl::CivilDay Easter(absl::civil_year_t year);

// The public holidays, also those that always fall on a Saturday or Sunday. Midsummer Eve and
// Christmas Eve are none. The rules in force since 1991, applied to every year.
bool IsPublicHoliday(absl::CivilDay day);
bool IsPublicHoliday(int day_number);
// The numbers of the public holidays of `first` to `last`, in order. Days outside 1900 to 2199 are left out.
absl::Span<const int> PublicHolidaysIn(int first_day_number, int last_day_number);

// Monday to Friday, neither a public holiday nor Midsummer Eve nor Christmas Eve.
bool IsOfficeDay(absl::CivilDay day);

// Days for which Kela pays: Monday to Saturday, not a public holiday. Eves count as benefit
// days; that rests on the plain rule, and kDaysOff in calendar.cc is where to change it.
bool IsBenefitDay(absl::CivilDay day);

// The `count`-th office day after `day`, which is itself not counted and need not be an office
// day. A negative count goes back; zero gives `day`.
absl::CivilDay AddOfficeDays(absl::CivilDay day, int count);

// The first instant of `day` in Helsinki, and the first instant after it.
absl::Time StartOfDay(absl::CivilDay day);
absl::Time EndOfDay(absl::CivilDay day);

// The day in Helsinki that contains `time`.
absl::CivilDay LocalDay(absl::Time time);

// The instant at which clocks in Helsinki show `minutes_of_day` (0 is midnight, 1440 the next
// midnight). A time that spring skips gives the instant of the change; one that autumn
// repeats gives the earlier of the two.
absl::Time LocalTime(absl::CivilDay day, int minutes_of_day);

// Reads exactly "YYYY-MM-DD", a real day of the years 0001-9999.
// Errors: kInvalidArgument.
absl::StatusOr<absl::CivilDay> ParseDay(absl::string_view text);

// "YYYY-MM-DD".
std::string FormatDay(absl::CivilDay day);

}  // namespace polku
