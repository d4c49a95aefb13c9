// An outreach shows that the client's needs have changed, or the journey goes on by another version of its pathway.
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

constexpr auto kNeedsChanged = coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_NEEDS_CHANGED;

v1::ClientAssessmentInput Attempted(int interruption, coordinator_network::v1::AttemptOutcome outcome = kNeedsChanged,
                                    int task = 3) {
  v1::ClientAssessmentInput input;
  auto& attempted = *input.mutable_outreach_attempted();
  attempted.set_task(absl::StrCat(kClient, "/tasks/", task));
  if (interruption > 0) attempted.set_interruption(absl::StrCat(kClient, "/interruptions/", interruption));
  attempted.set_outcome(outcome);
  return input;
}

v1::ClientAssessmentInput MovedTo(int version, int referral = 1) {
  v1::ClientAssessmentInput input;
  auto& moved = *input.mutable_journey_moved();
  moved.set_client(kClient);
  moved.set_referral(Referral(referral));
  moved.set_pathway("kainuu-unemployed");
  moved.set_from_version(1);
  moved.set_to_version(version);
  return input;
}

class NeedsChangedTest : public ClientTest {
 protected:
  std::string Second() const { return absl::StrCat(kClient, "/assessments/2"); }
  int Open() const {
    int open = 0;
    for (const auto& each : state_.assessments()) open += IsOpen(each) ? 1 : 0;
    return open;
  }
  const absl::CivilDay opened_{2026, 11, 23};  // A Monday.
};

TEST_F(NeedsChangedTest, OpensTheNextAssessmentWithItsDeadlinesAndSaysWhy) {
  OpenAndComplete();
  now_ = LocalTime(opened_ + 30, 600);  // Wednesday 23 December; the next office day is Monday the 28th.
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  const v1::AssessmentOpened& told = events_[1].assessment_opened();
  EXPECT_EQ(told.assessment(), Second());
  EXPECT_EQ(told.unit(), kUnit);
  EXPECT_EQ(told.reassesses(), kAssessment);
  EXPECT_EQ(told.reason(), v1::ASSESSMENT_REASON_NEEDS_CHANGED);
  EXPECT_EQ(told.because_of(), absl::StrCat(kClient, "/interruptions/4"));
  EXPECT_EQ(pipeline::FromProto(told.deadline()), EndOfDay(opened_ + 30 + 90));
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 35));
  EXPECT_THAT(ToldUntil(EndOfDay(opened_ + 400)),
              ElementsAre(v1::ASSESSMENT_DEADLINE_FIRST_CONTACT, v1::ASSESSMENT_DEADLINE_FIRST_MEETING,
                          v1::ASSESSMENT_DEADLINE_COMPLETION));
}

TEST_F(NeedsChangedTest, OpensOneForAnInterruptionWhateverIsToldAgain) {
  OpenAndComplete();
  now_ += absl::Hours(24);
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  ASSERT_THAT(Handle(Attempted(4, kNeedsChanged, /*task=*/5)), IsOk());
  ASSERT_THAT(Handle(Attempted(6, kNeedsChanged, /*task=*/7)), IsOk());  // The open one takes it in.
  EXPECT_THAT(state_.assessments(), SizeIs(2));
  ASSERT_THAT(Complete(Second()), IsOk());
  now_ += absl::Hours(24);
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  EXPECT_THAT(events_, IsEmpty());
  ASSERT_THAT(Handle(Attempted(8)), IsOk());
  EXPECT_EQ(Open(), 1);
  EXPECT_EQ(state_.assessments(2).reassesses(), Second());
}

// A task about a single missed session is about no interruption.
TEST_F(NeedsChangedTest, OpensOneForATaskThatIsAboutNoInterruption) {
  OpenAndComplete();
  now_ += absl::Hours(24);
  ASSERT_THAT(Handle(Attempted(0)), IsOk());
  ASSERT_THAT(Handle(Attempted(0)), IsOk());
  ASSERT_THAT(state_.assessments(), SizeIs(2));
  EXPECT_EQ(state_.assessments(1).because_of(), absl::StrCat(kClient, "/tasks/3"));
}

TEST_F(NeedsChangedTest, OpensNothingForAnotherOutcomeNorBesideAnOpenAssessment) {
  ASSERT_THAT(Handle(Attempted(4)), IsOk());  // Nobody has been assessed: the first one is still to come.
  EXPECT_THAT(events_, IsEmpty());
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  EXPECT_THAT(events_, IsEmpty());
  ASSERT_THAT(Complete(), IsOk());
  now_ += absl::Hours(24);
  for (int outcome = 1; outcome <= 13; ++outcome) {
    if (outcome == kNeedsChanged) continue;
    ASSERT_THAT(Handle(Attempted(5, static_cast<coordinator_network::v1::AttemptOutcome>(outcome))), IsOk());
    EXPECT_THAT(events_, IsEmpty()) << outcome;
  }
}

// Told while the assessment was open, and heard of only after its end: as if it had been heard of in time.
TEST_F(NeedsChangedTest, OpensNothingForWhatWasToldBeforeTheAssessmentEnded) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  told_ = now_ + absl::Hours(1);
  now_ += absl::Hours(2);
  ASSERT_THAT(Complete(), IsOk());
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  EXPECT_THAT(state_.assessments(), SizeIs(1));
}

TEST_F(NeedsChangedTest, OpensNothingForWhatWasToldBeforeAPersonCancelled) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  told_ = now_ + absl::Hours(1);
  now_ += absl::Hours(2);
  v1::ClientAssessmentInput cancel;
  cancel.mutable_cancel_assessment()->set_name(kAssessment);
  cancel.mutable_cancel_assessment()->set_reason(v1::CANCEL_REASON_NOT_NEEDED);
  ASSERT_THAT(Handle(cancel), IsOk());
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  EXPECT_THAT(state_.assessments(), SizeIs(1));
  told_ = now_ + absl::Hours(1);
  ASSERT_THAT(Handle(Attempted(5)), IsOk());
  EXPECT_EQ(Open(), 1);
}

TEST_F(NeedsChangedTest, CountsDeadlinesFromWhenItWasTold) {
  OpenAndComplete();
  told_ = LocalTime(opened_ + 1, 600);
  now_ = LocalTime(opened_ + 4, 600);
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(opened_ + 2));
}

// In either order nothing is open in a journey that has ended, and what was told in time goes on when it does.
TEST_F(NeedsChangedTest, EndsWithTheJourneyWhicheverIsHeardOfFirst) {
  for (const bool closing_first : {true, false}) {
    state_.Clear();
    now_ = LocalTime(opened_, 600);
    OpenAndComplete();
    const absl::Time told = now_ + absl::Hours(1);
    const absl::Time closed = now_ + absl::Hours(2);
    now_ += absl::Hours(5);
    told_ = told;
    if (closing_first) {
      ASSERT_THAT(Handle(Closed(closed)), IsOk());
    }
    ASSERT_THAT(Handle(Attempted(4)), IsOk());
    if (!closing_first) {
      ASSERT_THAT(Handle(Closed(closed)), IsOk());
    }
    EXPECT_EQ(Open(), 0);
    EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
    ASSERT_THAT(Handle(Opened(now_)), IsOk());
    EXPECT_EQ(Open(), 1);
  }
}

// The network had not heard of the end yet.
TEST_F(NeedsChangedTest, OpensNothingInAJourneyThatHadEndedBefore) {
  for (const bool closing_first : {true, false}) {
    state_.Clear();
    now_ = LocalTime(opened_, 600);
    OpenAndComplete();
    const absl::Time closed = now_ + absl::Hours(1);
    told_ = now_ + absl::Hours(2);
    now_ += absl::Hours(5);
    if (closing_first) {
      ASSERT_THAT(Handle(Closed(closed)), IsOk());
    }
    ASSERT_THAT(Handle(Attempted(4)), IsOk());
    if (!closing_first) {
      ASSERT_THAT(Handle(Closed(closed)), IsOk());
    }
    EXPECT_EQ(Open(), 0);
    EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
  }
}

TEST_F(NeedsChangedTest, IsOfTheJourneyThatRunsNotOfAnEarlierOne) {
  OpenAndComplete();
  told_ = now_ + absl::Hours(1);
  ASSERT_THAT(Handle(Closed(now_ + absl::Hours(2))), IsOk());
  ASSERT_THAT(Handle(Accepted(now_ + absl::Hours(3), 2)), IsOk());
  ASSERT_THAT(Complete(Second()), IsOk());
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  EXPECT_THAT(state_.assessments(), SizeIs(2));
}

TEST_F(NeedsChangedTest, IsPlannedForLikeAnyOther) {
  OpenAndComplete();
  ASSERT_THAT(Propose({GoodMeasure()}), IsOk());
  ASSERT_THAT(Approve(), IsOk());
  now_ += absl::Hours(24);
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  v1::ClientAssessmentInput propose;
  propose.mutable_propose_plan()->set_assessment(Second());
  *propose.mutable_propose_plan()->add_measures() = GoodMeasure();
  EXPECT_EQ(ReasonOf(Handle(propose)), "ASSESSMENT_NOT_COMPLETE");
  ASSERT_THAT(Complete(Second()), IsOk());
  ASSERT_THAT(Handle(propose), IsOk());
  EXPECT_EQ(PlanReply().measures(0).measure(), absl::StrCat(kClient, "/measures/2"));
  // The plan in force is changed, or ended, by a revision as ever.
  v1::ClientAssessmentInput revise;
  revise.mutable_revise_plan()->set_plan(kPlan);
  revise.mutable_revise_plan()->add_removed(absl::StrCat(kClient, "/measures/1"));
  ASSERT_THAT(Handle(revise), IsOk());
  ASSERT_THAT(Approve(PlanReply().name()), IsOk());
  EXPECT_THAT(events_[1].plan_revised().removed(), ElementsAre(absl::StrCat(kClient, "/measures/1")));
}

TEST_F(NeedsChangedTest, GoesByTheVersionThatTheJourneyWasMovedToWithTheDeadlinesThatRun) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  const auto due = domain_.NextDue(state_);
  ASSERT_THAT(Handle(MovedTo(2)), IsOk());
  EXPECT_EQ(state_.assessments(0).pathway_version(), 2);
  EXPECT_EQ(domain_.NextDue(state_), due);
  ASSERT_THAT(Complete(), IsOk());
  now_ += absl::Hours(24);
  ASSERT_THAT(Handle(Attempted(4)), IsOk());
  EXPECT_EQ(state_.assessments(1).pathway_version(), 2);
}

TEST_F(NeedsChangedTest, GoesByTheVersionOfAMoveThatWasHeardOfBeforeTheAcceptance) {
  ASSERT_THAT(Handle(MovedTo(2)), IsOk());
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Handle(Accepted(now_, 2)), IsOk());
  EXPECT_EQ(state_.assessments(0).pathway_version(), 2);
  EXPECT_EQ(state_.assessments(1).pathway_version(), 1);
}

}  // namespace
}  // namespace polku::assessment
