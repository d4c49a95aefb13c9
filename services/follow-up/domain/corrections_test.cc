// Held outreach, restriction, a journey that goes on behind its end, and records that were a mistake.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kTwoMisses[] = "R2 from 2026-03-02 12:00:00 due 2026-03-04 12:00:00";

polku::assessment::v1::PlannedMeasure TwiceAWeek() {
  auto plan = Plan(1, "2026-03-02", "2026-12-31");
  AddSession(plan, google::type::MONDAY, 540, 720);
  AddSession(plan, google::type::WEDNESDAY, 540, 720);
  return plan;
}

JourneyInput Holding(absl::string_view until, OutreachHoldReason reason = OUTREACH_HOLD_REASON_TREATMENT) {
  JourneyInput input;
  input.mutable_hold_outreach()->set_client(kClient);
  *input.mutable_hold_outreach()->mutable_until_date() = Day(until);
  input.mutable_hold_outreach()->set_reason(reason);
  return input;
}

JourneyInput Releasing() {
  JourneyInput input;
  input.mutable_release_outreach()->set_client(kClient);
  return input;
}

JourneyInput Restricting(bool restricted, absl::Time time) {
  JourneyInput input;
  input.mutable_processing_restricted()->set_client(kClient);
  input.mutable_processing_restricted()->set_restricted(restricted);
  *input.mutable_processing_restricted()->mutable_restrict_time() = pipeline::ToProto(time);
  return input;
}

JourneyInput Closing(CloseReason reason = CLOSE_REASON_OTHER) {
  JourneyInput input;
  input.mutable_close_journey()->set_client(kClient);
  input.mutable_close_journey()->set_reason(reason);
  return input;
}

JourneyInput Reopening(ReopenReason reason = REOPEN_REASON_CLOSED_BY_MISTAKE) {
  JourneyInput input;
  input.mutable_reopen_journey()->set_client(kClient);
  input.mutable_reopen_journey()->set_reason(reason);
  return input;
}

JourneyInput Voiding(const std::string& name, VoidReason reason = VOID_REASON_WRONG_CLIENT) {
  JourneyInput input;
  input.mutable_void_record()->set_name(name);
  input.mutable_void_record()->set_reason(reason);
  return input;
}

JourneyInput Completing(absl::string_view day, int measure = 1) {
  JourneyInput input;
  input.mutable_complete_measure()->set_name(MeasureName(measure));
  *input.mutable_complete_measure()->mutable_end_date() = Day(day);
  return input;
}

JourneyInput EndingEarly(absl::string_view day) {
  JourneyInput input;
  input.mutable_end_measure_early()->set_name(MeasureName(1));
  *input.mutable_end_measure_early()->mutable_end_date() = Day(day);
  input.mutable_end_measure_early()->set_reason(END_REASON_CLIENT_STOPPED);
  return input;
}

std::string Contact(int number) { return absl::StrCat(kClient, "/contacts/", number); }

// Both sessions of the first week, by Wednesday noon.
void MissTwice(Follower& follower) {
  follower.AdvanceTo(Local("2026-03-04 13:00"));
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_ABSENT);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT);
}

TEST(HeldOutreach, IsAskedForOnTheDayAndTheBreakIsFoundMeanwhile) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Holding("2026-03-09")), IsOk());
  MissTwice(follower);
  EXPECT_THAT(follower.Open(), ElementsAre(kTwoMisses));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 0);
  follower.AdvanceTo(Local("2026-03-09 00:00") - absl::Microseconds(1));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 0);
  follower.AdvanceTo(Local("2026-03-09 00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachReleased), 1);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
  follower.AdvanceTo(Local("2026-03-09 10:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

TEST(HeldOutreach, WhoseBreakWasNoneIsNeverAskedFor) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Holding("2026-03-09")), IsOk());
  MissTwice(follower);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_PRESENT, 1);
  ASSERT_THAT(follower.Give(Releasing()), IsOk());
  EXPECT_EQ(follower.Count(JourneyEvent::kInterruptionRetracted), 1);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 0);
}

TEST(HeldOutreach, StopsTheLadderWhichThenHasTheTimeOfItsRungAgain) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  MissTwice(follower);
  ASSERT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
  ASSERT_THAT(follower.Give(Holding("2026-03-16")), IsOk());
  follower.AdvanceTo(Local("2026-03-16 09:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachEscalated), 0);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
  // Called on Monday the 16th: used up when Tuesday is over.
  follower.AdvanceTo(Local("2026-03-18 00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachEscalated), 1);
}

TEST(HeldOutreach, DoesNotKeepBackTheQuestionWhatAChangedLifeMeans) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Holding("2026-03-30")), IsOk());
  JourneyInput died;
  died.mutable_record_circumstance()->set_client(kClient);
  died.mutable_record_circumstance()->set_circumstance(CIRCUMSTANCE_DIED);
  *died.mutable_record_circumstance()->mutable_from_date() = Day("2026-03-01");
  died.mutable_record_circumstance()->set_source(CIRCUMSTANCE_SOURCE_RELATIVE);
  ASSERT_THAT(follower.Give(died), IsOk());
  follower.AdvanceTo(Local("2026-03-20 09:00"));
  EXPECT_THAT(follower.Open(), SizeIs(1));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

TEST(HeldOutreach, NeedsAPersonAReasonAndADayThatIsNear) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  EXPECT_THAT(follower.Give(Holding("2026-03-02")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(follower.Give(Holding("2026-04-02")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(follower.Give(Holding("2026-03-09", OUTREACH_HOLD_REASON_UNSPECIFIED)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(follower.Give(Releasing())), "OUTREACH_NOT_HELD");
  follower.user = "";
  EXPECT_EQ(ReasonOf(follower.Give(Holding("2026-03-09"))), "NAMED_USER_REQUIRED");
}

TEST(RestrictedProcessing, AsksForNoOutreachAndForAllOfItAfterwards) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Restricting(true, Local("2026-03-02 08:00"))), IsOk());
  follower.AdvanceTo(Local("2026-03-20 09:00"));
  EXPECT_THAT(follower.Open(), SizeIs(1));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 0);
  ASSERT_THAT(follower.Give(Restricting(false, Local("2026-03-20 09:00"))), IsOk());
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

TEST(RestrictedProcessing, IsKnownFromBeforeTheJourney) {
  Follower follower(Local("2026-03-02 08:00"));
  ASSERT_THAT(follower.Give(Restricting(true, Local("2026-02-01 08:00"))), IsOk());
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-20 09:00"));
  EXPECT_THAT(follower.Open(), SizeIs(1));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 0);
}

TEST(RestrictedProcessing, GoesOnAfterAHold) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Holding("2026-03-05")), IsOk());
  ASSERT_THAT(follower.Give(Restricting(true, Local("2026-03-02 08:00"))), IsOk());
  follower.AdvanceTo(Local("2026-03-20 09:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachReleased), 1);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 0);
}

// Referral tells it under the name that the journey is known by, also when the client has become another one.
TEST(TransferredClient, HasMovedAwayAndSomebodyIsAskedWhatThatMeans) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-03 10:00"));
  JourneyInput transferred;
  transferred.mutable_client_transferred()->set_client(kClient);
  transferred.mutable_client_transferred()->set_organisation("organisations/other-region");
  *transferred.mutable_client_transferred()->mutable_transfer_time() = pipeline::ToProto(follower.now());
  ASSERT_THAT(follower.Give(transferred), IsOk());
  ASSERT_THAT(follower.Give(transferred), IsOk());
  EXPECT_EQ(follower.Count(JourneyEvent::kCircumstanceRecorded), 1);
  follower.AdvanceTo(Local("2026-03-30 10:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R12 from 2026-03-03 00:00:00 due 2026-03-11 00:00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

TEST(WithdrawnPermission, ThatASplitUndidSilencesNothing) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  JourneyInput withdrawn;
  withdrawn.mutable_permission_withdrawn()->set_permission(absl::StrCat(kClient, "/permissions/1"));
  withdrawn.mutable_permission_withdrawn()->set_purpose("service-chain");
  withdrawn.mutable_permission_withdrawn()->set_undone(true);
  *withdrawn.mutable_permission_withdrawn()->mutable_withdraw_time() = pipeline::ToProto(follower.now());
  ASSERT_THAT(follower.Give(withdrawn), IsOk());
  MissTwice(follower);
  EXPECT_THAT(follower.Open(), ElementsAre(kTwoMisses));
}

TEST(ReopenedJourney, GoesOnWithItsMeasuresAndExpectsNothingOfTheTimeBetween) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-04 13:00"));
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_PRESENT);
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_ABSENT);
  ASSERT_THAT(follower.Give(Closing()), IsOk());
  EXPECT_EQ(follower.domain().NextDue(follower.state()), std::nullopt);
  EXPECT_THAT(follower.domain().Index(follower.state()), SizeIs(1));
  follower.AdvanceTo(Local("2026-03-20 10:00"));
  ASSERT_THAT(follower.Give(Reopening()), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(follower.state().coordinator(), "");
  follower.AdvanceTo(Local("2026-03-23 12:30"));
  follower.Mark("2026-03-23", ATTENDANCE_STATUS_ABSENT);  // The second in a row: what lies between does not break it.
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-04 12:00:00 due 2026-03-23 12:00:00"));
}

TEST(ReopenedJourney, LooksForWhatComesNextFromThere) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Completing("2026-03-02")), IsOk());
  ASSERT_THAT(follower.Give(Closing()), IsOk());
  follower.AdvanceTo(Local("2026-03-20 10:00"));
  ASSERT_THAT(follower.Give(Reopening()), IsOk());
  follower.AdvanceTo(Local("2026-03-28 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-20 10:00:00 due 2026-03-28 00:00:00"));
}

TEST(ReopenedJourney, KnowsWhatTheClientWithdrewMeanwhile) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Closing()), IsOk());
  JourneyInput withdrawn;
  withdrawn.mutable_permission_withdrawn()->set_permission(absl::StrCat(kClient, "/permissions/1"));
  withdrawn.mutable_permission_withdrawn()->set_purpose("service-chain");
  *withdrawn.mutable_permission_withdrawn()->mutable_withdraw_time() = pipeline::ToProto(Local("2026-03-02 09:00"));
  ASSERT_THAT(follower.Give(withdrawn), IsOk());
  ASSERT_THAT(follower.Give(Reopening()), IsOk());
  follower.AdvanceTo(Local("2026-03-30 10:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R12 from 2026-03-02 09:00:00 due 2026-03-10 00:00:00"));
}

TEST(ReopenedJourney, MustHaveEndedNotLongAgo) {
  Follower follower(Local("2026-03-02 08:00"));
  EXPECT_EQ(ReasonOf(follower.Give(Reopening())), "JOURNEY_NOT_FOUND");
  follower.Run(TwiceAWeek());
  EXPECT_EQ(ReasonOf(follower.Give(Reopening())), "JOURNEY_OPEN");
  ASSERT_THAT(follower.Give(Closing()), IsOk());
  EXPECT_THAT(follower.Give(Reopening(REOPEN_REASON_UNSPECIFIED)), StatusIs(absl::StatusCode::kInvalidArgument));
  follower.AdvanceTo(Local("2026-05-31 23:59"));  // The 90th day.
  ASSERT_THAT(follower.Give(Reopening()), IsOk());
  ASSERT_THAT(follower.Give(Closing()), IsOk());
  follower.AdvanceTo(Local("2026-08-30 00:01"));
  EXPECT_EQ(ReasonOf(follower.Give(Reopening())), "REOPEN_TOO_LATE");
}

TEST(VoidedContact, CountsNoMoreForR5) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.AdvanceTo(Local("2026-03-20 10:00"));
  follower.Contact(Local("2026-03-20 10:00"));
  ASSERT_THAT(follower.Give(Voiding(Contact(1))), IsOk());
  EXPECT_EQ(ReasonOf(follower.Give(Voiding(Contact(1)))), "ALREADY_VOIDED");
  EXPECT_EQ(ReasonOf(follower.Give(Voiding(Contact(2)))), "CONTACT_NOT_FOUND");
  follower.AdvanceTo(Local("2026-03-24 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-24 00:00:00"));
}

// The same break, counted from what was before it.
TEST(VoidedContact, MovesAnR5ThatWasCountedFromIt) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.AdvanceTo(Local("2026-03-20 10:00"));
  follower.Contact(Local("2026-03-20 10:00"));
  follower.AdvanceTo(Local("2026-04-11 00:00"));
  ASSERT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-20 10:00:00 due 2026-04-11 00:00:00"));
  const std::string name = follower.state().interruptions(0).interruption();
  ASSERT_THAT(follower.Give(Voiding(Contact(1))), IsOk());
  follower.Tick();
  EXPECT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-24 00:00:00"));
  EXPECT_EQ(follower.state().interruptions(0).interruption(), name);
}

TEST(VoidedContact, LeavesTheTakersOtherContactForR4) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  follower.organisation = follower.state().responsible_party();
  JourneyInput offer;
  offer.mutable_offer_transition()->set_client(kClient);
  offer.mutable_offer_transition()->set_taker("organisations/taker");
  ASSERT_THAT(follower.Give(offer), IsOk());
  follower.organisation = "organisations/taker";
  JourneyInput accept;
  accept.mutable_accept_transition()->set_name(absl::StrCat(kClient, "/transitions/1"));
  ASSERT_THAT(follower.Give(accept), IsOk());
  follower.Contact(Local("2026-03-02 08:00"));
  follower.AdvanceTo(Local("2026-03-02 15:00"));
  follower.Contact(Local("2026-03-02 15:00"));
  ASSERT_THAT(follower.Give(Voiding(Contact(1))), IsOk());
  follower.AdvanceTo(Local("2026-03-04 00:00"));
  EXPECT_THAT(follower.Open(), IsEmpty());
  ASSERT_THAT(follower.Give(Voiding(Contact(2))), IsOk());
  follower.Tick();
  EXPECT_THAT(follower.Open(), ElementsAre("R4 from 2026-03-02 08:00:00 due 2026-03-04 00:00:00"));
}

TEST(VoidedEnd, LetsTheMeasureRunAndRetractsWhatItBroke) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(EndingEarly("2026-03-02")), IsOk());
  EXPECT_THAT(follower.Open(), SizeIs(1));
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1))), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  MissTwice(follower);
  EXPECT_THAT(follower.Open(), ElementsAre(kTwoMisses));
}

TEST(VoidedEnd, BringsBackAMeasureThatHasLeftWithItsPause) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  JourneyInput pause;
  pause.mutable_agree_pause()->set_client(kClient);
  pause.mutable_agree_pause()->set_measure(MeasureName(1));
  *pause.mutable_agree_pause()->mutable_start_date() = Day("2026-03-02");
  *pause.mutable_agree_pause()->mutable_resume_date() = Day("2026-03-09");
  pause.mutable_agree_pause()->set_reason(PAUSE_REASON_HOLIDAY);
  ASSERT_THAT(follower.Give(pause), IsOk());
  follower.AdvanceTo(Local("2026-03-09 13:00"));
  follower.Mark("2026-03-09", ATTENDANCE_STATUS_PRESENT);
  ASSERT_THAT(follower.Give(Completing("2026-03-09")), IsOk());
  follower.AdvanceTo(Local("2026-03-12 13:00"));
  ASSERT_THAT(follower.state().measures(), IsEmpty());
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1))), IsOk());
  ASSERT_THAT(follower.state().measures(), SizeIs(1));
  follower.AdvanceTo(Local("2026-03-17 13:00"));
  // The 11th and the 16th; what lay in the pause is still excused, and no next measure is looked for.
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-11 12:00:00 due 2026-03-17 12:00:00"));
}

// It counted from the day before, on which nothing had ended.
TEST(VoidedEnd, LeavesTheEndsOfOtherMeasuresForR3) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.Approve(Plan(2, "2026-03-02", "2026-12-31"), follower.now());
  follower.Start(MeasureName(2), "2026-03-02");
  follower.AdvanceTo(Local("2026-03-05 13:00"));
  follower.Mark("2026-03-04", ATTENDANCE_STATUS_PRESENT);
  ASSERT_THAT(follower.Give(Completing("2026-03-05")), IsOk());
  ASSERT_THAT(follower.Give(Completing("2026-03-04", 2)), IsOk());
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1))), IsOk());
  ASSERT_THAT(follower.Give(Completing("2026-03-03")), IsOk());
  follower.AdvanceTo(Local("2026-03-12 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2026-03-04 00:00:00 due 2026-03-12 00:00:00"));
}

TEST(VoidedStart, MakesTheMeasurePlannedAndItsMarksCountFromTheNewStart) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  MissTwice(follower);
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1))), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  EXPECT_EQ(ReasonOf(follower.Give(Voiding(MeasureName(1)))), "MEASURE_NOT_STARTED");
  follower.Start(MeasureName(1), "2026-03-03");
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-09 13:00"));
  follower.Mark("2026-03-09", ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-04 12:00:00 due 2026-03-09 12:00:00"));
}

TEST(VoidedStart, IsLookedForAgainByR10) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1), VOID_REASON_UNSPECIFIED)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1))), IsOk());
  follower.AdvanceTo(Local("2026-03-10 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R10 from 2026-03-02 00:00:00 due 2026-03-10 00:00:00"));
}

// Sessions that had been talked about were once counted again when the measure had started anew.
TEST(VoidedStart, LeavesWhatWasAgreedAboutMissesBehindIt) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  MissTwice(follower);
  JourneyInput resolve;
  resolve.mutable_resolve_interruption()->set_name(absl::StrCat(kClient, "/interruptions/1"));
  resolve.mutable_resolve_interruption()->set_outcome(RESOLUTION_OUTCOME_RETURNED);
  ASSERT_THAT(follower.Give(resolve), IsOk());
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1))), IsOk());
  follower.Start(MeasureName(1), "2026-03-01");
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-09 13:00"));
  follower.Mark("2026-03-09", ATTENDANCE_STATUS_ABSENT);
  EXPECT_THAT(follower.Open(), IsEmpty());
}

// Both had begun at the same instant, and R5 once forgot them both.
TEST(VoidedStart, LeavesTheStartOfAnotherMeasureOnThatDay) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.Approve(Plan(2, "2026-03-02", "2026-12-31"), follower.now());
  follower.Start(MeasureName(2), "2026-03-02");
  ASSERT_THAT(follower.Give(Voiding(MeasureName(1))), IsOk());
  EXPECT_EQ(follower.state().last_activity_us(), absl::ToUnixMicros(Local("2026-03-02 00:00")));
}

// R5 once went by a presence that had turned out to be none.
TEST(CorrectedMark, TakesBackItsActivity) {
  Follower follower(Local("2026-03-02 08:00"));
  auto plan = Plan(1, "2026-03-02", "2026-12-31");
  AddSession(plan, google::type::MONDAY, 540, 720);
  follower.Run(plan);
  follower.AdvanceTo(Local("2026-03-09 13:00"));
  follower.Mark("2026-03-02", ATTENDANCE_STATUS_EXCUSED);
  follower.Mark("2026-03-09", ATTENDANCE_STATUS_PRESENT);
  follower.Mark("2026-03-09", ATTENDANCE_STATUS_EXCUSED, 1);
  EXPECT_EQ(follower.state().last_activity_us(), absl::ToUnixMicros(Local("2026-03-02 00:00")));
}

JourneyInput Resolving(int ordinal, absl::string_view next_step = "") {
  JourneyInput input;
  input.mutable_resolve_interruption()->set_name(absl::StrCat(kClient, "/interruptions/", ordinal));
  input.mutable_resolve_interruption()->set_outcome(RESOLUTION_OUTCOME_OTHER);
  if (!next_step.empty()) *input.mutable_resolve_interruption()->mutable_next_step_date() = Day(next_step);
  return input;
}

JourneyInput VoidingResolution(int ordinal) {
  JourneyInput input;
  input.mutable_void_record()->set_name(absl::StrCat(kClient, "/interruptions/", ordinal));
  input.mutable_void_record()->set_reason(VOID_REASON_WRONG_CLIENT);
  return input;
}

TEST(VoidedResolution, LetsWhatIsStillBrokenBeFoundAgainUnderANewName) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  follower.AdvanceTo(Local("2026-03-06 08:00"));
  const std::vector<std::string> found = follower.Open();
  ASSERT_EQ(found.size(), 1u);
  ASSERT_THAT(follower.Give(Resolving(1)), IsOk());
  follower.AdvanceTo(Local("2026-03-07 08:00"));
  ASSERT_THAT(follower.Open(), IsEmpty());
  ASSERT_THAT(follower.Give(VoidingResolution(1)), IsOk());
  EXPECT_EQ(follower.Open(), found);
  EXPECT_EQ(follower.state().interruptions(0).interruption(), absl::StrCat(kClient, "/interruptions/2"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 2);
  EXPECT_EQ(ReasonOf(follower.Give(VoidingResolution(1))), "RESOLUTION_NOT_FOUND");
}

TEST(VoidedResolution, BringsBackTheMeasureThatHadLeftWithIt) {
  Follower follower(Local("2026-03-03 08:00"));
  follower.Run(TwiceAWeek());
  JourneyInput ended;
  ended.mutable_end_measure_early()->set_name(MeasureName(1));
  *ended.mutable_end_measure_early()->mutable_end_date() = Day("2026-03-02");
  ended.mutable_end_measure_early()->set_reason(END_REASON_CLIENT_STOPPED);
  ASSERT_THAT(follower.Give(ended), IsOk());
  follower.AdvanceTo(Local("2026-03-04 08:00"));
  ASSERT_THAT(follower.Open(), ElementsAre(StartsWith("R1")));
  ASSERT_THAT(follower.Give(Resolving(1)), IsOk());
  ASSERT_EQ(follower.state().measures_size(), 0);
  ASSERT_THAT(follower.Give(VoidingResolution(1)), IsOk());
  EXPECT_THAT(follower.Open(), ElementsAre(StartsWith("R1")));
}

TEST(VoidedResolution, GivesTheGapOfR3ItsBeginningBack) {
  Follower follower(Local("2026-02-02 08:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.CompleteAssessment(Local("2026-02-16 10:00"));
  follower.AdvanceTo(Local("2026-03-02 08:00"));
  const std::vector<std::string> found = follower.Open();
  ASSERT_THAT(found, ElementsAre(StartsWith("R3 from 2026-02-16")));
  ASSERT_THAT(follower.Give(Resolving(1, "2026-06-01")), IsOk());
  follower.AdvanceTo(Local("2026-03-20 08:00"));
  ASSERT_THAT(follower.Open(), IsEmpty());
  ASSERT_THAT(follower.Give(VoidingResolution(1)), IsOk());
  follower.AdvanceTo(follower.now());
  EXPECT_EQ(follower.Open(), found);
}

TEST(VoidedResolution, IsOfTheTwoLatestOnly) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Run(TwiceAWeek());
  for (int i = 1; i <= 3; ++i) {
    follower.AdvanceTo(follower.now() + absl::Hours(24 * 14));
    ASSERT_GE(follower.state().interruptions_size(), 1);
    JourneyInput input = Resolving(1);
    input.mutable_resolve_interruption()->set_name(follower.state().interruptions(0).interruption());
    ASSERT_THAT(follower.Give(input), IsOk());
  }
  ASSERT_EQ(follower.state().resolved_size(), 2);
  EXPECT_EQ(ReasonOf(follower.Give(VoidingResolution(1))), "RESOLUTION_NOT_FOUND");
}

TEST(NewJourney, KnowsWhatTheClientDeniesUntilThatIsWithdrawn) {
  Follower follower(Local("2026-03-02 08:00"));
  JourneyInput denied;
  denied.mutable_permission_granted()->set_permission(absl::StrCat(kClient, "/permissions/1"));
  denied.mutable_permission_granted()->set_purpose("consultation");  // Nothing to the rules.
  denied.mutable_permission_granted()->set_denial(true);
  ASSERT_THAT(follower.Give(denied), IsOk());
  follower.Accept(Local("2026-02-02 10:00"));
  EXPECT_EQ(follower.state().denials_size(), 1);
  ASSERT_THAT(follower.Give(Closing()), IsOk());
  follower.Accept(follower.now());
  EXPECT_EQ(follower.state().denials_size(), 1);
  JourneyInput withdrawn;
  withdrawn.mutable_permission_withdrawn()->set_permission(absl::StrCat(kClient, "/permissions/1"));
  ASSERT_THAT(follower.Give(withdrawn), IsOk());
  EXPECT_EQ(follower.state().denials_size(), 0);
}

TEST(NewJourney, KnowsOfADeathAndOfNoWorkThatHadBeenFoundBeforeIt) {
  for (const Circumstance what : {CIRCUMSTANCE_DIED, CIRCUMSTANCE_WORK_STARTED}) {
    Follower follower(Local("2026-03-02 08:00"));
    follower.Accept(Local("2026-02-02 10:00"));
    JourneyInput input;
    input.mutable_record_circumstance()->set_client(kClient);
    input.mutable_record_circumstance()->set_circumstance(what);
    *input.mutable_record_circumstance()->mutable_from_date() = Day("2026-03-01");
    input.mutable_record_circumstance()->set_source(CIRCUMSTANCE_SOURCE_RELATIVE);
    ASSERT_THAT(follower.Give(input), IsOk());
    ASSERT_THAT(follower.Give(Closing()), IsOk());
    follower.AdvanceTo(Local("2026-04-01 10:00"));
    follower.Accept(follower.now());
    follower.AdvanceTo(Local("2026-12-01 10:00"));
    const bool died = what == CIRCUMSTANCE_DIED;
    EXPECT_THAT(follower.Open(), ElementsAre(StartsWith(died ? "R12 from 2026-03-01" : "R7")));
  }
}

}  // namespace
}  // namespace polku::follow_up
