#include "libs/base/calendar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "libs/base/status_matchers.h"

namespace polku {
namespace {

using absl::CivilDay;

template <class Predicate>
int CountDays(int year, Predicate counts) {
  int count = 0;
  for (CivilDay day(year, 1, 1); day < CivilDay(year + 1, 1, 1); ++day) count += counts(day) ? 1 : 0;
  return count;
}

absl::Time Utc(absl::CivilSecond second) { return absl::FromCivil(second, absl::UTCTimeZone()); }

TEST(Easter, FallsOnTheKnownDates) {
  EXPECT_EQ(Easter(2018), CivilDay(2018, 4, 1));
  EXPECT_EQ(Easter(2025), CivilDay(2025, 4, 20));
  EXPECT_EQ(Easter(2026), CivilDay(2026, 4, 5));
  EXPECT_EQ(Easter(2027), CivilDay(2027, 3, 28));
  EXPECT_EQ(Easter(2086), CivilDay(2086, 3, 31));
}

TEST(IsPublicHoliday, HoldsForExactlyTheHolidaysOf2026) {
  const std::vector<CivilDay> expected = {
      CivilDay(2026, 1, 1),   CivilDay(2026, 1, 6),   CivilDay(2026, 4, 3),  CivilDay(2026, 4, 5),
      CivilDay(2026, 4, 6),   CivilDay(2026, 5, 1),   CivilDay(2026, 5, 14), CivilDay(2026, 5, 24),
      CivilDay(2026, 6, 20),  CivilDay(2026, 10, 31), CivilDay(2026, 12, 6), CivilDay(2026, 12, 25),
      CivilDay(2026, 12, 26),
  };
  std::vector<CivilDay> found;
  for (CivilDay day(2026, 1, 1); day < CivilDay(2027, 1, 1); ++day) {
    if (IsPublicHoliday(day)) found.push_back(day);
  }
  EXPECT_EQ(found, expected);
}

TEST(IsPublicHoliday, FindsTheSaturdaysThatMoveWithTheYear) {
  EXPECT_TRUE(IsPublicHoliday(CivilDay(2027, 6, 26)));
  EXPECT_TRUE(IsPublicHoliday(CivilDay(2027, 11, 6)));
  EXPECT_FALSE(IsPublicHoliday(CivilDay(2027, 10, 31)));
}

TEST(IsPublicHoliday, IsTheSameInsideAndOutsideTheTable) {
  // The calendar repeats after 400 years, Easter after 5,700,000: fixed days suffice here.
  EXPECT_TRUE(IsPublicHoliday(CivilDay(1899, 12, 26)));
  EXPECT_TRUE(IsPublicHoliday(CivilDay(1900, 1, 1)));
  EXPECT_TRUE(IsPublicHoliday(CivilDay(2199, 12, 26)));
  EXPECT_TRUE(IsPublicHoliday(CivilDay(2200, 1, 1)));
  EXPECT_TRUE(IsPublicHoliday(Easter(2300) + 39));
  EXPECT_FALSE(IsPublicHoliday(Easter(2300) + 40));
}

TEST(IsOfficeDay, GivesTheKnownCountsOfAYear) {
  EXPECT_EQ(CountDays(2025, IsOfficeDay), 251);
  EXPECT_EQ(CountDays(2026, IsOfficeDay), 252);
}

TEST(IsOfficeDay, LeavesOutTheEvesThatAreOffInPractice) {
  EXPECT_FALSE(IsOfficeDay(CivilDay(2026, 6, 19)));
  EXPECT_FALSE(IsOfficeDay(CivilDay(2026, 12, 24)));
  EXPECT_TRUE(IsOfficeDay(CivilDay(2026, 12, 23)));
}

TEST(IsBenefitDay, GivesTheKnownCountsOfAYear) {
  EXPECT_EQ(CountDays(2025, IsBenefitDay), 302);
  EXPECT_EQ(CountDays(2026, IsBenefitDay), 303);
}

TEST(IsBenefitDay, CountsSaturdaysAndEvesButNoHolidayOnASaturday) {
  EXPECT_TRUE(IsBenefitDay(CivilDay(2026, 6, 13)));
  EXPECT_TRUE(IsBenefitDay(CivilDay(2026, 6, 19)));
  EXPECT_FALSE(IsBenefitDay(CivilDay(2026, 6, 20)));
  EXPECT_FALSE(IsBenefitDay(CivilDay(2026, 6, 21)));
}

TEST(AddOfficeDays, StepsOverWeekendsHolidaysAndEves) {
  EXPECT_EQ(AddOfficeDays(CivilDay(2026, 12, 23), 1), CivilDay(2026, 12, 28));
  EXPECT_EQ(AddOfficeDays(CivilDay(2026, 4, 2), 1), CivilDay(2026, 4, 7));
  EXPECT_EQ(AddOfficeDays(CivilDay(2026, 4, 7), -1), CivilDay(2026, 4, 2));
  EXPECT_EQ(AddOfficeDays(CivilDay(2026, 4, 4), 0), CivilDay(2026, 4, 4));
}

RC_GTEST_PROP(AddOfficeDays, LandsOnTheOfficeDayThatHasCountOfficeDaysUpToIt, ()) {
  const CivilDay day = CivilDay(2000, 1, 1) + *rc::gen::inRange(0, 36500);
  const int count = *rc::gen::inRange(1, 60);
  const CivilDay result = AddOfficeDays(day, count);
  int seen = 0;
  for (CivilDay d = day + 1; d <= result; ++d) seen += IsOfficeDay(d) ? 1 : 0;
  RC_ASSERT(IsOfficeDay(result));
  RC_ASSERT(seen == count);
}

RC_GTEST_PROP(AddOfficeDays, MayBeDoneInTwoParts, ()) {
  const CivilDay day = CivilDay(2000, 1, 1) + *rc::gen::inRange(0, 36500);
  const int first = *rc::gen::inRange(0, 40);
  const int second = *rc::gen::inRange(0, 40);
  RC_ASSERT(AddOfficeDays(AddOfficeDays(day, first), second) == AddOfficeDays(day, first + second));
}

TEST(LocalDay, ChangesAtMidnightInHelsinki) {
  EXPECT_EQ(LocalDay(Utc(absl::CivilSecond(2026, 1, 14, 21, 59, 59))), CivilDay(2026, 1, 14));
  EXPECT_EQ(LocalDay(Utc(absl::CivilSecond(2026, 1, 14, 22, 0, 0))), CivilDay(2026, 1, 15));
  EXPECT_EQ(LocalDay(Utc(absl::CivilSecond(2026, 7, 14, 21, 0, 0))), CivilDay(2026, 7, 15));
}

TEST(EndOfDay, MakesTheDaysOfTheClockChanges23And25HoursLong) {
  const auto length = [](CivilDay day) { return EndOfDay(day) - StartOfDay(day); };
  EXPECT_EQ(length(CivilDay(2026, 3, 28)), absl::Hours(24));
  EXPECT_EQ(length(CivilDay(2026, 3, 29)), absl::Hours(23));
  EXPECT_EQ(length(CivilDay(2026, 10, 25)), absl::Hours(25));
}

RC_GTEST_PROP(StartOfDay, BoundsTheInstantsOfItsDay, ()) {
  const CivilDay day = CivilDay(2000, 1, 1) + *rc::gen::inRange(0, 36500);
  RC_ASSERT(LocalDay(StartOfDay(day)) == day);
  RC_ASSERT(LocalDay(EndOfDay(day) - absl::Nanoseconds(1)) == day);
  RC_ASSERT(EndOfDay(day) == StartOfDay(day + 1));
}

TEST(LocalTime, GivesTheInstantOfTheChangeForATimeThatSpringSkips) {
  const absl::Time change = Utc(absl::CivilSecond(2026, 3, 29, 1, 0, 0));
  const CivilDay day(2026, 3, 29);
  EXPECT_EQ(LocalTime(day, 2 * 60 + 59), change - absl::Minutes(1));
  EXPECT_EQ(LocalTime(day, 3 * 60), change);
  EXPECT_EQ(LocalTime(day, 3 * 60 + 30), change);
  EXPECT_EQ(LocalTime(day, 4 * 60), change);
  EXPECT_EQ(LocalTime(day, 4 * 60 + 1), change + absl::Minutes(1));
}

TEST(LocalTime, GivesTheEarlierInstantOfATimeThatAutumnRepeats) {
  EXPECT_EQ(LocalTime(CivilDay(2026, 10, 25), 3 * 60 + 30), Utc(absl::CivilSecond(2026, 10, 25, 0, 30, 0)));
  EXPECT_EQ(LocalTime(CivilDay(2026, 10, 25), 4 * 60), Utc(absl::CivilSecond(2026, 10, 25, 2, 0, 0)));
}

TEST(LocalTime, TakesTheLastMinuteAsTheStartOfTheNextDay) {
  EXPECT_EQ(LocalTime(CivilDay(2026, 5, 4), 0), StartOfDay(CivilDay(2026, 5, 4)));
  EXPECT_EQ(LocalTime(CivilDay(2026, 5, 4), 1440), EndOfDay(CivilDay(2026, 5, 4)));
}

TEST(ParseDay, ReadsWhatFormatDayWrites) {
  EXPECT_THAT(ParseDay("2026-02-28"), IsOkAndHolds(CivilDay(2026, 2, 28)));
  EXPECT_THAT(ParseDay("2024-02-29"), IsOkAndHolds(CivilDay(2024, 2, 29)));
  EXPECT_EQ(FormatDay(CivilDay(33, 4, 5)), "0033-04-05");
  EXPECT_THAT(ParseDay("0033-04-05"), IsOkAndHolds(CivilDay(33, 4, 5)));
}

TEST(ParseDay, RefusesWhatIsNoDayInThisForm) {
  for (const char* text : {"", "2026-2-28", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01",
                           "2026/01/01", "2026-01-01 ", " 2026-01-01", "26-01-01", "2026-01-0x", "+026-01-01"}) {
    EXPECT_THAT(ParseDay(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

}  // namespace
}  // namespace polku
