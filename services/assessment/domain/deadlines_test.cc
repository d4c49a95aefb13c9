// Sessions, deadlines, and what ends or restarts an assessment.
#include "services/assessment/domain/deadlines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/testing/client.h"

namespace polku::assessment {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSession[] = "clients/0190a000-0000-7000-8000-000000000001/sessions/1";

class DeadlinesTest : public ClientTest {
 protected:
  absl::Status Schedule(absl::Time start, const std::string& assessment = kAssessment) {
    v1::ClientAssessmentInput input;
    input.mutable_schedule_session()->set_assessment(assessment);
    *input.mutable_schedule_session()->mutable_start_time() = pipeline::ToProto(start);
    return Handle(input);
  }
  absl::Status Record(v1::SessionOutcome outcome, const std::string& name = kSession) {
    v1::ClientAssessmentInput input;
    input.mutable_record_session()->set_name(name);
    input.mutable_record_session()->set_outcome(outcome);
    return Handle(input);
  }
  absl::Status Cancel(v1::CancelReason reason = v1::CANCEL_REASON_NOT_NEEDED) {
    v1::ClientAssessmentInput input;
    input.mutable_cancel_assessment()->set_name(kAssessment);
    input.mutable_cancel_assessment()->set_reason(reason);
    return Handle(input);
  }
  absl::Status Restart(const std::string& assessment = kAssessment) {
    v1::ClientAssessmentInput input;
    input.mutable_start_reassessment()->set_assessment(assessment);
    return Handle(input);
  }
  absl::Status CompleteWithDay(absl::CivilDay day) {
    v1::ClientAssessmentInput input;
    input.mutable_complete_assessment()->set_name(kAssessment);
    *input.mutable_complete_assessment()->mutable_reassess_date() = pipeline::ToProtoDay(day);
    return Handle(input);
  }
  const v1::Session& SessionReply() const { return static_cast<const v1::Session&>(*reply_); }

  const absl::CivilDay opened_{2026, 11, 23};  // A Monday.
};

TEST_F(DeadlinesTest, TellsEachDeadlineOnceAndInOrder) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 1));
  EXPECT_THAT(ToldUntil(EndOfDay(opened_ + 400)),
              ElementsAre(v1::ASSESSMENT_DEADLINE_FIRST_CONTACT, v1::ASSESSMENT_DEADLINE_FIRST_MEETING,
                          v1::ASSESSMENT_DEADLINE_COMPLETION));
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_OVERDUE);
  EXPECT_THAT(state_.assessments(0).missed_deadlines(), SizeIs(3));
}

TEST_F(DeadlinesTest, CountsTheFirstContactInOfficeDays) {
  // Accepted on the Friday before Independence Day on a Sunday: Monday is the next office day.
  now_ = LocalTime(absl::CivilDay(2026, 12, 4), 600);
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(absl::CivilDay(2026, 12, 7)));
}

TEST_F(DeadlinesTest, TakesAnAgreedSessionAsFirstContactAndAHeldOneAsFirstMeeting) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Schedule(LocalTime(opened_ + 3, 600)), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[1].session_scheduled().session(), kSession);
  EXPECT_EQ(SessionReply().state(), v1::SESSION_STATE_SCHEDULED);
  EXPECT_THAT(ToldUntil(LocalTime(opened_ + 3, 660)), IsEmpty());
  ASSERT_THAT(Record(v1::SESSION_OUTCOME_ATTENDED), IsOk());
  EXPECT_EQ(events_[1].session_held().session(), kSession);
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 90));
}

// A session on the last day is recorded the morning after: without the wait it would be told as overdue, and
// nothing takes that back.
TEST_F(DeadlinesTest, WaitsForTheRecordOfASessionBeforeTheDeadline) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Schedule(LocalTime(opened_ + 7, 900)), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 8));
  EXPECT_THAT(ToldUntil(LocalTime(opened_ + 8, 540)), IsEmpty());
  ASSERT_THAT(Record(v1::SESSION_OUTCOME_ATTENDED), IsOk());
  EXPECT_THAT(ToldUntil(EndOfDay(opened_ + 30)), IsEmpty());
}

TEST_F(DeadlinesTest, DoesNotWaitForASessionAfterTheDeadlineNorForAMissedOne) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Schedule(LocalTime(opened_ + 8, 540)), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 7));
  ASSERT_THAT(Schedule(LocalTime(opened_ + 7, 540)), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 8));
  now_ = LocalTime(opened_ + 7, 560);
  ASSERT_THAT(Record(v1::SESSION_OUTCOME_MISSED, absl::StrCat(kClient, "/sessions/2")), IsOk());
  EXPECT_TRUE(events_[1].has_session_missed());
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 7));
  ASSERT_THAT(ToldUntil(EndOfDay(opened_ + 7)), ElementsAre(v1::ASSESSMENT_DEADLINE_FIRST_MEETING));
}

TEST_F(DeadlinesTest, TakesASessionThatIsEnteredAfterwards) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  now_ = LocalTime(opened_ + 6, 600);
  ASSERT_THAT(Schedule(LocalTime(opened_ + 1, 600)), IsOk());
  EXPECT_THAT(Record(v1::SESSION_OUTCOME_ATTENDED), IsOk());
  EXPECT_THAT(ToldUntil(EndOfDay(opened_ + 30)), IsEmpty());
}

TEST_F(DeadlinesTest, ReplacesAWrongRecord) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Schedule(now_), IsOk());
  ASSERT_THAT(Record(v1::SESSION_OUTCOME_MISSED), IsOk());
  EXPECT_EQ(ReasonOf(Record(v1::SESSION_OUTCOME_MISSED)), "SESSION_RECORDED");
  ASSERT_THAT(Record(v1::SESSION_OUTCOME_ATTENDED), IsOk());
  EXPECT_TRUE(events_[1].has_session_held());
  ASSERT_THAT(state_.sessions(), SizeIs(1));
  EXPECT_EQ(state_.sessions(0).state(), v1::SESSION_STATE_HELD);
}

TEST_F(DeadlinesTest, RefusesASessionOfAnAssessmentThatIsNotOpen) {
  EXPECT_THAT(Schedule(now_), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Complete(), IsOk());
  EXPECT_EQ(ReasonOf(Schedule(now_)), "ASSESSMENT_COMPLETE");
  ASSERT_THAT(Handle(Accepted(now_, 2)), IsOk());
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  EXPECT_EQ(ReasonOf(Schedule(now_, absl::StrCat(kClient, "/assessments/2"))), "ASSESSMENT_CANCELLED");
}

TEST_F(DeadlinesTest, RefusesASessionAtAnImpossibleTime) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  for (absl::Time start : {absl::UnixEpoch(), StartOfDay(opened_) - absl::Seconds(1), StartOfDay(opened_ + 366)}) {
    const absl::Status status = Schedule(start);
    ASSERT_THAT(ViolationsOf(status), SizeIs(1)) << start;
    EXPECT_EQ(ViolationsOf(status)[0].field, "start_time");
  }
  EXPECT_THAT(Schedule(StartOfDay(opened_)), IsOk());
}

TEST_F(DeadlinesTest, RefusesARecordBeforeTheSessionBeginsUnlessItIsCalledOff) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  EXPECT_THAT(Record(v1::SESSION_OUTCOME_ATTENDED), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(Schedule(now_ + absl::Hours(1)), IsOk());
  EXPECT_EQ(ViolationsOf(Record(v1::SESSION_OUTCOME_UNSPECIFIED))[0].field, "outcome");
  EXPECT_EQ(ViolationsOf(Record(static_cast<v1::SessionOutcome>(9)))[0].field, "outcome");
  EXPECT_EQ(ReasonOf(Record(v1::SESSION_OUTCOME_ATTENDED)), "SESSION_NOT_BEGUN");
  EXPECT_EQ(ReasonOf(Record(v1::SESSION_OUTCOME_MISSED)), "SESSION_NOT_BEGUN");
  ASSERT_THAT(Record(v1::SESSION_OUTCOME_CANCELLED_BY_CLIENT), IsOk());
  EXPECT_EQ(events_[1].session_cancelled().assessment(), kAssessment);
  EXPECT_EQ(SessionReply().outcome(), v1::SESSION_OUTCOME_CANCELLED_BY_CLIENT);
}

TEST_F(DeadlinesTest, CancelsWithItsSessionsToComeAndTellsNothingMore) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Schedule(now_ - absl::Hours(1)), IsOk());
  ASSERT_THAT(Schedule(now_ + absl::Hours(1)), IsOk());
  EXPECT_EQ(ViolationsOf(Cancel(v1::CANCEL_REASON_UNSPECIFIED))[0].field, "reason");
  ASSERT_THAT(Cancel(), IsOk());
  ASSERT_THAT(events_, SizeIs(4));
  EXPECT_EQ(events_[1].session_cancelled().session(), absl::StrCat(kClient, "/sessions/2"));
  EXPECT_EQ(events_[3].assessment_cancelled().assessment(), kAssessment);
  EXPECT_EQ(static_cast<const v1::Assessment&>(*reply_).cancel_reason(), v1::CANCEL_REASON_NOT_NEEDED);
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
  EXPECT_EQ(ReasonOf(Cancel()), "ASSESSMENT_CANCELLED");
  // What happened before is still a fact.
  EXPECT_THAT(Record(v1::SESSION_OUTCOME_ATTENDED), IsOk());
}

TEST_F(DeadlinesTest, StaysCancelledWhenTheJourneyIsOpenedAgain) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Cancel(), IsOk());
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  ASSERT_THAT(Handle(Opened(now_)), IsOk());
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_CANCELLED);
}

TEST_F(DeadlinesTest, TellsWhenItIsTimeToAssessAgain) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(CompleteWithDay(opened_ + 30), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), StartOfDay(opened_ + 30));
  EXPECT_THAT(ToldUntil(EndOfDay(opened_ + 400)), ElementsAre(v1::ASSESSMENT_DEADLINE_REASSESSMENT));
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_COMPLETE);
}

TEST_F(DeadlinesTest, TakesTheDayOfThePathwayWhenNoneIsAgreedAndRefusesImpossibleOnes) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  for (absl::CivilDay day : {opened_, opened_ + 3 * 366}) {
    EXPECT_EQ(ViolationsOf(CompleteWithDay(day))[0].field, "reassess_date");
  }
  ASSERT_THAT(Complete(), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), StartOfDay(opened_ + 180));
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
}

TEST_F(DeadlinesTest, AssessesAgain) {
  EXPECT_THAT(Restart(), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  EXPECT_EQ(ReasonOf(Restart()), "ASSESSMENT_OPEN");
  ASSERT_THAT(CompleteWithDay(opened_ + 30), IsOk());
  now_ = StartOfDay(opened_ + 30);
  ASSERT_THAT(Restart(), IsOk());
  EXPECT_EQ(events_[1].assessment_opened().assessment(), absl::StrCat(kClient, "/assessments/2"));
  const v1::Assessment again = static_cast<const v1::Assessment&>(*reply_);
  EXPECT_EQ(again.reassesses(), kAssessment);
  EXPECT_EQ(again.referral(), Referral(1));
  // Over Christmas: the next office day is five days on.
  EXPECT_THAT(ToldUntil(EndOfDay(opened_ + 35)), ElementsAre(v1::ASSESSMENT_DEADLINE_FIRST_CONTACT));
  ASSERT_THAT(Complete(again.name()), IsOk());
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  EXPECT_EQ(ReasonOf(Restart()), "JOURNEY_CLOSED");
}

}  // namespace
}  // namespace polku::assessment
