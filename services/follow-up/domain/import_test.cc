// Go-live: cases that were followed elsewhere before.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Monday 2 March 2026 is the day of the go-live; the referral was accepted on the Friday before.
Follower Accepted() {
  Follower follower(Local("2026-02-27 10:00"));
  follower.Accept(follower.now());
  follower.AdvanceTo(Local("2026-03-02 09:00"));
  return follower;
}

JourneyInput Case(const std::string& number) {
  JourneyInput input;
  auto& request = *input.mutable_import_journey();
  request.set_client(kClient);
  request.set_case_number(number);
  *request.mutable_watch_from() = Day("2026-03-02");
  *request.mutable_assessment_complete_date() = Day("2025-10-01");
  return input;
}

// Runs since October, Mondays and Wednesdays from 9 to 12, until `end`.
void AddRunning(JourneyInput& input, absl::string_view end) {
  ImportedMeasure& measure = *input.mutable_import_journey()->add_measures();
  measure.set_type("work-trial");
  measure.set_provider("organisations/o");
  *measure.mutable_start_date() = Day("2025-10-06");
  *measure.mutable_end_date() = Day(end);
  measure.set_started(true);
  for (const auto day : {google::type::MONDAY, google::type::WEDNESDAY}) {
    auto& session = *measure.add_sessions();
    session.set_day(day);
    session.set_start_minute(540);
    session.set_end_minute(720);
  }
}

std::vector<OutreachWait> Waits(const Follower& follower) {
  std::vector<OutreachWait> waits;
  for (const InterruptionRecord& open : follower.state().interruptions())
    waits.push_back(WaitOf(follower.state(), open));
  return waits;
}

TEST(Import, CountsRunningLimitsFromTheDayOfWatchingAndExpectsNoSessionBefore) {
  Follower follower = Accepted();
  JourneyInput input = Case("A/1");
  AddRunning(input, "2026-06-30");
  *input.mutable_import_journey()->mutable_last_contact_date() = Day("2026-02-20");
  ASSERT_THAT(follower.Give(input), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  // The sessions of 2 and 4 March are the first that count.
  follower.AdvanceTo(Local("2026-03-05 12:00") - absl::Microseconds(1));
  EXPECT_THAT(follower.Open(), IsEmpty());
  follower.AdvanceTo(Local("2026-03-05 12:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R2 from 2026-03-02 12:00:00 due 2026-03-05 12:00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
  // Last seen on 20 February, watched from 2 March on: 21 days from there.
  follower.AdvanceTo(Local("2026-03-24 00:00"));
  EXPECT_THAT(follower.Open(), ElementsAre(StartsWith("R2"), "R5 from 2026-03-02 00:00:00 due 2026-03-24 00:00:00"));
}

TEST(Import, OpensWhatWasBrokenBeforeForReviewAndNotForTheLadder) {
  Follower follower = Accepted();
  JourneyInput input = Case("A/1");
  AddRunning(input, "2026-01-30");  // Over since a month, and nobody has said so; not seen since 1 December.
  *input.mutable_import_journey()->mutable_last_contact_date() = Day("2025-12-01");
  ASSERT_THAT(follower.Give(input), IsOk());
  follower.AdvanceTo(Local("2026-03-02 09:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R11 from 2026-01-31 00:00:00 due 2026-02-07 00:00:00",
                                           "R5 from 2025-12-01 00:00:00 due 2025-12-23 00:00:00"));
  EXPECT_THAT(Waits(follower), ElementsAre(OUTREACH_WAIT_REVIEW, OUTREACH_WAIT_REVIEW));
  follower.AdvanceTo(Local("2026-04-02 09:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachAsked), 0);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachEscalated), 0);

  JourneyInput call;
  call.mutable_request_reviewed_outreach()->set_name(follower.state().interruptions(0).interruption());
  ASSERT_THAT(follower.Give(call), IsOk());
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
  EXPECT_THAT(Waits(follower), ElementsAre(OUTREACH_WAIT_UNSPECIFIED, OUTREACH_WAIT_REVIEW));
  EXPECT_EQ(ReasonOf(follower.Give(call)), "NOT_FOR_REVIEW");
}

TEST(Import, OfACaseWithoutAMeasureFindsThatNobodyHasTakenTheNextStep) {
  Follower follower = Accepted();
  ASSERT_THAT(follower.Give(Case("A/1")), IsOk());
  follower.AdvanceTo(Local("2026-03-02 09:00"));
  EXPECT_THAT(follower.Open(), ElementsAre("R3 from 2025-10-01 00:00:00 due 2025-10-09 00:00:00"));
  EXPECT_THAT(Waits(follower), ElementsAre(OUTREACH_WAIT_REVIEW));
}

TEST(Import, OfTheSameCaseAgainChangesNothingAndAnotherCaseIsRefused) {
  Follower follower = Accepted();
  ASSERT_THAT(follower.Give(Case("A/1")), IsOk());
  const size_t events = follower.events().size();
  ASSERT_THAT(follower.Give(Case("A/1")), IsOk());
  EXPECT_EQ(follower.Count(JourneyEvent::kJourneyImported), 1);
  EXPECT_EQ(follower.events().size(), events);
  EXPECT_EQ(ReasonOf(follower.Give(Case("B/1"))), "JOURNEY_IMPORTED");
}

// The case number has led the command to the client whom it belongs to.
TEST(Import, OfACaseOfAnotherClientIsRefusedWhateverHasBecomeOfThatOne) {
  Follower follower = Accepted();
  ASSERT_THAT(follower.Give(Case("A/1")), IsOk());
  JourneyInput other = Case("A/1");
  other.mutable_import_journey()->set_client("clients/0190d3a1-7c00-7000-8000-000000000002");
  EXPECT_EQ(ReasonOf(follower.Give(other)), "CASE_IMPORTED");
  JourneyInput close;
  close.mutable_close_journey()->set_client(kClient);
  close.mutable_close_journey()->set_reason(CLOSE_REASON_GOAL_REACHED);
  ASSERT_THAT(follower.Give(close), IsOk());
  EXPECT_EQ(ReasonOf(follower.Give(other)), "CASE_IMPORTED");
}

TEST(Import, SaysWhatItWouldFindAndKeepsNothing) {
  Follower follower = Accepted();
  JourneyInput input = Case("A/1");
  AddRunning(input, "2026-01-30");
  input.mutable_import_journey()->set_validate_only(true);
  pipeline::Context context;
  context.now = follower.now();
  context.principal.user = "anna";
  const auto decision = follower.domain().Decide(follower.state(), input, context);
  ASSERT_THAT(decision, IsOk());
  EXPECT_THAT(decision->events, IsEmpty());
  std::vector<std::string> found;
  for (const ImportFinding& each : dynamic_cast<const ImportedJourney&>(*decision->reply).findings()) {
    found.push_back(absl::StrCat("R", each.rule(), each.for_review() ? " for review" : ""));
  }
  EXPECT_THAT(found, ElementsAre("R11 for review", "R5"));
}

TEST(Import, RefusesWhatCannotBe) {
  const auto refused = [](auto change) {
    Follower follower = Accepted();
    JourneyInput input = Case("A/1");
    AddRunning(input, "2026-06-30");
    change(*input.mutable_import_journey());
    return std::string(follower.Give(input).message());
  };
  using Request = ImportJourneyRequest;
  EXPECT_THAT(refused([](Request& r) { r.set_case_number("a b"); }), StartsWith("case_number"));
  EXPECT_THAT(refused([](Request& r) { *r.mutable_watch_from() = Day("2026-05-01"); }), StartsWith("watch_from"));
  EXPECT_THAT(refused([](Request& r) { *r.mutable_last_contact_date() = Day("2026-03-03"); }),
              StartsWith("last_contact_date"));
  EXPECT_THAT(refused([](Request& r) { r.mutable_measures(0)->set_provider("o"); }),
              StartsWith("measures[0].provider"));
  EXPECT_THAT(refused([](Request& r) { *r.mutable_measures(0)->mutable_start_date() = Day("2026-03-03"); }),
              StartsWith("measures[0].start_date"));
  EXPECT_THAT(refused([](Request& r) { *r.mutable_measures(0)->mutable_end_date() = Day("2025-10-05"); }),
              StartsWith("measures[0].end_date"));
  EXPECT_THAT(refused([](Request& r) { r.mutable_measures(0)->mutable_sessions(0)->set_end_minute(500); }),
              StartsWith("measures[0].sessions"));
  Follower nobody(Local("2026-03-02 09:00"));
  EXPECT_EQ(ReasonOf(nobody.Give(Case("A/1"))), "JOURNEY_NOT_FOUND");
  Follower unnamed = Accepted();
  unnamed.user = "";
  EXPECT_EQ(ReasonOf(unnamed.Give(Case("A/1"))), "NAMED_USER_REQUIRED");
}

}  // namespace
}  // namespace polku::follow_up
