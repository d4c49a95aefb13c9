// Pauses (R6), transitions (R4), changes in the client's life (R12), closed days of a provider.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/provider.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;

polku::assessment::v1::PlannedMeasure TwiceAWeek() {
  auto plan = Plan(1, "2026-03-02", "2026-12-31");
  AddSession(plan, google::type::MONDAY, 540, 720);
  AddSession(plan, google::type::WEDNESDAY, 540, 720);
  return plan;
}

JourneyInput Pausing(absl::string_view start, absl::string_view resume, const std::string& measure = "") {
  JourneyInput input;
  AgreePauseRequest& request = *input.mutable_agree_pause();
  request.set_client(kClient);
  request.set_measure(measure);
  *request.mutable_start_date() = Day(start);
  *request.mutable_resume_date() = Day(resume);
  request.set_reason(PAUSE_REASON_HOLIDAY);
  return input;
}

JourneyInput EndingPause(int pause, absl::string_view day) {
  JourneyInput input;
  input.mutable_end_pause()->set_name(absl::StrCat(kClient, "/pauses/", pause));
  *input.mutable_end_pause()->mutable_end_date() = Day(day);
  return input;
}

JourneyInput Recording(Circumstance circumstance, absl::string_view from) {
  JourneyInput input;
  RecordCircumstanceRequest& request = *input.mutable_record_circumstance();
  request.set_client(kClient);
  request.set_circumstance(circumstance);
  *request.mutable_from_date() = Day(from);
  request.set_source(CIRCUMSTANCE_SOURCE_RELATIVE);
  return input;
}

JourneyInput Closing(absl::string_view first, absl::string_view last, bool revoked = false) {
  JourneyInput input;
  ClosureTold& told = *input.mutable_closure_told();
  told.set_client(kClient);
  told.set_provider("organisations/o");
  *told.mutable_first_date() = Day(first);
  *told.mutable_last_date() = Day(last);
  told.set_revoked(revoked);
  return input;
}

JourneyInput Offering(const std::string& taker) {
  JourneyInput input;
  input.mutable_offer_transition()->set_client(kClient);
  input.mutable_offer_transition()->set_taker(taker);
  return input;
}

JourneyInput Accepting(int transition) {
  JourneyInput input;
  input.mutable_accept_transition()->set_name(absl::StrCat(kClient, "/transitions/", transition));
  return input;
}

// After an outage both limits were over at the same look, and people were asked to call about both.
TEST(Transition, ThatIsMissedKeepsR3BackHoweverLateTheLook) {
  for (const bool outage : {false, true}) {
    Follower follower(Local("2026-03-02 10:00"));
    follower.Accept(Local("2026-03-02 10:00"));
    follower.organisation = follower.state().responsible_party();
    ASSERT_THAT(follower.Give(Offering("organisations/taker")), IsOk());
    follower.AdvanceTo(Local("2026-03-03 10:00"));
    follower.CompleteAssessment(Local("2026-03-03 10:00"));
    if (outage) follower.JumpTo(Local("2026-03-20 10:00"));
    if (outage) follower.Tick();
    follower.AdvanceTo(Local("2026-03-20 11:00"));
    EXPECT_THAT(follower.Open(), ElementsAre("R4 from 2026-03-02 10:00:00 due 2026-03-10 00:00:00")) << outage;
  }
}

TEST(Pause, ExcusesItsSessionsAndAsksForTheClientBehindIt) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Pausing("2026-03-02", "2026-03-16", MeasureName(1))), IsOk());
  // Back on Monday 16 March: the next office day ends later than its first session may be marked.
  follower.AdvanceTo(Local("2026-03-18 00:00") - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(follower.Count(JourneyEvent::kAttendanceMissed), 1);  // 16 March, not marked by the 17th.
  follower.AdvanceTo(Local("2026-03-18 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R6 from 2026-03-16 00:00:00 due 2026-03-18 00:00:00"));
  follower.Mark("2026-03-16", ATTENDANCE_STATUS_PRESENT);
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionRetracted), 1);
}

TEST(Pause, WaitsForTheFirstSessionBehindTheResumeDate) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Pausing("2026-03-02", "2026-03-12", MeasureName(1))), IsOk());
  follower.AdvanceTo(Local("2026-03-17 12:00") - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-17 12:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R6 from 2026-03-12 00:00:00 due 2026-03-17 12:00:00"));
}

TEST(Pause, RecordedLateRetractsAndWhenTakenBackLetsTheBreakStand) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 08:00"));
  ASSERT_EQ(follower.Open().size(), 1u);
  ASSERT_THAT(follower.Give(Pausing("2026-03-02", "2026-03-16", MeasureName(1))), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionRetracted), 1);
  ASSERT_THAT(follower.Give(EndingPause(1, "2026-03-02")), IsOk());
  follower.AdvanceTo(follower.now());
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
  EXPECT_THAT(follower.Give(EndingPause(1, "2026-03-03")), StatusIs(absl::StatusCode::kFailedPrecondition));
}

// The measure left the state when it was complete, and its marks with it: the client was asked for months later.
TEST(Pause, IsAnsweredForGoodByAMeasureThatEndsLater) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Pausing("2026-03-02", "2026-03-16")), IsOk());
  follower.AdvanceTo(Local("2026-03-16 13:00"));
  follower.Mark("2026-03-16", ATTENDANCE_STATUS_PRESENT);
  follower.AdvanceTo(Local("2026-03-17 13:00"));
  JourneyInput input;
  input.mutable_complete_measure()->set_name(MeasureName(1));
  *input.mutable_complete_measure()->mutable_end_date() = Day("2026-03-17");
  ASSERT_THAT(follower.Give(input), IsOk());
  follower.AdvanceTo(Local("2026-03-19 08:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());
}

// The first session of the new measure moved the limit, and people were told that the client had come back in time.
TEST(Pause, OverrunIsNotMovedByAMeasureThatStartsLater) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  ASSERT_THAT(follower.Give(Pausing("2026-03-02", "2026-03-16")), IsOk());
  follower.AdvanceTo(Local("2026-03-19 08:00"));
  ASSERT_THAT(follower.Open(), ElementsAre("R6 from 2026-03-16 00:00:00 due 2026-03-18 00:00:00"));
  auto later = Plan(2, "2026-03-20", "2026-12-31");
  AddSession(later, google::type::MONDAY, 540, 720);
  follower.Approve(later, follower.now());
  follower.AdvanceTo(Local("2026-03-20 08:00"));
  follower.Start(MeasureName(2), "2026-03-20");
  EXPECT_THAT(follower.Open(), ElementsAre("R6 from 2026-03-16 00:00:00 due 2026-03-18 00:00:00"));
}

TEST(Pause, OfTheJourneyStartsR3AndR5AgainBehindIt) {
  Follower idle(Local("2026-03-02 10:00"));
  idle.Accept(Local("2026-02-02 10:00"));
  idle.CompleteAssessment(Local("2026-03-02 09:00"));
  ASSERT_THAT(idle.Give(Pausing("2026-03-05", "2026-03-16")), IsOk());
  idle.AdvanceTo(Local("2026-03-16 12:00"));
  ASSERT_THAT(idle.Give(EndingPause(1, "2026-03-16")), IsOk());
  idle.AdvanceTo(Local("2026-03-24 00:00"));
  EXPECT_THAT(idle.Open(), ElementsAre("R3 from 2026-03-16 00:00:00 due 2026-03-24 00:00:00"));

  Follower running(Local("2026-03-02 10:00"));
  running.Run(Plan(1, "2026-03-02", "2026-12-31"));
  ASSERT_THAT(running.Give(Pausing("2026-03-20", "2026-04-01", MeasureName(1))), IsOk());
  ASSERT_THAT(running.Give(Pausing("2026-03-02", "2026-03-03", MeasureName(1))), IsOk());
  running.AdvanceTo(Local("2026-04-23 00:00"));
  EXPECT_THAT(running.Open(), ::testing::Contains("R5 from 2026-04-01 00:00:00 due 2026-04-23 00:00:00"));
}

TEST(Pause, StartsR10AndR11AgainBehindIt) {
  Follower follower(Local("2026-02-17 11:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.CompleteAssessment(Local("2026-02-16 10:00"));
  follower.Approve(Plan(1, "2026-03-02", "2026-12-31"), Local("2026-02-17 10:00"));
  ASSERT_THAT(follower.Give(Closing("2026-03-02", "2026-03-15")), IsOk());
  follower.AdvanceTo(Local("2026-03-24 00:00") - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-24 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R10 from 2026-03-16 00:00:00 due 2026-03-24 00:00:00"));
}

TEST(Pause, RefusesWhatCanNotBe) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  EXPECT_THAT(follower.Give(Pausing("2026-03-16", "2026-03-16")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(follower.Give(Pausing("2026-03-16", "2026-12-16")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(follower.Give(Pausing("2026-03-16", "2026-04-16", MeasureName(7))),
              StatusIs(absl::StatusCode::kNotFound));
  JourneyInput no_reason = Pausing("2026-03-16", "2026-04-16");
  no_reason.mutable_agree_pause()->clear_reason();
  EXPECT_THAT(follower.Give(no_reason), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(follower.Give(EndingPause(1, "2026-03-02")), StatusIs(absl::StatusCode::kNotFound));
  follower.user = "";
  EXPECT_EQ(ReasonOf(follower.Give(Pausing("2026-03-16", "2026-04-16"))), "NAMED_USER_REQUIRED");
}

TEST(Transition, LeavesTheGiverResponsibleUntilItIsAccepted) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.organisation = "organisations/other";
  EXPECT_THAT(follower.Give(Offering("organisations/taker")), StatusIs(absl::StatusCode::kPermissionDenied));
  follower.organisation = "organisations/unit";
  EXPECT_THAT(follower.Give(Offering("organisations/unit")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(follower.Give(Accepting(1)), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(follower.Give(Offering("organisations/taker")), IsOk());
  EXPECT_EQ(ReasonOf(follower.Give(Offering("organisations/second"))), "TRANSITION_UNDER_WAY");
  EXPECT_THAT(follower.Give(Accepting(1)), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(follower.state().responsible_party(), "organisations/unit");
  follower.organisation = "organisations/taker";
  ASSERT_THAT(follower.Give(Accepting(1)), IsOk());
  EXPECT_EQ(follower.state().responsible_party(), "organisations/taker");
  EXPECT_EQ(ReasonOf(follower.Give(Accepting(1))), "TRANSITION_ANSWERED");
}

TEST(R4MissedTransition, OpensWhenNobodyAccepts) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.organisation = "organisations/unit";
  ASSERT_THAT(follower.Give(Offering("organisations/taker")), IsOk());
  follower.AdvanceTo(Local("2026-03-10 00:00") - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-10 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R4 from 2026-03-02 08:00:00 due 2026-03-10 00:00:00"));
}

TEST(R4MissedTransition, OpensWhenTheTakerDoesNotMeetTheClientAndOnlyTheTakersContactsCount) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.organisation = "organisations/unit";
  ASSERT_THAT(follower.Give(Offering("organisations/taker")), IsOk());
  follower.organisation = "organisations/taker";
  ASSERT_THAT(follower.Give(Accepting(1)), IsOk());
  follower.organisation = "organisations/unit";
  follower.Contact(Local("2026-03-02 08:00"));
  follower.AdvanceTo(Local("2026-03-04 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R4 from 2026-03-02 08:00:00 due 2026-03-04 00:00:00"));
  // Told late, the taker's call disproves it; the meeting is still to come.
  follower.organisation = "organisations/taker";
  follower.Contact(Local("2026-03-03 12:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-10 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R4 from 2026-03-02 08:00:00 due 2026-03-10 00:00:00"));
  JourneyInput meeting;
  auto& held = *meeting.mutable_meeting_held();
  held.set_meeting(absl::StrCat(kClient, "/meetings/1"));
  *held.mutable_start_time() = pipeline::ToProto(Local("2026-03-09 12:00"));
  held.add_organisations("organisations/taker");
  ASSERT_THAT(follower.Give(meeting), IsOk());
  EXPECT_EQ(follower.Open().size(), 1u);  // The client was not there.
  held.set_client_present(true);
  ASSERT_THAT(follower.Give(meeting), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
}

TEST(Circumstance, SilencesEveryRuleAndAsksForADecision) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 08:00"));
  ASSERT_EQ(follower.Open().size(), 1u);
  ASSERT_THAT(follower.Give(Recording(CIRCUMSTANCE_DIED, "2026-03-05")), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-14 00:00") - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-06-14 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R12 from 2026-03-05 00:00:00 due 2026-03-14 00:00:00"));
  // It was somebody else: what was broken is found again.
  JourneyInput revoked = Recording(CIRCUMSTANCE_DIED, "2026-03-05");
  revoked.mutable_record_circumstance()->set_revoked(true);
  ASSERT_THAT(follower.Give(revoked), IsOk());
  follower.Tick();
  EXPECT_THAT(follower.Open(), ::testing::Contains("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
  EXPECT_THAT(follower.Give(revoked), StatusIs(absl::StatusCode::kNotFound));
}

TEST(Circumstance, ThatIsOverIsAPauseWithoutAResumeDate) {
  Follower follower(Local("2026-03-16 08:00"));
  follower.Run(TwiceAWeek());
  JourneyInput worked = Recording(CIRCUMSTANCE_WORK_STARTED, "2026-03-02");
  *worked.mutable_record_circumstance()->mutable_end_date() = Day("2026-03-16");
  ASSERT_THAT(follower.Give(worked), IsOk());
  follower.AdvanceTo(Local("2026-03-19 12:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-16 12:00:00 due 2026-03-19 12:00:00"));
}

TEST(Circumstance, RefusesWhatCanNotBe) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  EXPECT_THAT(follower.Give(Recording(CIRCUMSTANCE_DIED, "2026-03-03")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(follower.Give(Recording(CIRCUMSTANCE_PERMISSION_WITHDRAWN, "2026-03-01")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  JourneyInput input = Recording(CIRCUMSTANCE_DIED, "2026-03-01");
  *input.mutable_record_circumstance()->mutable_end_date() = Day("2026-03-01");
  EXPECT_THAT(follower.Give(input), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Circumstance, IsAWithdrawnPermissionForTheFollowUpUntilItIsGivenAgain) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  JourneyInput input;
  auto& fact = *input.mutable_permission_withdrawn();
  fact.set_permission(absl::StrCat(kClient, "/permissions/1"));
  fact.set_purpose("multi-agency-meeting");
  *fact.mutable_withdraw_time() = pipeline::ToProto(follower.now());
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_EQ(follower.state().circumstances_size(), 0);
  fact.set_purpose("service-chain");
  ASSERT_THAT(follower.Give(input), IsOk());
  follower.AdvanceTo(Local("2026-03-09 08:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());
  JourneyInput again;
  again.mutable_permission_granted()->set_permission(absl::StrCat(kClient, "/permissions/2"));
  again.mutable_permission_granted()->set_purpose("service-chain");
  *again.mutable_permission_granted()->mutable_grant_time() = pipeline::ToProto(follower.now());
  ASSERT_THAT(follower.Give(again), IsOk());
  follower.AdvanceTo(Local("2026-03-12 12:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-09 12:00:00 due 2026-03-12 12:00:00"));
}

TEST(Closure, IsKnownToMeasuresOfTheProviderWheneverTheyArePlanned) {
  const ProviderDomain provider;
  ProviderRecord state;
  pipeline::Context context;
  ProviderInput closes;
  RecordClosureRequest& request = *closes.mutable_record_closure();
  request.set_provider("organisations/o");
  *request.mutable_first_date() = Day("2026-07-15");
  *request.mutable_last_date() = Day("2026-07-01");
  EXPECT_THAT(provider.Decide(state, closes, context), StatusIs(absl::StatusCode::kInvalidArgument));
  *request.mutable_first_date() = Day("2026-07-01");
  *request.mutable_last_date() = Day("2026-07-15");
  EXPECT_THAT(provider.Decide(state, closes, context), StatusIs(absl::StatusCode::kPermissionDenied));
  context.principal.organisation = "organisations/o";
  context.lookups = {{{std::string(kClient)}}};
  auto decision = provider.Decide(state, closes, context);
  ASSERT_THAT(decision, IsOk());
  ASSERT_EQ(decision->steps.size(), 1u);  // To the client who has a measure now.
  for (const auto& event : decision->events) provider.Evolve(event, state);
  EXPECT_THAT(provider.Decide(state, closes, context)->events, IsEmpty());

  // Another client gets one later, asks, and is told.
  Follower follower(Local("2026-02-17 11:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.Approve(Plan(1, "2026-03-02", "2026-12-31"), Local("2026-02-17 10:00"));
  ASSERT_EQ(follower.steps.size(), 1u);
  ProviderInput asked;
  asked.mutable_closures_asked()->CopyFrom(*follower.steps[0].input);
  decision = provider.Decide(state, asked, context);
  ASSERT_EQ(decision->steps.size(), 1u);
  JourneyInput told;
  told.mutable_closure_told()->CopyFrom(*decision->steps[0].input);
  ASSERT_THAT(follower.Give(told), IsOk());
  ASSERT_THAT(follower.Give(told), IsOk());  // Told twice, known once.
  EXPECT_EQ(follower.state().closures_size(), 1);
  told.mutable_closure_told()->set_revoked(true);
  ASSERT_THAT(follower.Give(told), IsOk());
  EXPECT_EQ(follower.state().closures_size(), 0);
}

// The other measure left the state, and the closed days while it ran were no longer counted.
TEST(Closure, IsCountedByR5WhileAnotherMeasureRuns) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  auto other = Plan(2, "2026-03-02", "2026-03-20");
  other.set_provider("organisations/other");
  follower.Approve(other, follower.now());
  follower.Start(MeasureName(2), "2026-03-02");
  ASSERT_THAT(follower.Give(Closing("2026-03-03", "2026-03-20")), IsOk());
  follower.AdvanceTo(Local("2026-03-20 17:00"));
  JourneyInput input;
  input.mutable_complete_measure()->set_name(MeasureName(2));
  *input.mutable_complete_measure()->mutable_end_date() = Day("2026-03-20");
  ASSERT_THAT(follower.Give(input), IsOk());
  follower.AdvanceTo(Local("2026-03-25 08:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-24 00:00:00"));
}

TEST(Closure, MakesItsSessionsUnexpectedInAWeekToo) {
  auto plan = TwiceAWeek();
  plan.set_weekly_days_min(2);
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(plan);
  ASSERT_THAT(follower.Give(Closing("2026-03-03", "2026-03-08")), IsOk());
  follower.AdvanceTo(Local("2026-03-02 13:00"));
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_PRESENT);
  follower.AdvanceTo(Local("2026-03-10 08:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());
}

TEST(ClientErased, LeavesNothingAndTakesNothing) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  JourneyInput input;
  input.mutable_client_erased()->set_client(kClient);
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_TRUE(follower.erased);
  EXPECT_EQ(follower.state().client(), "");
  EXPECT_EQ(follower.domain().NextDue(follower.state()), std::nullopt);
  follower.Accept(Local("2026-03-03 10:00"));
  EXPECT_FALSE(follower.state().open());
}

}  // namespace
}  // namespace polku::follow_up
