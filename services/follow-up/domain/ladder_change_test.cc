// Another rule set has another ladder of outreach, and interruptions are on their way up the old one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Rungs are used up on the office days 1, 3, 5, 7, 10 and 20 of "2026-1", and on those given of "2026-2".
pathway::Catalogue WithLadder(const std::vector<int>& days) {
  const pathway::Catalogue catalogue = RulesOfTests();
  polku::pathway::v1::RuleSet other = *catalogue.Rules("2026-1");
  other.set_version("2026-2");
  other.set_outreach_first_attempt_office_days(days[0]);
  other.set_outreach_second_attempt_office_days(days[1]);
  other.set_outreach_letter_office_days(days[2]);
  other.set_outreach_visit_office_days(days[3]);
  other.set_outreach_supervisor_office_days(days[4]);
  other.set_outreach_meeting_office_days(days[5]);
  return catalogue.With(other);
}

class LadderChange : public ::testing::Test {
 protected:
  // A client who is not heard of: R5 is found on Tuesday 24 March at midnight, and somebody is asked to call. The rungs
  // of "2026-1" are called at the end of the 25th, 27th, 31st, of 2 April, 9 April (behind Easter) and 23 April.
  void Interrupt(const std::vector<int>& days) {
    follower_ = std::make_unique<Follower>(Local("2026-03-02 08:00"), WithLadder(days));
    follower_->Run(Plan(1, "2026-03-02", "2026-12-31"));
    follower_->AdvanceTo(Local("2026-03-24 08:00"));
    ASSERT_EQ(follower_->Count(JourneyEvent::kOutreachRequested), 1);
  }
  void Move(const std::string& version) {
    JourneyInput input;
    input.mutable_move_to_rules()->set_client(kClient);
    input.mutable_move_to_rules()->set_version(version);
    ASSERT_THAT(follower_->Give(input), IsOk());
    follower_->AdvanceTo(follower_->now());
  }
  // "rung called/due", by month and day: the last day that each has.
  std::vector<std::string> Called() const {
    std::vector<std::string> called;
    const auto day = [](const google::protobuf::Timestamp& time) {
      return absl::FormatTime("%m-%d", pipeline::FromProto(time) - absl::Microseconds(1), Helsinki());
    };
    for (const JourneyEvent& event : follower_->events()) {
      if (!event.has_outreach_escalated()) continue;
      const OutreachEscalated& rung = event.outreach_escalated();
      called.push_back(absl::StrCat(rung.rung(), " ", day(rung.escalate_time()), "/", day(rung.due_time())));
    }
    return called;
  }

  std::unique_ptr<Follower> follower_;
};

TEST_F(LadderChange, StaysAsItWasWithoutAnother) {
  Interrupt({1, 3, 5, 7, 10, 20});
  follower_->AdvanceTo(Local("2026-05-30 08:00"));
  EXPECT_THAT(Called(),
              ElementsAre("2 03-25/03-27", "3 03-27/03-31", "4 03-31/04-02", "5 04-02/04-09", "6 04-09/04-23"));
}

// On the ninth office day a ladder comes into force that would have been through long before: the next rung is called
// at once and has its day, and so has each one behind it.
TEST_F(LadderChange, ToAShorterOneCallsTheNextRungNowAndPassesOverNone) {
  Interrupt({1, 2, 3, 4, 5, 6});
  follower_->AdvanceTo(Local("2026-03-30 08:00"));
  ASSERT_THAT(Called(), ElementsAre("2 03-25/03-27", "3 03-27/03-31"));
  Move("2026-2");
  EXPECT_THAT(Called(), ElementsAre("2 03-25/03-27", "3 03-27/03-31", "4 03-27/03-30"));
  follower_->AdvanceTo(Local("2026-05-30 08:00"));
  EXPECT_THAT(Called(),
              ElementsAre("2 03-25/03-27", "3 03-27/03-31", "4 03-27/03-30", "5 03-30/03-31", "6 03-31/04-01"));
}

// Nothing that is called has its limit behind it.
TEST_F(LadderChange, ToAShorterOneGivesNobodyALimitThatIsOverAlready) {
  for (int moved_on = 24; moved_on <= 31; ++moved_on) {
    Interrupt({1, 2, 3, 4, 5, 6});
    follower_->AdvanceTo(Local(absl::StrCat("2026-03-", moved_on, " 08:00")));
    const size_t before = follower_->events().size();
    Move("2026-2");
    for (size_t i = before; i < follower_->events().size(); ++i) {
      const JourneyEvent& event = follower_->events()[i];
      if (!event.has_outreach_escalated()) continue;
      EXPECT_GT(pipeline::FromProto(event.outreach_escalated().due_time()), follower_->now()) << moved_on;
    }
    EXPECT_GT(follower_->domain().NextDue(follower_->state()).value_or(absl::InfiniteFuture()), follower_->now());
    follower_->AdvanceTo(Local("2026-06-30 08:00"));
    EXPECT_EQ(Called().size(), 5u) << moved_on;  // Each rung once.
  }
}

TEST_F(LadderChange, ToALongerOneWaitsForItsDaysAndCallsNoRungAgain) {
  Interrupt({2, 6, 10, 14, 20, 40});
  follower_->AdvanceTo(Local("2026-03-30 08:00"));
  ASSERT_THAT(Called(), ElementsAre("2 03-25/03-27", "3 03-27/03-31"));
  Move("2026-2");
  EXPECT_EQ(Called().size(), 2u);
  EXPECT_EQ(follower_->Count(JourneyEvent::kLaddersMoved), 0);
  follower_->AdvanceTo(Local("2026-07-30 08:00"));
  EXPECT_THAT(Called(),
              ElementsAre("2 03-25/03-27", "3 03-27/03-31", "4 04-09/04-15", "5 04-15/04-23", "6 04-23/05-25"));
}

// Whoever is on the last rung stays there; and there and back again calls nothing twice.
TEST_F(LadderChange, CallsNoRungTwiceHoweverOftenRulesChange) {
  Interrupt({1, 2, 3, 4, 5, 6});
  for (int week = 0; week < 8; ++week) {
    follower_->AdvanceTo(follower_->now() + absl::Hours(24 * 5));
    Move(week % 2 == 0 ? "2026-2" : "2026-1");
  }
  std::vector<std::string> rungs;
  for (const std::string& each : Called()) rungs.push_back(each.substr(0, 1));
  EXPECT_THAT(rungs, ElementsAre("2", "3", "4", "5", "6"));
}

// Nobody is to call the client for now: the ladder has its time again once it is released, as ever.
TEST_F(LadderChange, LeavesAHeldLadderAlone) {
  Interrupt({1, 2, 3, 4, 5, 6});
  JourneyInput hold;
  hold.mutable_hold_outreach()->set_client(kClient);
  *hold.mutable_hold_outreach()->mutable_until_date() = Day("2026-04-08");
  hold.mutable_hold_outreach()->set_reason(OUTREACH_HOLD_REASON_TREATMENT);
  ASSERT_THAT(follower_->Give(hold), IsOk());
  follower_->AdvanceTo(Local("2026-04-01 08:00"));
  Move("2026-2");
  EXPECT_THAT(Called(), IsEmpty());
  follower_->AdvanceTo(Local("2026-04-30 08:00"));
  EXPECT_EQ(Called().front(), "2 04-09/04-10");
  EXPECT_EQ(Called().size(), 5u);
}

// The bus is behind: the outcome of an attempt may be on it.
TEST_F(LadderChange, WaitsForTheBusAllTheSame) {
  Interrupt({1, 2, 3, 4, 5, 6});
  follower_->covered_until = Local("2026-03-24 08:00");
  follower_->AdvanceTo(Local("2026-03-30 08:00"));
  Move("2026-2");
  EXPECT_THAT(Called(), IsEmpty());
  follower_->covered_until = absl::InfiniteFuture();
  follower_->AdvanceTo(Local("2026-06-30 08:00"));
  EXPECT_EQ(Called().size(), 5u);
}

}  // namespace
}  // namespace polku::follow_up
