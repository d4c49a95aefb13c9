// Budgets of outreach, and the breaker that asks a human before a storm.
#include "services/follow-up/domain/breaker.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The breaker with rows that wait in an index, and the answers that it has given.
class Breaker {
 public:
  absl::Status Give(const BreakerInput& input, const std::string& user = "") {
    pipeline::Context context;
    context.now = now;
    context.principal.user = user;
    for (const pipeline::Lookup& lookup : domain_.LookupsOf(kOutreachBreaker, state, input)) {
      std::vector<store::Row> rows;
      if (lookup.name == kCountWaitingAtBreakerLookup) rows.push_back({static_cast<int64_t>(waiting.size())});
      for (const std::string& name : waiting) {
        if (lookup.name != kWaitingAtBreakerLookup) break;
        if (rows.size() < static_cast<size_t>(std::get<int64_t>(lookup.parameters[0]))) rows.push_back({name});
      }
      context.lookups.push_back(std::move(rows));
    }
    auto decision = domain_.Decide(state, input, context);
    if (!decision.ok()) return decision.status();
    for (const BreakerEvent& event : decision->events) {
      domain_.Evolve(event, state);
      if (event.has_outreach_breaker_tripped()) told.push_back(event.outreach_breaker_tripped().waiting());
      if (event.has_outreach_breaker_released()) told.push_back(0);
    }
    for (const pipeline::Step& step : decision->steps) {
      const auto& answer = dynamic_cast<const OutreachLetThrough&>(*step.input);
      let.push_back(answer.interruption());
      waiting.erase(std::remove(waiting.begin(), waiting.end(), answer.interruption()), waiting.end());
    }
    return absl::OkStatus();
  }
  // Of a client of its own, as many as `count`.
  void Ask(Rule rule, int count) {
    for (int i = 0; i < count; ++i) {
      BreakerInput input;
      input.mutable_outreach_asked()->set_interruption(absl::StrCat("clients/", ++asked_, "/interruptions/1"));
      input.mutable_outreach_asked()->set_rule(rule);
      waiting.push_back(input.outreach_asked().interruption());
      EXPECT_THAT(Give(input), IsOk());
    }
  }
  absl::Status Release(const std::string& user) {
    BreakerInput input;
    input.mutable_release_outreach_breaker()->set_name(kOutreachBreaker);
    return Give(input, user);
  }
  void AdvanceTo(absl::Time time) {
    for (auto due = domain_.NextDue(state); due.has_value() && *due <= time; due = domain_.NextDue(state)) {
      now = std::max(now, *due);
      BreakerInput tick;
      tick.mutable_tick();
      EXPECT_THAT(Give(tick), IsOk());
      ASSERT_GT(domain_.NextDue(state).value_or(absl::InfiniteFuture()), now) << "a tick that leaves itself due";
    }
    now = std::max(now, time);
  }

  absl::Time now = Local("2026-03-02 08:00");
  BreakerRecord state;
  std::vector<std::string> waiting;
  std::vector<std::string> let;
  std::vector<int> told;  // To others: how many wait; 0 = released.

 private:
  BreakerDomain domain_{RulesOfTests()};  // 200 a rule and day, 300 in all, 20 every 15 minutes.
  int asked_ = 0;
};

TEST(Breaker, LetsThroughADayWithinItsBudgetsAndCountsAnewTheNextDay) {
  Breaker breaker;
  breaker.Ask(RULE_NO_CONTACT, 200);
  breaker.Ask(RULE_NOT_STARTED, 100);
  EXPECT_EQ(breaker.let.size(), 300u);
  breaker.now = Local("2026-03-03 00:00");
  breaker.Ask(RULE_NO_CONTACT, 200);
  EXPECT_EQ(breaker.let.size(), 500u);
  EXPECT_EQ(breaker.state.trip_us(), 0);
}

TEST(Breaker, TripsByARuleOrByAllAndAnswersNobodyUntilANamedPersonReleasesIt) {
  for (const bool by_rule : {true, false}) {
    Breaker breaker;
    breaker.Ask(RULE_NO_CONTACT, by_rule ? 1000 : 150);
    if (!by_rule) breaker.Ask(RULE_NOT_STARTED, 850);
    EXPECT_EQ(breaker.let.size(), by_rule ? 200u : 300u);
    EXPECT_EQ(breaker.state.trip_rule(), by_rule ? RULE_NO_CONTACT : RULE_UNSPECIFIED);
    breaker.AdvanceTo(Local("2026-04-11 08:00"));  // Nothing heals by itself.
    breaker.Ask(RULE_ENDED_EARLY, 1);
    EXPECT_EQ(breaker.waiting.size(), by_rule ? 801u : 701u);
    EXPECT_EQ(ReasonOf(breaker.Release("")), "NAMED_USER_REQUIRED");
    EXPECT_THAT(breaker.Release("anna"), IsOk());
    EXPECT_EQ(ReasonOf(breaker.Release("anna")), "BREAKER_NOT_TRIPPED");
  }
}

TEST(Breaker, ReleasesInPacedStepsAndIsReadyForTheNextStorm) {
  Breaker breaker;
  EXPECT_EQ(ReasonOf(breaker.Release("anna")), "BREAKER_NOT_TRIPPED");
  breaker.Ask(RULE_NO_CONTACT, 245);
  ASSERT_THAT(breaker.Release("anna"), IsOk());
  breaker.AdvanceTo(breaker.now);
  EXPECT_EQ(breaker.waiting.size(), 25u);
  breaker.Ask(RULE_ENDED_EARLY, 1);  // Waits its turn.
  EXPECT_EQ(breaker.waiting.size(), 26u);
  breaker.AdvanceTo(breaker.now + absl::Minutes(15));
  EXPECT_EQ(breaker.waiting.size(), 6u);
  EXPECT_NE(breaker.state.trip_us(), 0);
  breaker.AdvanceTo(breaker.now + absl::Minutes(15));
  EXPECT_THAT(breaker.waiting, IsEmpty());
  EXPECT_EQ(breaker.state.trip_us(), 0);
  EXPECT_EQ(breaker.let.size(), 246u);
  breaker.Ask(RULE_NO_CONTACT, 201);
  EXPECT_EQ(breaker.waiting.size(), 1u);
}

// Whoever decides knows how many it is about, and is not told the same twice.
TEST(Breaker, TellsThatItHasTrippedHowManyWaitAndThatItWasReleased) {
  Breaker breaker;
  breaker.Ask(RULE_NO_CONTACT, 200);
  EXPECT_THAT(breaker.told, IsEmpty());
  breaker.Ask(RULE_NO_CONTACT, 45);
  EXPECT_THAT(breaker.told, ElementsAre(1));
  const int64_t trip_us = breaker.state.trip_us();
  breaker.AdvanceTo(breaker.now + absl::Minutes(15));
  EXPECT_THAT(breaker.told, ElementsAre(1, 45));
  breaker.AdvanceTo(breaker.now + absl::Hours(24));
  EXPECT_THAT(breaker.told, ElementsAre(1, 45));
  breaker.waiting.resize(3);  // A late fact has shown that most were none.
  breaker.AdvanceTo(breaker.now + absl::Minutes(15));
  EXPECT_THAT(breaker.told, ElementsAre(1, 45, 3));
  EXPECT_EQ(breaker.state.trip_us(), trip_us);
  ASSERT_THAT(breaker.Release("anna"), IsOk());
  breaker.AdvanceTo(breaker.now + absl::Hours(1));
  EXPECT_THAT(breaker.told, ElementsAre(1, 45, 3, 0));
  breaker.Ask(RULE_NO_CONTACT, 201);
  EXPECT_THAT(breaker.told, ElementsAre(1, 45, 3, 0, 1));
}

polku::assessment::v1::PlannedMeasure Overdue(int ordinal) { return Plan(ordinal, "2026-03-02", "2026-06-30"); }

std::vector<OutreachWait> Waits(const Follower& follower) {
  std::vector<OutreachWait> waits;
  for (const InterruptionRecord& open : follower.state().interruptions())
    waits.push_back(WaitOf(follower.state(), open));
  return waits;
}

TEST(ClientBudget, AsksForTwoCallsADayAndForTheRestOnTheNextOnes) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.Accept(Local("2026-02-02 10:00"));
  follower.CompleteAssessment(Local("2026-02-16 10:00"));
  for (int i = 1; i <= 5; ++i) follower.Approve(Overdue(i), Local("2026-02-17 10:00"));
  follower.AdvanceTo(Local("2026-03-10 09:00"));  // R10 of all five was due at midnight.
  EXPECT_EQ(follower.Open().size(), 5u);
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 2);
  EXPECT_THAT(Waits(follower),
              ElementsAre(OUTREACH_WAIT_UNSPECIFIED, OUTREACH_WAIT_UNSPECIFIED, OUTREACH_WAIT_CLIENT_BUDGET,
                          OUTREACH_WAIT_CLIENT_BUDGET, OUTREACH_WAIT_CLIENT_BUDGET));
  follower.AdvanceTo(Local("2026-03-11 00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 4);
  follower.AdvanceTo(Local("2026-03-12 00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 5);
}

TEST(OutreachAtTheBreaker, IsFoundAndToldButNotAskedForUntilItIsLetThrough) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.breaker_lets = false;
  follower.Run(Overdue(1));
  follower.AdvanceTo(Local("2026-03-24 08:00"));
  ASSERT_EQ(follower.Open().size(), 1u);  // R5.
  EXPECT_THAT(Waits(follower), ElementsAre(OUTREACH_WAIT_BREAKER));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachAsked), 1);
  follower.AdvanceTo(Local("2026-04-24 08:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachEscalated), 0);
  JourneyInput let;
  let.mutable_outreach_let_through()->set_interruption(follower.state().interruptions(0).interruption());
  for (int i = 0; i < 2; ++i) ASSERT_THAT(follower.Give(let), IsOk());  // Said twice, asked for once.
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

TEST(OutreachAtTheBreaker, IsAskedForBehindAHoldThatBeganMeanwhile) {
  Follower follower(Local("2026-03-02 08:00"));
  follower.breaker_lets = false;
  follower.Run(Overdue(1));
  follower.AdvanceTo(Local("2026-03-24 08:00"));
  JourneyInput hold;
  hold.mutable_hold_outreach()->set_client(kClient);
  *hold.mutable_hold_outreach()->mutable_until_date() = Day("2026-03-30");
  hold.mutable_hold_outreach()->set_reason(OUTREACH_HOLD_REASON_TREATMENT);
  ASSERT_THAT(follower.Give(hold), IsOk());
  EXPECT_THAT(Waits(follower), ElementsAre(OUTREACH_WAIT_BREAKER));  // So that it is not forgotten there.
  JourneyInput let;
  let.mutable_outreach_let_through()->set_interruption(follower.state().interruptions(0).interruption());
  ASSERT_THAT(follower.Give(let), IsOk());
  EXPECT_THAT(Waits(follower), ElementsAre(OUTREACH_WAIT_HELD));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 0);
  follower.AdvanceTo(Local("2026-03-30 00:00"));
  EXPECT_EQ(follower.Count(JourneyEvent::kOutreachRequested), 1);
}

}  // namespace
}  // namespace polku::follow_up
