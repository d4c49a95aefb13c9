// Facts that come late, in another order, or not before the corridor has ticked.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/testing/facts.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LateFacts, RetractAnR2ThatAMarkDisprovesAndDoNotFindItAgainByACorrection) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 08:00"));
  ASSERT_EQ(follower.Open().size(), 1u);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_PRESENT);
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionRetracted), 1);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT, /*revision=*/1);
  EXPECT_THAT(follower.Open(), IsEmpty());
  // The next miss counts on from there.
  follower.AdvanceTo(Local("2026-03-09 13:00"));
  follower.Mark("2026-03-09", ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-04 12:00:00 due 2026-03-09 12:00:00"));
}

TEST(LateFacts, FindARunBeforeTheOneThatAMarkDisproved) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  for (const auto& [day, status] :
       {std::pair("2026-03-02", ATTENDANCE_STATUS_PRESENT), std::pair("2026-03-04", ATTENDANCE_STATUS_PRESENT),
        std::pair("2026-03-09", ATTENDANCE_STATUS_ABSENT), std::pair("2026-03-11", ATTENDANCE_STATUS_ABSENT)}) {
    follower.AdvanceTo(Local(absl::StrCat(day, " 13:00")));
    follower.Mark(day, status);
  }
  ASSERT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-09 12:00:00 due 2026-03-11 12:00:00"));
  follower.Mark("2026-03-11", ATTENDANCE_STATUS_PRESENT, /*revision=*/1);
  ASSERT_THAT(follower.Open(), IsEmpty());
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_ABSENT, /*revision=*/1);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT, /*revision=*/1);
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-04 12:00:00"));
}

TEST(LateFacts, AmendAnOpenR2UnderTheSameIdWithoutASecondOutreach) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-13 08:00"));
  ASSERT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_PRESENT);
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-04 12:00:00 due 2026-03-10 12:00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionAmended), 1);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

absl::Status Complete(Follower& follower, absl::string_view day) {
  JourneyInput input;
  input.mutable_complete_measure()->set_name(MeasureName(1));
  *input.mutable_complete_measure()->mutable_end_date() = Day(day);
  return follower.Give(input);
}

TEST(LateEnd, RetractsAnR2ThatRestedOnASessionBehindIt) {
  for (const bool marked : {true, false}) {
    Follower follower(Local("2026-03-02 08:00"));
    follower.Run(TwiceAWeek());
    follower.JumpTo(Local("2026-03-06 08:00"));
    if (marked) {
      follower.Mark("2026-03-02", ATTENDANCE_STATUS_ABSENT);
      follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT);
    }
    follower.AdvanceTo(Local("2026-03-06 08:00"));
    ASSERT_EQ(follower.Open().size(), 1u);
    ASSERT_TRUE(Complete(follower, "2026-03-03").ok());
    EXPECT_THAT(follower.Open(), IsEmpty());
    EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionRetracted), 1);
    EXPECT_EQ(follower.state().measures_size(), 0);  // Nothing more to be found about it.
  }
}

TEST(LateEnd, LeavesTheSessionsBeforeItToBeJudgedWhetherOrNotSomebodyHadLooked) {
  for (const bool looked : {true, false}) {
    Follower follower(Local("2026-03-02 08:00"));
    follower.Run(TwiceAWeek());
    follower.JumpTo(Local("2026-03-10 08:00"));
    if (looked) follower.Tick();
    ASSERT_TRUE(Complete(follower, "2026-03-05").ok());
    follower.AdvanceTo(follower.now());
    EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
    EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
  }
}

TEST(LateEnd, DoesNotHideMissesBeforeItBehindTheOnesThatItRetracts) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.JumpTo(Local("2026-03-17 08:00"));
  follower.Mark("2026-03-11", ATTENDANCE_STATUS_ABSENT);
  follower.Mark("2026-03-16", ATTENDANCE_STATUS_ABSENT);
  ASSERT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-11 12:00:00 due 2026-03-16 12:00:00"));
  ASSERT_TRUE(Complete(follower, "2026-03-05").ok());
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(follower.now());
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
}

TEST(LateEnd, LeavesAWholeWeekBeforeItToBeCounted) {
  for (const bool looked : {true, false}) {
    auto plan = TwiceAWeek();
    plan.set_weekly_days_min(2);
    Follower follower(Local("2026-03-02 08:00"));
    follower.Run(plan);
    follower.JumpTo(Local(looked ? "2026-03-10 08:00" : "2026-03-08 08:00"));
    follower.Mark("2026-03-02", ATTENDANCE_STATUS_PRESENT);
    follower.Mark("2026-03-04", ATTENDANCE_STATUS_EXCUSED);
    follower.AdvanceTo(follower.now());
    ASSERT_TRUE(Complete(follower, "2026-03-08").ok());
    follower.AdvanceTo(Local("2026-03-10 08:00"));
    EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 00:00:00 due 2026-03-10 00:00:00"));
  }
}

TEST(LateEnd, WaitsForTheSourceButR3DoesNot) {
  auto plan = TwiceAWeek();
  plan.set_source("sources/s");
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(plan);
  follower.AdvanceTo(Local("2026-03-06 08:00"));
  ASSERT_TRUE(Complete(follower, "2026-03-05").ok());
  follower.AdvanceTo(Local("2026-03-13 08:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-05 00:00:00 due 2026-03-13 00:00:00"));
  follower.sources = {{std::string("sources/s"), Micros(follower.now()), absl::ToInt64Microseconds(absl::Hours(24))}};
  follower.AdvanceTo(Local("2026-03-13 20:00"));
  EXPECT_THAT(follower.Open(), Contains("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
}

TEST(LateFacts, RetractAnR3ByAPlanApprovedInTimeAndLeaveItByALaterOne) {
  for (const bool in_time : {true, false}) {
    Follower follower(Local("2026-03-02 10:00"));
    follower.Accept(Local("2026-02-02 10:00"));
    follower.CompleteAssessment(Local("2026-03-02 09:00"));
    follower.AdvanceTo(Local("2026-03-12 10:00"));
    ASSERT_EQ(follower.Open().size(), 1u);
    follower.Approve(Plan(1, "2026-04-01", "2026-12-31"), Local(in_time ? "2026-03-10 00:00" : "2026-03-10 00:01"));
    EXPECT_EQ(follower.Open().size(), in_time ? 0u : 1u);
  }
}

TEST(LateFacts, BridgeAGapOfR5EvenWhenLaterActivityIsKnownAlready) {
  Follower follower(Local("2026-03-02 10:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.AdvanceTo(Local("2026-04-10 10:00"));
  ASSERT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-24 00:00:00"));
  follower.Contact(Local("2026-04-08 10:00"));  // Too late for the gap, which stays found.
  ASSERT_EQ(follower.Open().size(), 1u);
  follower.Contact(Local("2026-03-20 10:00"));  // From inside the gap; 8 April follows within 21 days.
  EXPECT_THAT(follower.Open(), IsEmpty());
}

TEST(LateFacts, AreFoundTooLateAlthoughNoTickCameBetween) {
  Follower follower(Local("2026-03-02 10:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.JumpTo(Local("2026-04-10 10:00"));
  follower.Contact(Local("2026-04-08 10:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());  // Whether nothing came before is for the tick to know.
  follower.Tick();
  EXPECT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-24 00:00:00"));
}

TEST(LateFacts, RetractAnR7WhenTheAssessmentWasCompleteInTime) {
  Follower follower(Local("2026-02-02 10:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.AdvanceTo(Local("2026-05-05 10:00"));
  ASSERT_EQ(follower.Open().size(), 1u);
  follower.CompleteAssessment(Local("2026-05-03 10:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());
}

TEST(LateFacts, RetractAnR10WhenTheMeasureHadStartedOnTheLimitsLastDay) {
  for (const char* day : {"2026-03-09", "2026-03-10"}) {
    Follower follower(Local("2026-02-17 11:00"));
    follower.Accept(Local("2026-02-02 10:00"));
    follower.CompleteAssessment(Local("2026-02-16 10:00"));
    follower.Approve(Plan(1, "2026-03-02", "2026-12-31"), Local("2026-02-17 10:00"));
    follower.AdvanceTo(Local("2026-03-11 10:00"));
    ASSERT_EQ(follower.Open().size(), 1u);
    follower.Start(MeasureName(1), day);
    EXPECT_EQ(follower.Open().empty(), std::string(day) == "2026-03-09");
  }
}

TEST(Coverage, HoldsWhatTheBusOrTheSourceMayStillBring) {
  auto plan = TwiceAWeek();
  plan.set_source("sources/s");
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(plan);
  const auto report = [&](absl::Time through) {
    follower.sources = {{std::string("sources/s"), Micros(through), absl::ToInt64Microseconds(absl::Hours(24))}};
  };
  follower.AdvanceTo(Local("2026-03-06 08:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());  // The source has never reported.
  ASSERT_EQ(follower.state().holds_size(), 1);
  EXPECT_EQ(follower.state().holds(0).source(), "sources/s");
  report(Local("2026-03-05 12:00") - absl::Microseconds(1));
  JourneyInput recheck;
  recheck.mutable_recheck_coverage()->set_client(kClient);
  ASSERT_TRUE(follower.Give(recheck).ok());
  EXPECT_THAT(follower.Open(), IsEmpty());
  report(Local("2026-03-05 12:00"));
  follower.covered_until = Local("2026-03-05 11:00");
  ASSERT_TRUE(follower.Give(recheck).ok());
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.covered_until = absl::InfiniteFuture();
  ASSERT_TRUE(follower.Give(recheck).ok());
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
  EXPECT_EQ(follower.state().holds_size(), 0);
}

TEST(Coverage, LooksAgainEverySixHoursForASourceAndEveryMinuteForTheBus) {
  Follower follower(Local("2026-02-02 10:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.covered_until = Local("2026-05-01 00:00");
  follower.AdvanceTo(Local("2026-05-04 00:00"));
  EXPECT_EQ(follower.domain().NextDue(follower.state()), Local("2026-05-04 00:01"));
}

TEST(Restored, FindsNothingTakesNothingBackAndCallsNoRungWhileTheClientIsHeld) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-04 13:00"));
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_ABSENT);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT);
  ASSERT_EQ(follower.Open().size(), 1u);
  const auto open = follower.Open();
  const int events = follower.Count(JourneyEvent::kOutreachEscalated);
  follower.held = true;
  follower.covered_until = absl::InfinitePast();
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_PRESENT, 1);  // Would take it back.
  follower.AdvanceTo(Local("2026-05-04 00:00"));              // Would find more, and climb.
  EXPECT_EQ(follower.Open(), open);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachEscalated), events);
  EXPECT_EQ(follower.Count(JourneyEvent::kMeasureInterrupted), 1);
  follower.held = false;
  follower.covered_until = absl::InfiniteFuture();
  follower.AdvanceTo(Local("2026-05-05 00:00"));
  EXPECT_NE(follower.Open(), open);
}

TEST(Restored, AStartThatWasToldIsKnownOnceThePlanIsReadAgain) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Accept(Local("2026-03-02 08:00"));
  JourneyEvent told;
  told.mutable_measure_started()->set_measure(MeasureName(1));
  *told.mutable_measure_started()->mutable_start_date() = Day("2026-03-02");
  JourneyRecord state = follower.state();
  follower.domain().Evolve(told, state);
  JourneyEvent plan;
  *plan.mutable_plan_approved()->add_measures() = TwiceAWeek();
  follower.domain().Evolve(plan, state);
  ASSERT_EQ(state.measures_size(), 1);
  EXPECT_EQ(state.measures(0).phase(), MEASURE_PHASE_RUNNING);
  EXPECT_EQ(state.starts_told_size(), 0);
}

TEST(EarlyFacts, WaitForTheReferralAndEndTheSame) {
  Follower early(Local("2026-02-20 10:00"));
  early.CompleteAssessment(Local("2026-02-16 10:00"));
  early.Approve(Plan(1, "2026-03-02", "2026-12-31"), Local("2026-02-17 10:00"));
  EXPECT_EQ(early.state().early_size(), 2);
  early.Accept(Local("2026-02-02 10:00"));
  early.OpenAssessment(Local("2026-02-03 10:00"), Local("2026-03-01 00:00"));
  EXPECT_EQ(early.state().early_size(), 0);
  EXPECT_EQ(early.state().measures_size(), 1);
  early.AdvanceTo(Local("2026-03-10 00:00"));
  EXPECT_THAT(early.Open(), ElementsAre("R10 from 2026-03-02 00:00:00 due 2026-03-10 00:00:00"));
}

// The closed day lies on the limit of the first activity, and inside the one that the pause moves.
TEST(LateFacts, FindTheSameR5WhicheverOfPauseAndClosedDayWasToldFirst) {
  for (const bool pause_first : {true, false}) {
    Follower follower(Local("2026-03-02 08:00"));
    follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
    follower.JumpTo(Local("2026-05-20 08:00"));
    const JourneyInput pause = PauseOf(absl::CivilDay(2026, 2, 28), 14, "");
    const JourneyInput closure = ClosureOf(absl::CivilDay(2026, 3, 23), 0);
    const absl::Status first = follower.Give(pause_first ? pause : closure);
    follower.Contact(Local("2026-04-11 01:00"));
    const absl::Status second = follower.Give(pause_first ? closure : pause);
    ASSERT_TRUE(first.ok() && second.ok());
    follower.AdvanceTo(follower.now());
    EXPECT_THAT(follower.Open(), Contains("R5 from 2026-03-14 00:00:00 due 2026-04-06 00:00:00"));
  }
}

// A day a week: a limit that each of them started again would never be reached.
TEST(LateFacts, ReachR5InSpiteOfClosedDaysEveryWeekWhichAreOnlyNotCounted) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  for (int week = 0; week < 20; ++week) {
    ASSERT_TRUE(follower.Give(ClosureOf(absl::CivilDay(2026, 3, 6) + 7 * week, 0)).ok());
  }
  follower.AdvanceTo(Local("2026-05-20 08:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-27 00:00:00"));
}

// A mark for most sessions of nine weeks.
std::vector<JourneyInput> RandomMarks() {
  std::vector<JourneyInput> marks;
  const absl::CivilDay first(2026, 3, 2);
  for (int week = 0; week < 9; ++week) {
    for (const int weekday : {0, 2}) {
      const int kind = *rc::gen::inRange(0, 8);
      if (kind < 3) continue;  // Never marked.
      AttendanceMark& mark = *marks.emplace_back().mutable_attendance_mark();
      mark.set_measure(MeasureName(1));
      *mark.mutable_date() = pipeline::ToProtoDay(first + 7 * week + weekday);
      mark.set_status(kind < 5   ? ATTENDANCE_STATUS_ABSENT
                      : kind < 6 ? ATTENDANCE_STATUS_EXCUSED
                                 : ATTENDANCE_STATUS_PRESENT);
    }
  }
  return marks;
}

// A mark behind the end is refused once that is told, and any mark once nothing more is to be found.
RC_GTEST_PROP(AnyOrder, EndsInTheSameR2WhereverTheEndOfTheMeasureIsTold, ()) {
  const auto marks = RandomMarks();
  const std::string end_day = FormatDay(absl::CivilDay(2026, 3, 2) + *rc::gen::inRange(0, 40));
  auto plan = TwiceAWeek();
  plan.set_weekly_days_min(*rc::gen::inRange(0, 3));
  const auto give = [&](size_t end_at, bool tick_between) {
    Follower follower(Local("2026-03-02 08:00"));
    follower.Run(plan);
    follower.JumpTo(Local("2026-05-20 08:00"));
    for (size_t i = 0; i <= marks.size(); ++i) {
      if (tick_between && *rc::gen::inRange(0, 3) == 0) follower.Tick();
      if (i == end_at) RC_ASSERT(Complete(follower, end_day).ok());
      if (i < marks.size()) (void)follower.Give(marks[i]);
    }
    follower.AdvanceTo(follower.now());
    const InterruptionRecord* open = FindOpen(follower.state(), RULE_MISSED_ATTENDANCE, MeasureName(1));
    return open == nullptr ? std::pair<int64_t, int64_t>() : std::pair(open->counted_from_us(), open->due_us());
  };
  RC_ASSERT(give(*rc::gen::inRange<size_t>(0, marks.size() + 1), true) == give(marks.size(), false));
}

// Whatever happens to a journey. Refused commands are part of it.
void RandomStep(Follower& follower) {
  const absl::Time now = follower.now();
  const absl::Time past = now - absl::Hours(*rc::gen::inRange(0, 24 * 20));
  const std::string today = FormatDay(LocalDay(now));
  const std::string day = FormatDay(LocalDay(past));
  JourneyInput input;
  switch (*rc::gen::inRange(0, 14)) {
    case 10:
      input = PauseOf(LocalDay(past), *rc::gen::inRange(1, 30),
                      *rc::gen::arbitrary<bool>() ? MeasureName(*rc::gen::inRange(1, 4)) : "");
      break;
    case 11:
      input.mutable_end_pause()->set_name(
          absl::StrCat(kClient, "/pauses/", *rc::gen::inRange(1, follower.state().pauses_numbered() + 2)));
      *input.mutable_end_pause()->mutable_end_date() = Day(day);
      break;
    case 12:
      input = CircumstanceOf(LocalDay(past), *rc::gen::inRange(0, 10));
      input.mutable_record_circumstance()->set_revoked(*rc::gen::arbitrary<bool>());
      break;
    case 13:
      input.mutable_offer_transition()->set_client(kClient);
      input.mutable_offer_transition()->set_taker("organisations/taker");
      follower.organisation = follower.state().responsible_party();
      break;
    case 0:
      return follower.CompleteAssessment(past);
    case 1: {
      auto plan = TwiceAWeek();
      const int ordinal = *rc::gen::inRange(1, 4);
      plan.set_measure(MeasureName(ordinal));
      *plan.mutable_start_date() = pipeline::ToProtoDay(LocalDay(past) + *rc::gen::inRange(0, 30));
      *plan.mutable_end_date() = pipeline::ToProtoDay(LocalDay(past) + *rc::gen::inRange(30, 90));
      plan.set_weekly_days_min(*rc::gen::inRange(0, 3));
      if (ordinal == 2) plan.set_source("sources/s");
      return follower.Approve(plan, past);
    }
    case 2:
      input.mutable_start_measure()->set_name(MeasureName(*rc::gen::inRange(1, 4)));
      *input.mutable_start_measure()->mutable_start_date() = Day(day);
      break;
    case 3:
      input.mutable_complete_measure()->set_name(MeasureName(*rc::gen::inRange(1, 4)));
      *input.mutable_complete_measure()->mutable_end_date() = Day(day);
      break;
    case 4:
      input.mutable_end_measure_early()->set_name(MeasureName(*rc::gen::inRange(1, 4)));
      *input.mutable_end_measure_early()->mutable_end_date() = Day(day);
      input.mutable_end_measure_early()->set_reason(static_cast<EndReason>(*rc::gen::inRange(1, 9)));
      break;
    case 5:
      input.mutable_record_contact()->set_client(kClient);
      *input.mutable_record_contact()->mutable_contact_time() = pipeline::ToProto(past);
      break;
    case 6:
    case 7: {
      auto& mark = *input.mutable_attendance_mark();
      mark.set_measure(MeasureName(*rc::gen::inRange(1, 4)));
      *mark.mutable_date() = Day(day);
      mark.set_status(static_cast<AttendanceStatus>(*rc::gen::inRange(1, 4)));
      mark.set_revision(*rc::gen::inRange(0, 3));
      break;
    }
    case 8: {
      auto& request = *input.mutable_resolve_interruption();
      request.set_name(absl::StrCat(kClient, "/interruptions/", follower.state().interruptions_numbered()));
      request.set_outcome(RESOLUTION_OUTCOME_NEXT_STEP_AGREED);
      if (*rc::gen::arbitrary<bool>()) *request.mutable_next_step_date() = Day(today);
      break;
    }
    case 9: {
      auto& fact = *input.mutable_outreach_completed();
      fact.set_interruption(absl::StrCat(kClient, "/interruptions/", follower.state().interruptions_numbered()));
      *fact.mutable_complete_time() = pipeline::ToProto(now);
      break;
    }
  }
  (void)follower.Give(input);
}

RC_GTEST_PROP(AnyHistory, LeavesNothingDueAfterATickAndNoGapInTheSafetyNet, ()) {
  Follower follower(Local("2026-02-02 10:00"));
  const polku::pathway::v1::RuleSet rules = RulesOf(RulesOfTests(), "2026-1");
  follower.Accept(follower.now());
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    follower.covered_until = *rc::gen::inRange(0, 4) == 0 ? follower.now() - absl::Hours(30) : absl::InfiniteFuture();
    const absl::Time next = follower.now() + absl::Minutes(*rc::gen::inRange(0, 60 * 24 * 6));
    if (*rc::gen::inRange(0, 4) == 0) {
      follower.JumpTo(next);
      RandomStep(follower);
      follower.Tick();
    } else {
      follower.covered_until = absl::InfiniteFuture();
      follower.AdvanceTo(next);
      RandomStep(follower);
      follower.AdvanceTo(next);
    }
    RC_ASSERT(follower.domain().NextDue(follower.state()).value_or(absl::InfiniteFuture()) > follower.now());
    RC_ASSERT(SafetyNetGaps(follower.state(), rules, follower.now()).empty());
  }
}

}  // namespace
}  // namespace polku::follow_up
