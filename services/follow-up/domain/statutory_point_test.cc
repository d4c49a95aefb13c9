// R8: the points of the sickness allowance.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/violation.h"
#include "services/follow-up/domain/benefit_clock.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

JourneyInput Period(absl::string_view first, absl::string_view last, BenefitKind kind, int paid_days = 0) {
  JourneyInput input;
  auto& request = *input.mutable_record_benefit_period();
  request.set_client(kClient);
  request.mutable_period()->set_kind(kind);
  *request.mutable_period()->mutable_first_date() = Day(first);
  *request.mutable_period()->mutable_last_date() = Day(last);
  request.mutable_period()->set_paid_days(paid_days);
  request.mutable_period()->set_source(BENEFIT_SOURCE_KELA);
  return input;
}

JourneyInput Corrected(JourneyInput input, int ordinal) {
  input.mutable_record_benefit_period()->set_corrects(absl::StrCat(kClient, "/benefit-periods/", ordinal));
  return input;
}

JourneyInput Voided(int ordinal) {
  JourneyInput input;
  input.mutable_void_record()->set_name(absl::StrCat(kClient, "/benefit-periods/", ordinal));
  input.mutable_void_record()->set_reason(VOID_REASON_WRONG_CLIENT);
  return input;
}

void Give(Follower& follower, const JourneyInput& input) {
  const absl::Status status = follower.Give(input);
  EXPECT_TRUE(status.ok()) << status;
}

// Only what R8 has found.
std::vector<std::string> Near(const Follower& follower) {
  std::vector<std::string> open = follower.Open();
  open.erase(
      std::remove_if(open.begin(), open.end(), [](const std::string& each) { return each.substr(0, 2) != "R8"; }),
      open.end());
  return open;
}

// A follower of somebody who is employed, or of somebody who is not; nothing else is to be found for a while.
Follower Followed(polku::common::v1::Segment segment) {
  Follower follower(Local("2026-02-02 10:00"));
  follower.segment = segment;
  follower.Accept(Local("2026-02-02 10:00"));
  return follower;
}

void Resolve(Follower& follower, int ordinal, absl::string_view next_step = "") {
  JourneyInput input;
  input.mutable_resolve_interruption()->set_name(absl::StrCat(kClient, "/interruptions/", ordinal));
  input.mutable_resolve_interruption()->set_outcome(RESOLUTION_OUTCOME_OTHER);
  if (!next_step.empty()) *input.mutable_resolve_interruption()->mutable_next_step_date() = Day(next_step);
  Give(follower, input);
}

TEST(BenefitDays, AreMondayToSaturdayWithoutPublicHolidays) {
  EXPECT_EQ(CountBenefitDays(absl::CivilDay(2025, 1, 1), absl::CivilDay(2025, 12, 31)), 302);
  EXPECT_EQ(CountBenefitDays(absl::CivilDay(2026, 1, 1), absl::CivilDay(2026, 12, 31)), 303);
  EXPECT_EQ(CountBenefitDays(absl::CivilDay(2026, 6, 15), absl::CivilDay(2026, 6, 21)), 5);  // Midsummer Day.
}

// Counted by hand from 2 March: Good Friday, Easter Monday, 1 May, Ascension Day and Sundays are no benefit days.
TEST(R8BenefitDays, AreNearWhenFifteenAreLeft) {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  Give(follower, Period("2026-03-02", "2026-07-31", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  // The 45th benefit day is Friday 24 April.
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2026, 3, 2), absl::CivilDay(2026, 4, 24)), 45);
  follower.AdvanceTo(Local("2026-04-25 00:00") - absl::Microseconds(1));
  EXPECT_THAT(Near(follower), IsEmpty());
  follower.AdvanceTo(Local("2026-04-25 00:00"));
  EXPECT_THAT(Near(follower), ElementsAre("R8 rehabilitation-need from 2026-03-02 00:00:00 due 2026-04-25 00:00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
  follower.AdvanceTo(Local("2026-07-31 00:00"));
  EXPECT_EQ(Near(follower).size(), 1u);  // The 90th day binds employees only.
}

TEST(R8BenefitDays, BindAnEmployeeAtNinetyWithoutPartialDaysWhichCountForSixty) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  Give(follower, Period("2026-03-02", "2026-04-24", BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE));  // 45 days.
  Give(follower, Period("2026-04-25", "2026-12-31", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2026, 4, 25), absl::CivilDay(2026, 7, 24)), 75);
  follower.AdvanceTo(Local("2026-07-25 00:00") - absl::Microseconds(1));
  EXPECT_THAT(Near(follower), Contains(StartsWith("R8 rehabilitation-need from 2026-03-02")));
  EXPECT_THAT(Near(follower), Not(Contains(StartsWith("R8 work-ability-statement"))));
  follower.AdvanceTo(Local("2026-07-25 00:00"));
  EXPECT_THAT(Near(follower), Contains("R8 work-ability-statement from 2026-04-25 00:00:00 due 2026-07-25 00:00:00"));
}

TEST(R8BenefitDays, CountInAnyPiecesOfTwoYearsAndNoOlder) {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  Give(follower, Period("2024-02-05", "2024-02-24", BENEFIT_KIND_SICKNESS_ALLOWANCE));  // 18 days, too old by then.
  Give(follower, Period("2025-06-02", "2025-06-28", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  Give(follower, Period("2026-02-23", "2026-12-31", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  follower.AdvanceTo(Local("2026-04-30 00:00"));
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2025, 6, 2), absl::CivilDay(2025, 6, 28)), 23);
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2026, 2, 23), absl::CivilDay(2026, 3, 19)), 22);
  EXPECT_THAT(Near(follower), ElementsAre("R8 rehabilitation-need from 2025-06-02 00:00:00 due 2026-03-20 00:00:00"));
}

TEST(R8BenefitDays, CountOnlyThoseThatWerePaidWhichAreTheLastOnes) {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  Give(follower, Period("2026-03-02", "2026-04-24", BENEFIT_KIND_SICKNESS_ALLOWANCE, /*paid_days=*/35));
  Give(follower, Period("2026-04-25", "2026-12-31", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  follower.AdvanceTo(Local("2026-06-30 00:00"));
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2026, 4, 25), absl::CivilDay(2026, 5, 7)), 10);
  EXPECT_THAT(Near(follower), ElementsAre("R8 rehabilitation-need from 2026-03-13 00:00:00 due 2026-05-08 00:00:00"));
}

// facts.md section 3, 300: "paid to end of the month before the month the 300th falls in". Counted from 2 March 2026
// the 300th benefit day is 25 February 2027, so the allowance ends with January.
TEST(R8Maximum, IsNearFifteenBenefitDaysBeforeTheEndOfTheMonthBeforeTheThreeHundredth) {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2026, 3, 2), absl::CivilDay(2027, 2, 25)), 300);
  ASSERT_TRUE(IsBenefitDay(absl::CivilDay(2027, 2, 25)));
  Give(follower, Period("2026-03-02", "2027-02-02", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  follower.AdvanceTo(Local("2026-06-01 09:00"));
  Give(follower, Period("2027-02-03", "2027-02-26", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  // 13 January is the benefit day behind which 15 are left of the month.
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2027, 1, 14), absl::CivilDay(2027, 1, 31)), 15);
  follower.AdvanceTo(Local("2027-01-14 00:00") - absl::Microseconds(1));
  EXPECT_THAT(Near(follower), Not(Contains(StartsWith("R8 allowance-maximum"))));
  follower.AdvanceTo(Local("2027-01-14 00:00"));
  EXPECT_THAT(Near(follower), Contains("R8 allowance-maximum from 2026-03-02 00:00:00 due 2027-01-14 00:00:00"));
}

// As long as no decision covers the 300th day, it is not known in which month it falls.
TEST(R8Maximum, IsNearBehindTheTwoHundredAndEightyFifthDayUntilTheLastIsKnown) {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2026, 3, 2), absl::CivilDay(2027, 2, 8)), 285);
  Give(follower, Period("2026-03-02", "2027-02-02", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  follower.AdvanceTo(Local("2026-06-01 09:00"));
  Give(follower, Period("2027-02-03", "2027-02-10", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  follower.AdvanceTo(Local("2027-02-09 00:00"));
  EXPECT_THAT(Near(follower), Contains("R8 allowance-maximum from 2026-03-02 00:00:00 due 2027-02-09 00:00:00"));
  Give(follower, Period("2027-02-11", "2027-02-28", BENEFIT_KIND_SICKNESS_ALLOWANCE));  // Now it is.
  EXPECT_THAT(Near(follower), Contains("R8 allowance-maximum from 2026-03-02 00:00:00 due 2027-01-14 00:00:00"));
}

// Somebody whose 300 days of allowance began so that the last one was 24 January 2026, and who comes at once.
Follower UsedUp() {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  EXPECT_EQ(CountBenefitDays(absl::CivilDay(2025, 1, 28), absl::CivilDay(2026, 1, 24)), 300);
  Give(follower, Period("2025-01-28", "2026-01-24", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  return follower;
}

// facts.md section 3: "+50 after return to work >30 d".
TEST(R8Further, DaysAreNearlyUsedUpFifteenBeforeTheFiftiethBehindAReturnOfMoreThanThirtyDays) {
  Follower follower = UsedUp();
  // From 25 January to 24 February nothing is recorded: 31 days.
  ASSERT_EQ(absl::CivilDay(2026, 2, 25) - absl::CivilDay(2026, 1, 24) - 1, 31);
  Give(follower, Period("2026-02-25", "2026-06-30", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  ASSERT_EQ(CountBenefitDays(absl::CivilDay(2026, 2, 25), absl::CivilDay(2026, 4, 8)), 35);
  follower.AdvanceTo(Local("2026-04-09 00:00") - absl::Microseconds(1));
  EXPECT_THAT(Near(follower), Not(Contains(StartsWith("R8 allowance-further"))));
  follower.AdvanceTo(Local("2026-04-09 00:00"));
  EXPECT_THAT(Near(follower),
              Contains("R8 allowance-further-maximum from 2026-02-25 00:00:00 due 2026-04-09 00:00:00"));
}

TEST(R8Further, DaysNeedAReturnOfMoreThanThirtyDays) {
  Follower follower = UsedUp();
  Give(follower, Period("2026-02-24", "2026-06-30", BENEFIT_KIND_SICKNESS_ALLOWANCE));  // Thirty days.
  follower.AdvanceTo(Local("2026-07-31 00:00"));
  EXPECT_THAT(Near(follower), Not(Contains(StartsWith("R8 allowance-further"))));
}

// Somebody who is at work part of the time, or away ill without allowance, has not returned.
TEST(R8Further, DaysNeedAReturnThatIsOne) {
  for (const BenefitKind kind : {BENEFIT_KIND_ABSENCE, BENEFIT_KIND_PART_TIME_WORK}) {
    Follower follower = UsedUp();
    Give(follower, Period("2026-02-09", "2026-02-14", kind));
    Give(follower, Period("2026-03-02", "2026-06-30", BENEFIT_KIND_SICKNESS_ALLOWANCE));
    follower.AdvanceTo(Local("2026-07-31 00:00"));
    EXPECT_THAT(Near(follower), Not(Contains(StartsWith("R8 allowance-further")))) << kind;
  }
}

// Two years on, the days of before have left the window: there are 300 again.
TEST(R8Further, DaysAreNoneOnceTheMaximumIsNotUsedUpAnyMore) {
  Follower follower = UsedUp();
  follower.AdvanceTo(Local("2027-01-15 09:00"));
  Give(follower, Period("2027-02-01", "2027-06-30", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  follower.AdvanceTo(Local("2027-06-30 00:00"));
  EXPECT_THAT(Near(follower), Not(Contains(StartsWith("R8 allowance-further"))));
}

// facts.md section 3, 2 months: "partial: from start of part-time work".
TEST(R8Months, CountFromTheStartOfPartTimeWorkForThePartialAllowance) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  Give(follower, Period("2026-03-02", "2026-05-31", BENEFIT_KIND_PART_TIME_WORK));
  follower.AdvanceTo(Local("2026-04-22 00:00") - absl::Microseconds(1));
  EXPECT_THAT(Near(follower), IsEmpty());  // It is no absence: the employer has nothing to tell.
  follower.AdvanceTo(Local("2026-04-22 00:00"));
  EXPECT_THAT(Near(follower),
              ElementsAre("R8 allowance-application-partial from 2026-03-02 00:00:00 due 2026-04-22 00:00:00"));
  Give(follower, Period("2026-04-01", "2026-05-31", BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE));
  EXPECT_THAT(Near(follower), IsEmpty());
}

TEST(R8Months, AreNearTenDaysBeforeForAnAbsenceThatGoesOn) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  Give(follower, Period("2026-03-02", "2026-03-22", BENEFIT_KIND_ABSENCE));  // A month is full on 2 April.
  follower.AdvanceTo(Local("2026-03-23 00:00"));
  EXPECT_THAT(Near(follower), IsEmpty());
  // Sunday lies between; the same absence. It was told a week late.
  follower.AdvanceTo(Local("2026-03-30 09:00"));
  Give(follower, Period("2026-03-23", "2026-05-31", BENEFIT_KIND_ABSENCE));
  EXPECT_THAT(Near(follower), ElementsAre("R8 employer-notice from 2026-03-02 00:00:00 due 2026-03-23 00:00:00"));
  follower.AdvanceTo(Local("2026-04-22 00:00"));
  EXPECT_THAT(Near(follower), Contains("R8 allowance-application from 2026-03-02 00:00:00 due 2026-04-22 00:00:00"));
}

TEST(R8Months, DoNotAskForAnApplicationOnceTheAllowanceIsPaid) {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  Give(follower, Period("2026-03-02", "2026-05-31", BENEFIT_KIND_ABSENCE));
  follower.AdvanceTo(Local("2026-04-23 09:00"));
  ASSERT_THAT(Near(follower), ElementsAre(StartsWith("R8 allowance-application")));
  Give(follower, Period("2026-03-02", "2026-04-12", BENEFIT_KIND_SICKNESS_ALLOWANCE, /*paid_days=*/20));
  EXPECT_THAT(Near(follower), IsEmpty());
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionRetracted), 1);
}

TEST(R8Months, EndWithTheLastDayOfAShortMonth) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  Give(follower, Period("2026-01-31", "2026-03-31", BENEFIT_KIND_ABSENCE));
  follower.AdvanceTo(Local("2026-02-18 00:00"));  // Ten days before 28 February.
  EXPECT_THAT(Near(follower), ElementsAre("R8 employer-notice from 2026-01-31 00:00:00 due 2026-02-18 00:00:00"));
}

TEST(R8, IsAmendedOrRetractedByALateCorrection) {
  Follower follower = Followed(polku::common::v1::SEGMENT_UNEMPLOYED);
  Give(follower, Period("2026-03-02", "2026-06-30", BENEFIT_KIND_SICKNESS_ALLOWANCE));
  follower.AdvanceTo(Local("2026-06-10 09:00"));
  ASSERT_EQ(Near(follower).size(), 1u);
  const int requested = follower.Count(JourneyEvent::kOutreachRequested);
  Give(follower, Corrected(Period("2026-03-09", "2026-06-30", BENEFIT_KIND_SICKNESS_ALLOWANCE), 1));
  EXPECT_THAT(Near(follower), ElementsAre(StartsWith("R8 rehabilitation-need from 2026-03-09 00:00:00 due 2026-05-0")));
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionAmended), 1);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), requested);
  Give(follower, Voided(1));
  EXPECT_THAT(Near(follower), IsEmpty());
  EXPECT_TRUE(follower.state().benefits().empty());
}

TEST(R8, AsksOnceInAnIllnessAndAgainInTheNextOrOnTheDayAgreed) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  Give(follower, Period("2026-02-02", "2026-03-31", BENEFIT_KIND_ABSENCE));
  follower.AdvanceTo(Local("2026-02-23 09:00"));
  ASSERT_EQ(Near(follower).size(), 1u);
  Resolve(follower, 1, "2026-02-26");
  EXPECT_THAT(Near(follower), IsEmpty());
  follower.AdvanceTo(Local("2026-02-27 09:00"));
  ASSERT_THAT(Near(follower), ElementsAre(StartsWith("R8 employer-notice from 2026-02-23 09:00:00 due 2026-02-27")));
  Resolve(follower, 2);
  // A correction of the same illness asks nothing anew.
  Give(follower, Corrected(Period("2026-02-04", "2026-03-31", BENEFIT_KIND_ABSENCE), 1));
  EXPECT_THAT(Near(follower), IsEmpty());
  follower.AdvanceTo(Local("2026-04-20 09:00"));
  Give(follower, Period("2026-04-13", "2026-06-30", BENEFIT_KIND_ABSENCE));
  follower.AdvanceTo(Local("2026-05-03 00:00"));
  EXPECT_THAT(Near(follower), Contains("R8 employer-notice from 2026-04-13 00:00:00 due 2026-05-03 00:00:00"));
}

TEST(R8, LeavesAnIllnessThatWasOverBeforeTheJourneyAlone) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  Give(follower, Period("2025-09-01", "2026-02-01", BENEFIT_KIND_ABSENCE));
  EXPECT_THAT(Near(follower), IsEmpty());
  Give(follower, Corrected(Period("2025-09-01", "2026-02-02", BENEFIT_KIND_ABSENCE), 1));
  EXPECT_EQ(Near(follower).size(), 2u);
}

TEST(R8, RunsOnThroughAPauseAndIsSilentWhileTheClientsLifeHasChanged) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  JourneyInput pause;
  pause.mutable_agree_pause()->set_client(kClient);
  *pause.mutable_agree_pause()->mutable_start_date() = Day("2026-02-02");
  *pause.mutable_agree_pause()->mutable_resume_date() = Day("2026-05-01");
  pause.mutable_agree_pause()->set_reason(PAUSE_REASON_ILLNESS);
  Give(follower, pause);
  Give(follower, Period("2026-02-02", "2026-04-30", BENEFIT_KIND_ABSENCE));
  follower.AdvanceTo(Local("2026-02-21 00:00"));
  EXPECT_EQ(Near(follower).size(), 1u);
  JourneyInput moved;
  moved.mutable_record_circumstance()->set_client(kClient);
  moved.mutable_record_circumstance()->set_circumstance(CIRCUMSTANCE_MOVED_AWAY);
  *moved.mutable_record_circumstance()->mutable_from_date() = Day("2026-02-20");
  moved.mutable_record_circumstance()->set_source(CIRCUMSTANCE_SOURCE_CLIENT);
  Give(follower, moved);
  EXPECT_THAT(Near(follower), IsEmpty());
}

TEST(RecordBenefitPeriod, RefusesWhatCannotBe) {
  Follower follower = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  const auto refused = [&](const JourneyInput& input) { return std::string(follower.Give(input).message()); };
  const auto full = BENEFIT_KIND_SICKNESS_ALLOWANCE;
  EXPECT_THAT(refused(Period("2026-03-02", "2026-03-01", full)), StartsWith("period.last_date"));
  EXPECT_THAT(refused(Period("2026-03-02", "2027-03-03", full)), StartsWith("period.last_date"));
  EXPECT_THAT(refused(Period("2020-03-02", "2020-03-03", full)), StartsWith("period.first_date"));
  EXPECT_THAT(refused(Period("2026-03-02", "2026-03-08", full, 7)), StartsWith("period.paid_days"));
  EXPECT_THAT(refused(Period("2026-03-02", "2026-03-08", BENEFIT_KIND_ABSENCE, 1)), StartsWith("period.paid_days"));
  EXPECT_THAT(refused(Period("2026-03-02", "2026-03-08", BENEFIT_KIND_PART_TIME_WORK, 1)),
              StartsWith("period.paid_days"));
  EXPECT_THAT(refused(Period("2026-03-02", "2026-03-08", BENEFIT_KIND_UNSPECIFIED)), StartsWith("period.kind"));
  JourneyInput nobody = Period("2026-03-02", "2026-03-08", full);
  nobody.mutable_record_benefit_period()->mutable_period()->clear_source();
  EXPECT_THAT(refused(nobody), StartsWith("period.source"));
  EXPECT_EQ(follower.Give(Voided(1)).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(follower.Give(Corrected(Period("2026-03-02", "2026-03-08", full), 1)).code(), absl::StatusCode::kNotFound);
}

// The periods of three months, told one by one with ticks between or not, in any order, some corrected and some taken
// back: what is open hangs on what is true in the end.
RC_GTEST_PROP(R8Property, IsFoundAlikeInAnyOrderOfThePeriods, ()) {
  struct Told {
    int first;
    int days;
    BenefitKind kind;
  };
  const absl::CivilDay begin(2026, 1, 5);
  std::vector<Told> told;
  for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
    told.push_back(
        {*rc::gen::inRange(0, 120), *rc::gen::inRange(1, 90), static_cast<BenefitKind>(*rc::gen::inRange(1, 5))});
  }
  const auto period = [&](const Told& each) {
    return Period(FormatDay(begin + each.first), FormatDay(begin + each.first + each.days), each.kind);
  };
  Follower straight = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  for (const Told& each : told) RC_ASSERT(straight.Give(period(each)).ok());
  straight.AdvanceTo(Local("2026-09-01 09:00"));

  std::vector<int> order(told.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  for (size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(i)))]);
  Follower other = Followed(polku::common::v1::SEGMENT_EMPLOYED);
  int recorded = 0;
  for (const int index : order) {
    other.AdvanceTo(other.now() + absl::Hours(*rc::gen::inRange(0, 24 * 30)));
    const Told& each = told[static_cast<size_t>(index)];
    const bool wrong = *rc::gen::arbitrary<bool>();
    RC_ASSERT(
        other.Give(wrong ? Period("2025-11-03", "2026-05-29", BENEFIT_KIND_SICKNESS_ALLOWANCE) : period(each)).ok());
    ++recorded;
    if (!wrong) continue;
    other.AdvanceTo(other.now() + absl::Hours(*rc::gen::inRange(0, 24 * 10)));
    if (*rc::gen::arbitrary<bool>()) {
      RC_ASSERT(other.Give(Corrected(period(each), recorded)).ok());
    } else {
      RC_ASSERT(other.Give(Voided(recorded)).ok());
      RC_ASSERT(other.Give(period(each)).ok());
      ++recorded;
    }
  }
  other.AdvanceTo(Local("2026-09-01 09:00"));
  RC_ASSERT(Near(straight) == Near(other));
}

}  // namespace
}  // namespace polku::follow_up
