// The outreach ladder, how outreach ends, facts that count as activity, and revised plans.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::coordinator_network::v1::AttemptOutcome;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

polku::assessment::v1::PlannedMeasure TwiceAWeek() {
  auto plan = Plan(1, "2026-03-02", "2026-12-31");
  AddSession(plan, google::type::MONDAY, 540, 720);
  AddSession(plan, google::type::WEDNESDAY, 540, 720);
  return plan;
}

JourneyInput Completing(int interruption, absl::Time time) {
  JourneyInput input;
  auto& fact = *input.mutable_outreach_completed();
  fact.set_task(absl::StrCat(kClient, "/tasks/1"));
  fact.set_interruption(absl::StrCat(kClient, "/interruptions/", interruption));
  fact.set_outcome(polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
  *fact.mutable_complete_time() = pipeline::ToProto(time);
  return input;
}

std::vector<std::string> Rungs(const Follower& follower) {
  std::vector<std::string> rungs;
  for (const JourneyEvent& event : follower.events()) {
    if (!event.has_outreach_escalated()) continue;
    const OutreachEscalated& told = event.outreach_escalated();
    rungs.push_back(absl::StrCat(
        told.rung(), " ", absl::FormatTime("%m-%d %H:%M", pipeline::FromProto(told.escalate_time()), Helsinki()), " ",
        absl::FormatTime("%m-%d %H:%M", pipeline::FromProto(told.due_time()), Helsinki())));
  }
  return rungs;
}

TEST(Ladder, CallsEachRungOnceAndEndsWithAMeeting) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-22 08:00"));
  // Found on Thursday 5 March: used up by the end of the 1st, 3rd, 5th and 7th office day behind it.
  EXPECT_THAT(Rungs(follower),
              ElementsAre("2 03-07 00:00 03-11 00:00", "3 03-11 00:00 03-13 00:00", "4 03-13 00:00 03-17 00:00",
                          "5 03-17 00:00 03-20 00:00", "6 03-20 00:00 04-03 00:00"));
}

JourneyInput Attempted(AttemptOutcome outcome, absl::Time time) {
  JourneyInput input;
  auto& fact = *input.mutable_outreach_attempted();
  fact.set_task(absl::StrCat(kClient, "/tasks/1"));
  fact.set_interruption(absl::StrCat(kClient, "/interruptions/1"));
  fact.set_outcome(outcome);
  *fact.mutable_attempt_time() = pipeline::ToProto(time);
  return input;
}

TEST(Ladder, GoesOnAtOnceWhenAnAttemptShowsThatItCannotReachTheClient) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 10:00"));
  ASSERT_THAT(follower.Give(Attempted(polku::coordinator_network::v1::ATTEMPT_OUTCOME_NUMBER_INVALID, follower.now())),
              IsOk());
  follower.AdvanceTo(Local("2026-03-06 11:00"));
  EXPECT_THAT(Rungs(follower), ElementsAre("2 03-06 10:00 03-11 00:00"));
  follower.AdvanceTo(Local("2026-03-06 12:00"));
  ASSERT_THAT(
      follower.Give(Attempted(polku::coordinator_network::v1::ATTEMPT_OUTCOME_NO_CONTACT_DETAILS, follower.now())),
      IsOk());
  follower.AdvanceTo(Local("2026-03-10 11:00"));
  EXPECT_THAT(Rungs(follower), ElementsAre("2 03-06 10:00 03-11 00:00", "3 03-06 12:00 03-13 00:00"));
}

TEST(Ladder, WaitsForTheDayOnWhichTheClientAskedToBeCalledBack) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 10:00"));
  JourneyInput input = Attempted(polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_CALL_LATER, follower.now());
  *input.mutable_outreach_attempted()->mutable_call_back_date() = Day("2026-03-12");
  ASSERT_THAT(follower.Give(input), IsOk());
  follower.AdvanceTo(Local("2026-03-14 00:00") - absl::Microseconds(1));
  EXPECT_THAT(Rungs(follower), IsEmpty());
  follower.AdvanceTo(Local("2026-03-14 00:00"));
  EXPECT_THAT(Rungs(follower), ElementsAre("2 03-14 00:00 03-18 00:00"));
}

TEST(Ladder, StartsAgainWithAnAttemptThatReachedTheClientAndEndsWithTheInterruption) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 10:00"));
  JourneyInput input;
  auto& fact = *input.mutable_outreach_attempted();
  fact.set_task(absl::StrCat(kClient, "/tasks/1"));
  fact.set_interruption(absl::StrCat(kClient, "/interruptions/1"));
  fact.set_outcome(polku::coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_CALL_LATER);
  *fact.mutable_attempt_time() = pipeline::ToProto(follower.now());
  ASSERT_THAT(follower.Give(input), IsOk());
  follower.AdvanceTo(Local("2026-03-10 08:00"));
  EXPECT_THAT(Rungs(follower), ElementsAre("2 03-10 00:00 03-12 00:00"));
  ASSERT_THAT(follower.Give(Completing(1, follower.now())), IsOk());
  follower.AdvanceTo(Local("2026-03-16 08:00"));
  EXPECT_EQ(Rungs(follower).size(), 1u);
}

// The outcome of an attempt may be on its way while the bus is behind. A rung was once called although
// the client had been reached.
TEST(Ladder, WaitsUntilTheBusIsReadUpToTheRung) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 10:00"));
  follower.covered_until = follower.now();
  follower.AdvanceTo(Local("2026-03-07 00:05"));
  EXPECT_THAT(Rungs(follower), IsEmpty());
  EXPECT_EQ(follower.domain().NextDue(follower.state()), Local("2026-03-07 00:06"));
  follower.covered_until = absl::InfiniteFuture();
  follower.AdvanceTo(Local("2026-03-07 00:06"));
  EXPECT_EQ(Rungs(follower).size(), 1u);
}

// An outreach that ended while the fact that retracted its interruption was under way was once
// dropped, so R3 counted from what had come first.
TEST(OutreachCompleted, EndsInTheSameStateWhicheverComesFirst) {
  for (const bool mark_first : {false, true}) {
    Follower follower(Local("2026-03-02 08:00"));
    follower.Run(TwiceAWeek());
    follower.AdvanceTo(Local("2026-03-06 10:00"));
    const absl::Time end = Local("2026-03-06 09:00");
    if (mark_first) follower.Mark("2026-03-02", ATTENDANCE_STATUS_PRESENT);
    ASSERT_THAT(follower.Give(Completing(1, end)), IsOk());
    if (!mark_first) follower.Mark("2026-03-02", ATTENDANCE_STATUS_PRESENT);
    EXPECT_THAT(follower.Open(), IsEmpty());
    EXPECT_EQ(follower.state().idle_since_us(), absl::ToUnixMicros(end));
    EXPECT_EQ(follower.state().measures(0).floor_session(), 2);
    ASSERT_EQ(follower.state().floors_size(), 1);
    EXPECT_EQ(follower.state().floors(0).counted_from_us(), absl::ToUnixMicros(end));
    EXPECT_EQ(follower.state().retracted_size(), 0);
  }
}

TEST(Activity, IsASessionOrAMeetingWithTheClient) {
  Follower follower(Local("2026-03-20 10:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  JourneyInput session;
  session.mutable_session_held()->set_session(absl::StrCat(kClient, "/sessions/1"));
  *session.mutable_session_held()->mutable_start_time() = pipeline::ToProto(Local("2026-03-12 10:00"));
  ASSERT_THAT(follower.Give(session), IsOk());
  EXPECT_EQ(follower.state().last_activity_us(), absl::ToUnixMicros(Local("2026-03-12 10:00")));
  JourneyInput meeting;
  meeting.mutable_meeting_held()->set_meeting(absl::StrCat(kClient, "/meetings/1"));
  *meeting.mutable_meeting_held()->mutable_start_time() = pipeline::ToProto(Local("2026-03-13 10:00"));
  ASSERT_THAT(follower.Give(meeting), IsOk());
  EXPECT_EQ(follower.state().last_activity_us(), absl::ToUnixMicros(Local("2026-03-12 10:00")));
}

TEST(AssessmentCancelled, LeavesADatedNextStep) {
  Follower follower(Local("2026-03-02 10:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  JourneyInput input;
  input.mutable_assessment_cancelled()->set_assessment(absl::StrCat(kClient, "/assessments/1"));
  *input.mutable_assessment_cancelled()->mutable_cancel_time() = pipeline::ToProto(follower.now());
  ASSERT_THAT(follower.Give(input), IsOk());
  follower.AdvanceTo(Local("2026-03-10 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-02 10:00:00 due 2026-03-10 00:00:00"));
}

TEST(PlanRevised, KeepsWhatWasExpectedBeforeAndReadsLaterMarksAnew) {
  Follower follower(Local("2026-03-12 13:00"));
  follower.Run(TwiceAWeek());
  for (const char* day : {"2026-03-02", "2026-03-04", "2026-03-09"}) follower.Mark(day, ATTENDANCE_STATUS_PRESENT);
  follower.Mark("2026-03-11", ATTENDANCE_STATUS_ABSENT);
  follower.Mark("2026-03-12", ATTENDANCE_STATUS_ABSENT);  // A Thursday: not expected yet.
  EXPECT_THAT(follower.Open(), IsEmpty());
  JourneyInput input;
  auto& fact = *input.mutable_plan_revised();
  fact.set_plan(absl::StrCat(kClient, "/plans/2"));
  auto& changed = *fact.add_changed();
  changed = Plan(1, "2026-03-02", "2027-01-31");
  AddSession(changed, google::type::THURSDAY, 540, 720);
  *fact.mutable_approve_time() = pipeline::ToProto(Local("2026-03-11 10:00"));
  ASSERT_THAT(follower.Give(input), IsOk());
  // Mondays and Wednesdays to 11 March, Thursdays from the 12th on.
  EXPECT_EQ(follower.state().measures(0).sessions(), "PPPAA");
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-11 12:00:00 due 2026-03-12 12:00:00"));
}

TEST(PlanRevised, ThatRemovesTheLastMeasureLeavesADatedNextStep) {
  Follower follower(Local("2026-02-17 11:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.CompleteAssessment(Local("2026-02-16 10:00"));
  follower.Approve(Plan(1, "2026-03-02", "2026-12-31"), Local("2026-02-17 10:00"));
  JourneyInput input;
  input.mutable_plan_revised()->set_plan(absl::StrCat(kClient, "/plans/2"));
  input.mutable_plan_revised()->add_removed(MeasureName(1));
  *input.mutable_plan_revised()->mutable_approve_time() = pipeline::ToProto(Local("2026-02-17 11:00"));
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_THAT(follower.state().measures(), IsEmpty());
  follower.AdvanceTo(Local("2026-02-25 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-02-17 00:00:00 due 2026-02-25 00:00:00"));
}

}  // namespace
}  // namespace polku::follow_up
