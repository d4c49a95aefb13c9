// Each rule at its instant, and not a microsecond before.
#include <gmock/gmock.h>

#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Monday 2 March 2026 is the first day; sessions on Mondays and Wednesdays from 9 to 12.
polku::assessment::v1::PlannedMeasure TwiceAWeek() {
  auto plan = Plan(1, "2026-03-02", "2026-12-31");
  AddSession(plan, google::type::MONDAY, 540, 720);
  AddSession(plan, google::type::WEDNESDAY, 540, 720);
  return plan;
}

void ExpectOpensAt(Follower& follower, absl::Time due, const std::string& open) {
  follower.AdvanceTo(due - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_THAT(SafetyNetGaps(follower.state(), RulesOf(RulesOfTests(), "2026-1"), follower.now()), IsEmpty());
  follower.AdvanceTo(due);
  EXPECT_THAT(follower.Open(), ElementsAre(open));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

TEST(R1EndedEarly, OpensAtOnceCountedFromTheDayOfTheEnd) {
  Follower follower(Local("2026-03-10 10:00"));
  follower.Run(TwiceAWeek());
  JourneyInput input;
  input.mutable_end_measure_early()->set_name(MeasureName(1));
  *input.mutable_end_measure_early()->mutable_end_date() = Day("2026-03-09");
  input.mutable_end_measure_early()->set_reason(END_REASON_CLIENT_STOPPED);
  ASSERT_TRUE(follower.Give(input).ok());
  EXPECT_THAT(follower.Open(), ElementsAre("R1 from 2026-03-09 00:00:00 due 2026-03-09 00:00:00"));
}

TEST(R1EndedEarly, IsNoneWhenTheGoalWasReached) {
  Follower follower(Local("2026-03-10 10:00"));
  follower.Run(TwiceAWeek());
  for (const char* day : {"2026-03-02", "2026-03-04", "2026-03-09"}) follower.Mark(day, ATTENDANCE_STATUS_PRESENT);
  JourneyInput input;
  input.mutable_end_measure_early()->set_name(MeasureName(1));
  *input.mutable_end_measure_early()->mutable_end_date() = Day("2026-03-09");
  input.mutable_end_measure_early()->set_reason(END_REASON_GOAL_REACHED);
  ASSERT_TRUE(follower.Give(input).ok());
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_THAT(follower.state().measures(), IsEmpty());
}

TEST(R2MissedAttendance, OpensWithTheSecondAbsentMarkInARow) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-04 13:00"));
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-04 12:00:00"));
  MeasureInterrupted found;
  for (const JourneyEvent& event : follower.events()) {
    if (event.has_measure_interrupted()) found = event.measure_interrupted();
  }
  EXPECT_EQ(found.interruption(), std::string(kClient) + "/interruptions/1");
  // The start of the measure and the two misses.
  EXPECT_EQ(found.evidence_size(), 3);
}

TEST(R2MissedAttendance, OpensForUnmarkedSessionsADayAfterTheSecond) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ExpectOpensAt(follower, Local("2026-03-05 12:00"), "R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00");
  EXPECT_EQ(follower.Count(JourneyEvent::kAttendanceMissed), 2);
}

TEST(R2MissedAttendance, NeitherCountsNorIsBrokenByAnExcusedSession) {
  Follower follower(Local("2026-03-09 13:00"));
  follower.Run(TwiceAWeek());
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_ABSENT);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_EXCUSED);
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.Mark("2026-03-09", ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-09 12:00:00"));
}

TEST(R2MissedAttendance, ExpectsNobodyOnAPublicHolidayAndKeepsLocalTimeOverTheClockChange) {
  // Clocks go forward on 29 March; 6 April is Easter Monday.
  Follower follower(Local("2026-04-08 13:00"));
  follower.Run(TwiceAWeek());
  for (const char* day : {"2026-03-02", "2026-03-04", "2026-03-09", "2026-03-11", "2026-03-16", "2026-03-18",
                          "2026-03-23", "2026-03-25", "2026-03-30"}) {
    follower.Mark(day, ATTENDANCE_STATUS_PRESENT);
  }
  follower.Mark("2026-04-01", ATTENDANCE_STATUS_ABSENT);
  follower.Mark("2026-04-08", ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-04-01 12:00:00 due 2026-04-08 12:00:00"));
}

TEST(R2MissedAttendance, OpensForAWeekBelowTheAgreedMinimum) {
  auto plan = TwiceAWeek();
  plan.set_weekly_days_min(2);
  Follower follower(Local("2026-03-04 13:00"));
  follower.Run(plan);
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_PRESENT);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT);
  // The week ends on Sunday night; the report may take a day more.
  ExpectOpensAt(follower, Local("2026-03-10 00:00"), "R2 from 2026-03-02 00:00:00 due 2026-03-10 00:00:00");
}

TEST(R3NoNextMeasure, OpensAfterFiveOfficeDaysWithoutANextStep) {
  Follower follower(Local("2026-03-26 10:00"));
  follower.Accept(Local("2026-03-02 10:00"));
  follower.CompleteAssessment(Local("2026-03-26 09:30"));
  // Thursday; Good Friday is 3 April, so the fifth office day is Thursday 2 April.
  ExpectOpensAt(follower, Local("2026-04-03 00:00"), "R3 from 2026-03-26 09:30:00 due 2026-04-03 00:00:00");
}

TEST(R5NoContact, OpensAfter21WholeDaysWithoutActivity) {
  Follower follower(Local("2026-03-12 15:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.Contact(Local("2026-03-12 14:00"));
  ExpectOpensAt(follower, Local("2026-04-03 00:00"), "R5 from 2026-03-12 14:00:00 due 2026-04-03 00:00:00");
}

TEST(R7OverdueAssessment, OpensAtThePathwaysDeadlineUntilTheAssessmentHasItsOwn) {
  Follower follower(Local("2026-02-02 10:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  ExpectOpensAt(follower, Local("2026-05-04 00:00"), "R7 from 2026-02-02 10:00:00 due 2026-05-04 00:00:00");
}

TEST(R7OverdueAssessment, OpensAtTheAssessmentsOwnDeadline) {
  Follower follower(Local("2026-02-02 10:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.OpenAssessment(Local("2026-02-03 10:00"), Local("2026-03-01 00:00"));
  ExpectOpensAt(follower, Local("2026-03-01 00:00"), "R7 from 2026-02-03 10:00:00 due 2026-03-01 00:00:00");
}

// The needs have changed, and the client is assessed again: a dated next step of its own.
TEST(R7OverdueAssessment, OpensAtTheDeadlineOfTheNextAssessment) {
  Follower follower(Local("2026-03-02 10:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.OpenAssessment(Local("2026-03-02 10:00"), Local("2026-03-20 00:00"), 2);
  ExpectOpensAt(follower, Local("2026-03-20 00:00"), "R7 from 2026-03-02 10:00:00 due 2026-03-20 00:00:00");
}

// The measure is over on the 9th; the client is assessed again since the 11th, and word of it comes a month later.
TEST(R3NoNextMeasure, IsRetractedForAnAssessmentThatWasUnderWayAtItsLimit) {
  Follower follower(Local("2026-03-02 10:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.AdvanceTo(Local("2026-03-09 10:00"));
  JourneyInput complete;
  complete.mutable_complete_measure()->set_name(MeasureName(1));
  *complete.mutable_complete_measure()->mutable_end_date() = Day("2026-03-09");
  ASSERT_TRUE(follower.Give(complete).ok());
  follower.AdvanceTo(Local("2026-03-25 10:00"));
  ASSERT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-09 00:00:00 due 2026-03-17 00:00:00"));
  follower.OpenAssessment(Local("2026-03-11 10:00"), Local("2026-06-11 00:00"), 2);
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(SafetyNetGaps(follower.state(), RulesOf(RulesOfTests(), follower.state()), follower.now()).size(), 0u);
  // And it counts from the end of that assessment on.
  follower.CompleteAssessment(Local("2026-03-25 10:00"), 2);
  follower.AdvanceTo(Local("2026-04-30 10:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-25 10:00:00 due 2026-04-02 00:00:00"));
}

// One that began only behind the limit mends nothing by itself.
TEST(R3NoNextMeasure, StaysOpenBesideAnAssessmentThatBeganLater) {
  Follower follower(Local("2026-03-26 10:00"));
  follower.Accept(Local("2026-03-02 10:00"));
  follower.CompleteAssessment(Local("2026-03-26 09:30"));
  follower.AdvanceTo(Local("2026-04-10 10:00"));
  follower.OpenAssessment(Local("2026-04-10 10:00"), Local("2026-07-10 00:00"), 2);
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-26 09:30:00 due 2026-04-03 00:00:00"));
}

TEST(R10NotStarted, OpensFiveOfficeDaysAfterThePlannedStart) {
  Follower follower(Local("2026-02-17 11:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.CompleteAssessment(Local("2026-02-16 10:00"));
  follower.Approve(Plan(1, "2026-03-02", "2026-12-31"), Local("2026-02-17 10:00"));
  ExpectOpensAt(follower, Local("2026-03-10 00:00"), "R10 from 2026-03-02 00:00:00 due 2026-03-10 00:00:00");
}

TEST(R11PlanOverrun, OpensFiveOfficeDaysAfterThePlannedEnd) {
  Follower follower(Local("2026-03-02 10:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-03-13"));
  ExpectOpensAt(follower, Local("2026-03-21 00:00"), "R11 from 2026-03-14 00:00:00 due 2026-03-21 00:00:00");
}

}  // namespace
}  // namespace polku::follow_up
