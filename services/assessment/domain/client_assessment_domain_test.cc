#include "services/assessment/domain/client_assessment_domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/assessments.h"
#include "services/assessment/domain/testing/client.h"

namespace polku::assessment {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

using ClientAssessmentDomainTest = ClientTest;

TEST_F(ClientAssessmentDomainTest, OpensWhenAReferralIsAccepted) {
  // 90 days on: summer time does not move the end of the day.
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  const v1::AssessmentOpened& opened = events_[1].assessment_opened();
  EXPECT_EQ(opened.assessment(), kAssessment);
  EXPECT_EQ(opened.unit(), kUnit);
  EXPECT_EQ(pipeline::FromProto(opened.deadline()), EndOfDay(absl::CivilDay(2027, 2, 21)));
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_OPEN);
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(ClientAssessmentDomainTest, CountsTheDeadlineFromTheLocalDayOfAcceptance) {
  // 22:30 UTC is the next day in Helsinki.
  ASSERT_THAT(Handle(Accepted(absl::FromCivil(absl::CivilMinute(2026, 11, 22, 22, 30), absl::UTCTimeZone()))), IsOk());
  EXPECT_EQ(pipeline::FromProto(state_.assessments(0).deadline()), EndOfDay(absl::CivilDay(2027, 2, 21)));
}

TEST_F(ClientAssessmentDomainTest, GivesADeadlineOnAnUnknownPathwayToo) {
  ASSERT_THAT(Handle(Accepted(now_, 1, "elsewhere")), IsOk());
  EXPECT_EQ(pipeline::FromProto(state_.assessments(0).deadline()),
            EndOfDay(absl::CivilDay(2026, 11, 23) +
                     pathway::TestCatalogue().rule_sets().back()->assessment_complete_within_days()));
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(absl::CivilDay(2026, 11, 24)));
}

TEST_F(ClientAssessmentDomainTest, TellsNeverEarly) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  const absl::Time deadline = *domain_.NextDue(state_);
  now_ = deadline - absl::Microseconds(1);
  ASSERT_THAT(Tick(), IsOk());
  EXPECT_THAT(events_, IsEmpty());
  now_ = deadline;
  ASSERT_THAT(Tick(), IsOk());
  ASSERT_THAT(events_, SizeIs(1));
  EXPECT_EQ(pipeline::FromProto(events_[0].assessment_overdue().deadline()), deadline);
  ASSERT_THAT(Tick(), IsOk());
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(ClientAssessmentDomainTest, CanBeCompletedWhenOverdue) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  now_ = pipeline::FromProto(state_.assessments(0).deadline());
  ASSERT_THAT(Tick(), IsOk());
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_OVERDUE);
  EXPECT_THAT(Complete(), IsOk());
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_COMPLETE);
}

TEST_F(ClientAssessmentDomainTest, CompletesOnce) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Complete(), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_TRUE(events_[1].has_assessment_completed());
  const auto& reply = static_cast<const v1::Assessment&>(*reply_);
  EXPECT_EQ(reply.state(), v1::ASSESSMENT_STATE_COMPLETE);
  EXPECT_EQ(reply.etag(), "4");
  const absl::Status again = Complete();
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(again), "ASSESSMENT_COMPLETE");
  EXPECT_THAT(Complete(absl::StrCat(kClient, "/assessments/2")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ClientAssessmentDomainTest, IsCancelledWhenTheJourneyCloses) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_CANCELLED);
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
  EXPECT_EQ(ReasonOf(Complete()), "ASSESSMENT_CANCELLED");
  ASSERT_THAT(Handle(Accepted(now_ + absl::Hours(1), 2)), IsOk());
  EXPECT_EQ(StateOf(1), v1::ASSESSMENT_STATE_OPEN);
}

TEST_F(ClientAssessmentDomainTest, GoesOnWhenTheJourneyIsOpenedAgain) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  now_ = pipeline::FromProto(state_.assessments(0).deadline());
  ASSERT_THAT(Tick(), IsOk());
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  ASSERT_THAT(Handle(Opened(now_)), IsOk());
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_OVERDUE);
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
}

// Two peers, each in its own order: the referral service tells of two acceptances, follow-up of a
// journey that opens, closes and opens again for the second referral, which it learned of late.
// Every interleaving ends the same.
TEST_F(ClientAssessmentDomainTest, EndsTheSameForEveryInterleavingOfItsPeers) {
  const std::vector<v1::ClientAssessmentInput> referral = {Accepted(now_, 1), Accepted(now_ + absl::Hours(1), 2)};
  const std::vector<v1::ClientAssessmentInput> follow_up = {Opened(now_, 1), Closed(now_ + absl::Hours(2)),
                                                            Opened(now_ + absl::Hours(2), 2)};
  for (int mask = 0; mask < 32; ++mask) {
    if (__builtin_popcount(static_cast<unsigned>(mask)) != 2) continue;
    state_.Clear();
    size_t r = 0;
    size_t f = 0;
    for (int i = 0; i < 5; ++i) ASSERT_THAT(Handle((mask >> i & 1) != 0 ? referral[r++] : follow_up[f++]), IsOk());
    ASSERT_THAT(state_.assessments(), SizeIs(2)) << mask;
    EXPECT_EQ(StateOf(0), v1::ASSESSMENT_STATE_CANCELLED) << mask;
    EXPECT_EQ(StateOf(1), v1::ASSESSMENT_STATE_OPEN) << mask;
  }
}

TEST_F(ClientAssessmentDomainTest, ProposesAndApprovesAPlan) {
  OpenAndComplete();
  v1::PlannedMeasure second = GoodMeasure();
  second.set_type("job-coaching");
  second.clear_sessions();
  ASSERT_THAT(Propose({GoodMeasure(), second}), IsOk());
  EXPECT_EQ(PlanReply().name(), kPlan);
  EXPECT_EQ(PlanReply().state(), v1::PLAN_STATE_PROPOSED);
  EXPECT_EQ(PlanReply().measures(0).measure(), absl::StrCat(kClient, "/measures/1"));
  EXPECT_EQ(PlanReply().measures(1).measure(), absl::StrCat(kClient, "/measures/2"));
  EXPECT_EQ(PlanReply().measures(0).weekly_days_min(), 1);
  EXPECT_EQ(PlanReply().measures(0).day_minutes_min(), 240);
  EXPECT_EQ(PlanReply().measures(1).day_minutes_min(), 0);
  ASSERT_THAT(Approve(), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[0].plan_approval_recorded().user(), "assessor-1");
  EXPECT_THAT(events_[1].plan_approved().measures(), SizeIs(2));
  EXPECT_EQ(PlanReply().approved_by(), "assessor-1");
  EXPECT_EQ(ReasonOf(Approve()), "PLAN_APPROVED");
}

TEST_F(ClientAssessmentDomainTest, NumbersTheMeasuresOfTheNextPlanOnwards) {
  OpenAndComplete();
  ASSERT_THAT(Propose({GoodMeasure(), GoodMeasure()}), IsOk());
  ASSERT_THAT(Approve(), IsOk());
  ASSERT_THAT(Propose({GoodMeasure()}), IsOk());
  EXPECT_EQ(PlanReply().name(), absl::StrCat(kClient, "/plans/2"));
  EXPECT_EQ(PlanReply().measures(0).measure(), absl::StrCat(kClient, "/measures/3"));
}

TEST_F(ClientAssessmentDomainTest, RefusesAPlanBeforeTheAssessmentIsCompleteOrAfterTheJourney) {
  EXPECT_THAT(Propose({GoodMeasure()}), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  EXPECT_EQ(ReasonOf(Propose({GoodMeasure()})), "ASSESSMENT_NOT_COMPLETE");
  ASSERT_THAT(Complete(), IsOk());
  ASSERT_THAT(Propose({GoodMeasure()}), IsOk());
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  EXPECT_EQ(StateOf(), v1::ASSESSMENT_STATE_COMPLETE);
  EXPECT_EQ(ReasonOf(Propose({GoodMeasure()})), "JOURNEY_CLOSED");
  EXPECT_EQ(ReasonOf(Approve()), "JOURNEY_CLOSED");
}

TEST_F(ClientAssessmentDomainTest, LetsOnlyAPersonApprove) {
  OpenAndComplete();
  ASSERT_THAT(Propose({GoodMeasure()}), IsOk());
  EXPECT_THAT(Approve(absl::StrCat(kClient, "/plans/2")), StatusIs(absl::StatusCode::kNotFound));
  user_ = "";
  EXPECT_EQ(ReasonOf(Approve()), "USER_REQUIRED");
}

TEST_F(ClientAssessmentDomainTest, ForgetsAnErasedClientAlsoWhenItWasNeverKnown) {
  v1::ClientAssessmentInput input;
  input.mutable_client_erased()->set_client(kClient);
  EXPECT_THAT(domain_.KeyOf(input), IsOkAndHolds(std::string(kClient)));
  pipeline::Context context;
  context.key = kClient;
  for (const bool known : {false, true}) {
    if (known) OpenAndComplete();
    const auto decision = domain_.Decide(state_, input, context);
    ASSERT_THAT(decision, IsOk());
    EXPECT_TRUE(decision->erase);
    EXPECT_THAT(decision->events, SizeIs(1));
  }
}

struct WrongMeasure {
  const char* name;
  void (*change)(v1::PlannedMeasure& measure);
  const char* field;
};

class ProposeRefuses : public ClientAssessmentDomainTest, public ::testing::WithParamInterface<WrongMeasure> {};

TEST_P(ProposeRefuses, NamingTheField) {
  OpenAndComplete();
  v1::PlannedMeasure measure = GoodMeasure();
  GetParam().change(measure);
  const absl::Status status = Propose({GoodMeasure(), measure});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(ViolationsOf(status), SizeIs(1)) << status;
  EXPECT_EQ(ViolationsOf(status)[0].field, absl::StrCat("measures[1].", GetParam().field));
  EXPECT_THAT(state_.plans(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ProposeRefuses,
    ::testing::Values(
        WrongMeasure{"UnknownType", [](v1::PlannedMeasure& m) { m.set_type("holiday"); }, "type"},
        WrongMeasure{"NoType", [](v1::PlannedMeasure& m) { m.clear_type(); }, "type"},
        WrongMeasure{"Provider", [](v1::PlannedMeasure& m) { m.set_provider("workshop"); }, "provider"},
        WrongMeasure{"Source", [](v1::PlannedMeasure& m) { m.set_source("organisations/x"); }, "source"},
        WrongMeasure{"Goal", [](v1::PlannedMeasure& m) { m.set_goal("Get well"); }, "goal"},
        WrongMeasure{"NoStart", [](v1::PlannedMeasure& m) { m.clear_start_date(); }, "start_date"},
        WrongMeasure{"NoSuchDay",
                     [](v1::PlannedMeasure& m) {
                       m.mutable_end_date()->set_month(2);
                       m.mutable_end_date()->set_day(29);
                     },
                     "end_date"},
        WrongMeasure{"EndBeforeStart", [](v1::PlannedMeasure& m) { m.mutable_end_date()->set_year(2026); }, "end_date"},
        WrongMeasure{"EndFarAhead", [](v1::PlannedMeasure& m) { m.mutable_end_date()->set_year(2030); }, "end_date"},
        WrongMeasure{"NoWeekday", [](v1::PlannedMeasure& m) { m.mutable_sessions(0)->clear_day(); }, "sessions[0].day"},
        WrongMeasure{"EmptySession", [](v1::PlannedMeasure& m) { m.mutable_sessions(2)->set_end_minute(540); },
                     "sessions[2].end_minute"},
        WrongMeasure{"LongDay", [](v1::PlannedMeasure& m) { m.mutable_sessions(2)->set_end_minute(1441); },
                     "sessions[2].end_minute"},
        WrongMeasure{"BeforeMidnight", [](v1::PlannedMeasure& m) { m.mutable_sessions(0)->set_start_minute(-1); },
                     "sessions[0].start_minute"},
        WrongMeasure{"Overlap", [](v1::PlannedMeasure& m) { m.mutable_sessions(1)->set_start_minute(779); },
                     "sessions[1]"},
        WrongMeasure{"NotSorted", [](v1::PlannedMeasure& m) { m.mutable_sessions()->SwapElements(1, 2); },
                     "sessions[2]"},
        WrongMeasure{"ManySessions",
                     [](v1::PlannedMeasure& m) {
                       for (int i = 0; i < 50; ++i) AddSession(google::type::FRIDAY, i, i + 1, m);
                     },
                     "sessions"},
        WrongMeasure{"MoreDaysThanSessions", [](v1::PlannedMeasure& m) { m.set_weekly_days_min(3); },
                     "weekly_days_min"},
        WrongMeasure{"EightDays",
                     [](v1::PlannedMeasure& m) {
                       m.clear_sessions();
                       m.set_weekly_days_min(8);
                     },
                     "weekly_days_min"},
        WrongMeasure{"NegativeMinutes", [](v1::PlannedMeasure& m) { m.set_day_minutes_min(-1); }, "day_minutes_min"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(ClientAssessmentDomainTest, RefusesAnEmptyPlanAndOneTooLong) {
  OpenAndComplete();
  EXPECT_EQ(ViolationsOf(Propose({}))[0].field, "measures");
  EXPECT_EQ(ViolationsOf(Propose(std::vector<v1::PlannedMeasure>(21, GoodMeasure())))[0].field, "measures");
  EXPECT_THAT(Propose(std::vector<v1::PlannedMeasure>(20, GoodMeasure())), IsOk());
}

TEST_F(ClientAssessmentDomainTest, TakesAnyTypeOnAnUnknownPathway) {
  ASSERT_THAT(Handle(Accepted(now_, 1, "elsewhere")), IsOk());
  ASSERT_THAT(Complete(), IsOk());
  v1::PlannedMeasure measure = GoodMeasure();
  measure.set_type("something");
  EXPECT_THAT(Propose({measure}), IsOk());
}

TEST_F(ClientAssessmentDomainTest, IndexesEveryAssessment) {
  ASSERT_THAT(Handle(Accepted(now_, 1)), IsOk());
  ASSERT_THAT(Handle(Accepted(now_, 2)), IsOk());
  EXPECT_THAT(domain_.Index(state_), SizeIs(2));
}

TEST_F(ClientAssessmentDomainTest, FindsTheKeyInTheName) {
  v1::ClientAssessmentInput input;
  input.mutable_approve_plan()->set_name(kPlan);
  EXPECT_THAT(domain_.KeyOf(input), IsOkAndHolds(std::string(kClient)));
  input.mutable_approve_plan()->set_name(kAssessment);
  EXPECT_THAT(domain_.KeyOf(input), StatusIs(absl::StatusCode::kInvalidArgument));
  input.mutable_propose_plan()->set_assessment(kAssessment);
  EXPECT_THAT(domain_.KeyOf(input), IsOkAndHolds(std::string(kClient)));
}

}  // namespace
}  // namespace polku::assessment
