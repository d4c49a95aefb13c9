// A rule set takes the place of another: what it would find, the dry run, the move.
#include "services/follow-up/domain/rule_set.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/backtest.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/testing/follower.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Beside the rule set of the tests one that is as it but for R5: `no_contact_days` and not 21.
pathway::Catalogue WithOther(int no_contact_days) {
  const pathway::Catalogue catalogue = RulesOfTests();
  polku::pathway::v1::RuleSet other = *catalogue.Rules("2026-1");
  other.set_version("2026-2");
  other.set_no_contact_days(no_contact_days);
  other.set_outreach_day_max(3);
  return catalogue.With(other);
}

// The rule set "2026-2", and the clients of an index that are followed by "2026-1".
class Change {
 public:
  absl::Status Give(const RuleSetInput& input) {
    pipeline::Context context;
    context.now = now;
    context.principal.user = user;
    for (const pipeline::Lookup& lookup : domain_.LookupsOf("rulesets/2026-2", state, input)) {
      EXPECT_EQ(lookup.name, kJourneysOfRulesLookup);
      std::vector<store::Row> rows;
      for (int i = 0; i < clients; ++i) {
        const std::string client = absl::StrCat("clients/", 10000 + i);
        const bool fits = rows.size() < static_cast<size_t>(std::get<int64_t>(lookup.parameters[2]));
        if (client > std::get<std::string>(lookup.parameters[1]) && fits) rows.push_back({client});
      }
      context.lookups.push_back(std::move(rows));
    }
    auto decision = domain_.Decide(state, input, context);
    if (!decision.ok()) return decision.status();
    for (const RuleSetEvent& event : decision->events) domain_.Evolve(event, state);
    for (pipeline::Step& step : decision->steps) steps.push_back(std::move(step));
    return absl::OkStatus();
  }
  absl::Status Try(const std::string& name = "rulesets/2026-2", const std::string& replaces = "rulesets/2026-1") {
    RuleSetInput input;
    input.mutable_try_rule_set()->set_name(name);
    input.mutable_try_rule_set()->set_replaces(replaces);
    return Give(input);
  }
  absl::Status Activate() {
    RuleSetInput input;
    input.mutable_activate_rule_set()->set_name("rulesets/2026-2");
    return Give(input);
  }
  void Answer(int gained, int lost) {
    RuleSetInput input;
    input.mutable_rules_tried()->set_version("2026-2");
    input.mutable_rules_tried()->set_gained(gained);
    input.mutable_rules_tried()->set_lost(lost);
    EXPECT_THAT(Give(input), IsOk());
  }
  void AdvanceTo(absl::Time time) {
    for (auto due = domain_.NextDue(state); due.has_value() && *due <= time; due = domain_.NextDue(state)) {
      now = std::max(now, *due);
      RuleSetInput tick;
      tick.mutable_tick();
      EXPECT_THAT(Give(tick), IsOk());
      ASSERT_GT(domain_.NextDue(state).value_or(absl::InfiniteFuture()), now) << "a tick that leaves itself due";
    }
    now = std::max(now, time);
  }

  absl::Time now = Local("2026-03-02 08:00");
  std::string user = "anna";
  int clients = 1200;
  RuleSetRecord state;
  std::vector<pipeline::Step> steps;

 private:
  RuleSetDomain domain_{WithOther(10)};
};

TEST(RuleSet, AsksEveryJourneyOnceInPacedSteps) {
  Change change;
  ASSERT_THAT(change.Try(), IsOk());
  change.AdvanceTo(change.now);
  EXPECT_EQ(change.steps.size(), 500u);
  change.AdvanceTo(change.now + absl::Minutes(1));
  EXPECT_EQ(change.steps.size(), 1000u);
  EXPECT_FALSE(RuleSetView(change.state).tried());
  change.AdvanceTo(change.now + absl::Minutes(1));
  EXPECT_EQ(change.steps.size(), 1200u);
  EXPECT_EQ(RuleSetView(change.state).left(), 1200);
  for (int i = 0; i < 1200; ++i) change.Answer(i == 7 ? 2 : 0, 1);
  EXPECT_TRUE(RuleSetView(change.state).tried());
  EXPECT_EQ(RuleSetView(change.state).gained(), 2);
  EXPECT_EQ(RuleSetView(change.state).lost(), 1200);
}

TEST(RuleSet, IsActivatedByANamedPersonBehindACompleteDryRunOnly) {
  Change change;
  change.clients = 2;
  EXPECT_EQ(ReasonOf(change.Activate()), "RULES_NOT_TRIED");
  EXPECT_EQ(ReasonOf(change.Try("rulesets/2030-1")), "RULES_UNKNOWN");
  EXPECT_EQ(change.Try("rulesets/2026-2", "rulesets/2026-2").code(), absl::StatusCode::kInvalidArgument);
  ASSERT_THAT(change.Try(), IsOk());
  EXPECT_EQ(ReasonOf(change.Activate()), "RULES_NOT_TRIED");
  change.AdvanceTo(change.now);
  change.Answer(0, 0);
  EXPECT_EQ(ReasonOf(change.Activate()), "RULES_NOT_TRIED");
  change.Answer(3, 0);
  change.user = "";
  EXPECT_EQ(ReasonOf(change.Activate()), "NAMED_USER_REQUIRED");
  change.user = "anna";
  change.steps.clear();
  ASSERT_THAT(change.Activate(), IsOk());
  EXPECT_EQ(ReasonOf(change.Try()), "RULES_ACTIVE");
  change.AdvanceTo(change.now);
  ASSERT_EQ(change.steps.size(), 2u);
  EXPECT_EQ(dynamic_cast<const MoveToRules&>(*change.steps[0].input).version(), "2026-2");
}

TEST(RuleSet, IsRefusedWhenMoreWouldOpenThanTheBreakerLetsThroughInADay) {
  Change change;
  change.clients = 1;
  ASSERT_THAT(change.Try(), IsOk());
  change.AdvanceTo(change.now);
  change.Answer(4, 0);  // Three is what a day holds.
  EXPECT_EQ(ReasonOf(change.Activate()), "RULES_TOO_MANY_FINDINGS");
}

TEST(RuleSet, DoesNotWaitForEverForTheAnswerOfAJourneyThatIsGone) {
  Change change;
  change.clients = 1;
  ASSERT_THAT(change.Try(), IsOk());
  change.AdvanceTo(change.now + absl::Minutes(59));
  EXPECT_EQ(ReasonOf(change.Activate()), "RULES_NOT_TRIED");
  change.AdvanceTo(change.now + absl::Minutes(2));
  EXPECT_THAT(change.Activate(), IsOk());
}

// Seen on the day of the start, 2 March, and not since.
Follower Silent() {
  Follower follower(Local("2026-03-02 08:00"), WithOther(10));
  follower.Run(Plan(1, "2026-03-02", "2026-12-31"));
  return follower;
}

JourneyInput Tried(const std::string& version) {
  JourneyInput input;
  input.mutable_try_rules()->set_client(kClient);
  input.mutable_try_rules()->set_version(version);
  return input;
}

JourneyInput Moved(const std::string& version) {
  JourneyInput input;
  input.mutable_move_to_rules()->set_client(kClient);
  input.mutable_move_to_rules()->set_version(version);
  return input;
}

TEST(Journey, SaysWhatAnotherRuleSetWouldChangeAndChangesNothing) {
  Follower follower = Silent();
  follower.AdvanceTo(Local("2026-03-16 08:00"));
  const size_t events = follower.events().size();
  ASSERT_THAT(follower.Give(Tried("2026-2")), IsOk());
  EXPECT_EQ(follower.events().size(), events);
  ASSERT_FALSE(follower.steps.empty());
  const auto& answer = dynamic_cast<const RulesTried&>(*follower.steps.back().input);
  EXPECT_EQ(follower.steps.back().key, "rulesets/2026-2");
  EXPECT_EQ(answer.gained(), 1);
  EXPECT_EQ(answer.lost(), 0);
}

TEST(Journey, IsFollowedByTheOtherRuleSetOnceMoved) {
  Follower follower = Silent();
  follower.AdvanceTo(Local("2026-03-16 08:00"));
  ASSERT_THAT(follower.Give(Moved("2026-2")), IsOk());
  follower.AdvanceTo(follower.now());
  EXPECT_THAT(follower.Open(), ElementsAre("R5 from 2026-03-02 00:00:00 due 2026-03-13 00:00:00"));
  EXPECT_EQ(FoundBy(follower.state(), follower.state().interruptions(0)), "2026-2");
  // And back: what the other one had found is retracted because of the rules, and keeps who found it.
  ASSERT_THAT(follower.Give(Moved("2026-1")), IsOk());
  EXPECT_THAT(follower.Open(), IsEmpty());
  const JourneyEvent* retracted = nullptr;
  for (const JourneyEvent& event : follower.events()) {
    if (event.has_interruption_retracted()) retracted = &event;
  }
  ASSERT_NE(retracted, nullptr);
  EXPECT_THAT(retracted->interruption_retracted().why().en(), StartsWith("Rule set 2026-1 came into force"));
}

TEST(Journey, ThatOpensGetsTheRuleSetThatHasTakenThePlaceOfItsPathways) {
  const std::vector<store::Row> rows = {{std::string("2026-2"), std::string("2026-1")},
                                        {std::string("2026-3"), std::string("2026-2")}};
  EXPECT_EQ(ActiveRules("2026-1", rows), "2026-3");
  EXPECT_EQ(ActiveRules("2025-1", rows), "2025-1");
}

TEST(Backtest, FindsWhatAnotherRuleSetWouldHaveFound) {
  Follower follower = Silent();
  std::vector<JournalledEvent> journal;
  size_t known = 0;
  const auto note = [&] {
    for (; known < follower.events().size(); ++known) journal.push_back({follower.now(), follower.events()[known]});
  };
  note();
  follower.AdvanceTo(Local("2026-03-16 08:00"));
  follower.Contact(Local("2026-03-16 07:00"));  // Fourteen days later: no break by the rules it had.
  note();
  follower.AdvanceTo(Local("2026-04-10 08:00"));
  note();
  ASSERT_EQ(follower.Count(JourneyEvent::kMeasureInterrupted), 1);  // Not heard of since 16 March.
  const auto replay = [&](const std::string& version) {
    std::vector<std::string> found;
    for (const ReplayedFinding& each : Replay(journal, WithOther(10), version, follower.now())) {
      found.push_back(absl::StrCat("R", each.found.rule(), " due ",
                                   absl::FormatTime("%m-%d", pipeline::FromProto(each.found.due_time()), Helsinki()),
                                   each.retracted ? " retracted" : ""));
    }
    return found;
  };
  EXPECT_THAT(replay(""), ElementsAre("R5 due 04-07"));
  EXPECT_THAT(replay("2026-1"), ElementsAre("R5 due 04-07"));
  // The first silence too; nobody has resolved it, so it stays the one that is open.
  EXPECT_THAT(replay("2026-2"), ElementsAre("R5 due 03-13"));
}

}  // namespace
}  // namespace polku::follow_up
