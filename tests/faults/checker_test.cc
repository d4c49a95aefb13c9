// For each invariant a bug is planted in what the checker sees: it must be found, and nothing else.
#include "tests/faults/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polku::faults {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kClient[] = "clients/1";
constexpr char kTrace[] = "0123456789abcdef0123456789abcdef";

// Two services at rest after one story.
Observation Good() {
  Observation seen;
  seen.told.traces = {kTrace};
  seen.told.acknowledged["referral"] = {"request-1"};
  seen.told.clients = {{kClient, Kind::kAttends}};
  ServiceView& referral = seen.services["referral"];
  referral.requests = {"request-1", "request-2"};
  referral.traces = {kTrace, ""};
  referral.published = {{kClient, 3}};
  ServiceView& follow_up = seen.services["follow-up"];
  follow_up.peers = {"referral"};
  follow_up.applied = {{{"referral", kClient}, 3}};
  follow_up.positions = {{"topic/0", 5}};
  follow_up.committed = {{"topic/0", 5}};
  follow_up.dead_letters = {"topic/0/4"};
  seen.poison["follow-up"] = {"topic/0/4"};
  seen.bus["referral"][kClient] = {1, 2, 2, 1, 3};
  seen.open_outreach = {{"clients/1/interruptions/1", 1}};
  seen.end_states = {{kClient, "on track"}};
  seen.expected_states = {{Kind::kAttends, "on track"}};
  seen.programs["referral-1"] = {true, {30, 20}, {30, 20}};
  return seen;
}

void ExpectOnly(const std::string& invariant, const Observation& seen) {
  EXPECT_THAT(Check(seen), Not(IsEmpty()));
  EXPECT_THAT(Check(seen), Each(Field(&Violation::invariant, invariant)));
}

TEST(Checker, FindsNothingWhereNothingIsWrong) {
  EXPECT_THAT(Check(Good()), IsEmpty());
  EXPECT_TRUE(AtRest(Good()));
}

TEST(Checker, FindsAnAcknowledgedCommandThatWasForgotten) {
  Observation seen = Good();
  seen.services["referral"].requests.erase("request-1");
  ExpectOnly("I1", seen);
}

TEST(Checker, FindsEventsThatNeverLeftOrNeverCame) {
  Observation seen = Good();
  seen.services["referral"].outbox = 1;
  ExpectOnly("I1", seen);
  EXPECT_FALSE(AtRest(seen));
  seen = Good();
  seen.services["follow-up"].applied[{"referral", kClient}] = 2;
  ExpectOnly("I1", seen);
  EXPECT_FALSE(AtRest(seen));
}

TEST(Checker, FindsWhatNobodyAskedFor) {
  Observation seen = Good();
  seen.services["referral"].traces.insert("ffffffffffffffffffffffffffffffff");
  ExpectOnly("I2", seen);
}

TEST(Checker, FindsASubscriberThatKnowsMoreThanTheOwner) {
  Observation seen = Good();
  seen.services["follow-up"].applied[{"referral", kClient}] = 4;
  ExpectOnly("I2", seen);
}

TEST(Checker, FindsASecondOutreachForOneFinding) {
  Observation seen = Good();
  seen.open_outreach["clients/1/interruptions/1"] = 2;
  ExpectOnly("I3", seen);
}

TEST(Checker, FindsGapsDisorderAndMissingVersionsOnTheBus) {
  for (const std::vector<int64_t>& versions : std::vector<std::vector<int64_t>>{{1, 3}, {1, 3, 2}, {2, 1, 3}, {1, 2}}) {
    Observation seen = Good();
    seen.bus["referral"][kClient] = versions;
    ExpectOnly("I4", seen);
  }
}

TEST(Checker, FindsAnEndThatTheStoryDoesNotHaveWithoutFaults) {
  Observation seen = Good();
  seen.end_states[kClient] = "interrupted";
  ExpectOnly("I6", seen);
  seen.end_states.clear();
  ExpectOnly("I6", seen);
  seen = Good();
  seen.told.stuck = {"story 7"};
  ExpectOnly("I6", seen);
  seen = Good();
  seen.end_states[kClient] = "task 2 rule 0 attempts 0 outcome 0; on track";
  ExpectOnly("I6", seen);
  seen.held = {kClient};
  EXPECT_THAT(Check(seen), ::testing::IsEmpty());
}

TEST(Checker, FindsDueInstantsThatNobodyLookedAt) {
  Observation seen = Good();
  seen.services["follow-up"].overdue = 1;
  ExpectOnly("I7", seen);
}

TEST(Checker, FindsUndocumentedAndChangedAnswers) {
  Observation seen = Good();
  seen.told.undocumented = {"SubmitReferral: INTERNAL"};
  ExpectOnly("I8", seen);
  seen = Good();
  seen.told.changed = {"SubmitReferral"};
  ExpectOnly("I8", seen);
}

TEST(Checker, FindsProgramsThatAreNotAsBefore) {
  Observation seen = Good();
  seen.programs["referral-1"].ready = false;
  ExpectOnly("I9", seen);
  seen = Good();
  seen.programs["referral-1"].usage.descriptors = 1000;
  ExpectOnly("I9", seen);
  seen = Good();
  seen.programs["referral-1"].usage.threads = 1000;
  ExpectOnly("I9", seen);
  seen = Good();
  seen.exits = {"referral-1 ended with 139"};
  ExpectOnly("I9", seen);
}

TEST(Checker, FindsGoodRecordsSetAsideAndBadOnesTaken) {
  Observation seen = Good();
  seen.services["follow-up"].dead_letters.insert("topic/0/3");
  ExpectOnly("I10", seen);
  seen = Good();
  seen.services["follow-up"].dead_letters.clear();
  ExpectOnly("I10", seen);
}

TEST(Checker, FindsAPositionThatKafkaKnowsBeforeTheDatabase) {
  Observation seen = Good();
  seen.services["follow-up"].committed["topic/0"] = 6;
  ExpectOnly("I12", seen);
}

}  // namespace
}  // namespace polku::faults
