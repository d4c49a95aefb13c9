// The corridor's promises, on the real store and the real embedded bus, driven step by step.
#include "libs/pipeline/pipeline.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/testing/toy.h"
#include "libs/pipeline/testing/toy_world.h"
#include "libs/pipeline/wire.h"

namespace polku::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using toy::v1::AddRequest;

constexpr char kId1[] = "0190a000-0000-7000-8000-000000000001";
constexpr char kId2[] = "0190a000-0000-7000-8000-000000000002";

using PipelineTest = ToyWorld;

// Notes how far the bus had been read at each tick.
struct WatchedDomain : toy::CounterDomain {
  explicit WatchedDomain(std::vector<absl::Time>* ticks) : covered_at_ticks(ticks) {}
  absl::StatusOr<Decision<Event>> Decide(const State& state, const Input& input, const Context& context) const {
    if (input.has_tick()) covered_at_ticks->push_back(context.covered_until);
    return toy::CounterDomain::Decide(state, input, context);
  }
  std::vector<absl::Time>* covered_at_ticks;
};

TEST_F(PipelineTest, ACommandIsAnsweredWithItsReplyAndReachesTheSubscriber) {
  const auto reply = Run(Add("counters/a", 5));
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->total(), 5);
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(5));
}

TEST_F(PipelineTest, ARefusedCommandLeavesNoTraceAndDoesNotHoldBackTheOthersOfItsBatch) {
  const size_t bad = Queue(Add("counters/a", -1));
  const size_t good = Queue(Add("counters/a", 2));
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_THAT(answers_[bad], StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("amount")));
  EXPECT_THAT(answers_[good], IsOk());
  EXPECT_THAT(*(*toy_db_->Read())->ReadJournal("counters/a", 0, 10), SizeIs(1));
  EXPECT_THAT(*(*toy_db_->Read())->ReadAudit("counters/", 10), SizeIs(1));
}

TEST_F(PipelineTest, AllCommandsOfABatchSeeWhatThoseBeforeThemDid) {
  for (int i = 0; i < 50; ++i) Queue(Add("counters/a", 1));
  ASSERT_THAT(toy_->Step(), IsOk());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(answers_[i]->total(), i + 1);
}

TEST_F(PipelineTest, TheSameRequestGetsTheSameReplyAndActsOnce) {
  AddRequest request = Add("counters/a", 5);
  ASSERT_THAT(Run(request, kId1), IsOk());
  Queue(request, kId1);
  Queue(request, kId1);
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_EQ(answers_[1]->total(), 5);
  EXPECT_EQ(answers_[2]->total(), 5);
  EXPECT_EQ(StateOf(*toy_db_, "counters/a").total(), 5);
}

TEST_F(PipelineTest, TwoEqualRequestsInOneBatchActOnce) {
  Queue(Add("counters/a", 5), kId1);
  Queue(Add("counters/a", 5), kId1);
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_EQ(answers_[1]->total(), 5);
  EXPECT_EQ(StateOf(*toy_db_, "counters/a").total(), 5);
}

TEST_F(PipelineTest, ARequestIdWithOtherContentIsRefusedNamingTheField) {
  ASSERT_THAT(Run(Add("counters/a", 5), kId1), IsOk());
  const auto refused = Run(Add("counters/a", 6), kId1);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("amount")));
  EXPECT_EQ(ViolationsOf(refused.status())[0].field, "amount");
}

TEST_F(PipelineTest, ARefusalIsNotRemembered) {
  EXPECT_THAT(Run(Add("counters/a", -1), kId1), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Run(Add("counters/a", 1), kId1), IsOk());
}

TEST_F(PipelineTest, AReplyIsForgottenAfterItsTimeAndNotBefore) {
  ASSERT_THAT(Run(Add("counters/a", 5), kId1), IsOk());
  clock_.Advance(limits_.request_kept - absl::Seconds(1));
  Settle();
  EXPECT_THAT(Run(Add("counters/a", 6), kId1), StatusIs(absl::StatusCode::kAlreadyExists));
  clock_.Advance(absl::Hours(2));
  Settle();
  EXPECT_THAT(Run(Add("counters/a", 6), kId1), IsOk());
}

TEST_F(PipelineTest, CommandsWithOneAliasMeetInOneAggregate) {
  const AliasClaim alias{"hetu", "hash-1"};
  Queue(Add("", 1), kId1, "counters/first", alias);
  Queue(Add("", 2), kId2, "counters/second", alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  Queue(Add("", 3), "", "counters/third", alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_EQ(answers_[1]->name(), "counters/first");
  EXPECT_EQ(answers_[2]->total(), 6);
}

TEST_F(PipelineTest, ADecisionMovesAndReleasesAnAliasForTheCommandsBehindItToo) {
  const AliasClaim alias{"hetu", "hash-1"};
  Queue(Add("", 1), kId1, "counters/first", alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  AddRequest move = Add("counters/first", 1);
  move.set_alias(alias.keyed_hash);
  move.set_alias_to("counters/second");
  Queue(move);
  Queue(Add("", 10), kId2, "counters/third", alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_EQ(answers_[2]->name(), "counters/second");
  Queue(Add("", 10), "", "counters/third", alias);
  AddRequest release = Add("counters/second", 1);
  release.set_alias(alias.keyed_hash);
  Queue(release);
  Queue(Add("", 100), "", "counters/third", alias);
  Queue(Add("", 100), "", "counters/fourth", alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_EQ(answers_[3]->total(), 20);
  EXPECT_EQ(answers_[5]->name(), "counters/third");
  EXPECT_EQ(answers_[6]->total(), 200);
  EXPECT_EQ((*(*toy_db_->Read())->FindAliases({{"hetu", "hash-1", ""}}))[0].key, "counters/third");
}

TEST_F(PipelineTest, AnAliasThatLeadsToAnotherIsLeftAlone) {
  const AliasClaim alias{"hetu", "hash-1"};
  Queue(Add("", 1), kId1, "counters/first", alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  AddRequest move = Add("counters/other", 1);
  move.set_alias(alias.keyed_hash);
  ASSERT_THAT(Run(move), IsOk());
  move.set_alias_to("counters/other");
  ASSERT_THAT(Run(move), IsOk());
  EXPECT_EQ((*(*toy_db_->Read())->FindAliases({{"hetu", "hash-1", ""}}))[0].key, "counters/first");
}

TEST_F(PipelineTest, AStepRunsOnceInABatchOfItsOwn) {
  AddRequest request = Add("counters/a", 4);
  request.set_forward_to("counters/b");
  ASSERT_THAT(Run(request), IsOk());
  EXPECT_EQ(StateOf(*toy_db_, "counters/b").total(), 0);
  Settle();
  EXPECT_EQ(StateOf(*toy_db_, "counters/b").total(), 4);
  EXPECT_THAT(*(*toy_db_->Read())->ReadSteps(10), IsEmpty());
}

TEST_F(PipelineTest, ADueInstantFiresAtItsInstantAndNotBefore) {
  AddRequest request = Add("counters/a", 1);
  const absl::Time due = clock_.Now() + absl::Hours(24);
  request.set_remind_us(absl::ToUnixMicros(due));
  ASSERT_THAT(Run(request), IsOk());
  clock_.Set(due - absl::Microseconds(1));
  Settle();
  EXPECT_EQ(StateOf(*toy_db_, "counters/a").reminders(), 0);
  clock_.Set(due);
  Settle();
  EXPECT_EQ(StateOf(*toy_db_, "counters/a").reminders(), 1);
}

TEST_F(PipelineTest, ADueInstantThatPassedWhileTheProcessWasDownFiresAfterTheStart) {
  AddRequest request = Add("counters/a", 1);
  request.set_remind_us(absl::ToUnixMicros(clock_.Now() + absl::Hours(1)));
  ASSERT_THAT(Run(request), IsOk());
  Close();
  clock_.Advance(absl::Hours(24 * 400));
  Open();
  Settle();
  EXPECT_EQ(StateOf(*toy_db_, "counters/a").reminders(), 1);
}

// Decided a moment too soon, a rule about something missing could only wait for another look a minute later.
TEST_F(PipelineTest, WhatFellDueAfterTheLastLookAtTheBusIsDecidedAfterTheNextOne) {
  std::vector<absl::Time> covered;
  mirror_.reset();
  toy_ = *Make("mirror", std::make_unique<KindOf<WatchedDomain>>("counters/", WatchedDomain(&covered)), {"toy"},
               *mirror_db_);
  AddRequest request = Add("counters/a", 1);
  const absl::Time due = clock_.Now() + absl::Hours(24);
  request.set_remind_us(absl::ToUnixMicros(due));
  ASSERT_THAT(Run(request), IsOk());
  clock_.Set(due);
  while (*toy_->Step()) {
  }
  EXPECT_THAT(covered, ElementsAre(due));
}

TEST_F(PipelineTest, ARecordDeliveredTwiceActsOnce) {
  PublishRaw(AddedRow("counters/a", 1, 5));
  PublishRaw(AddedRow("counters/a", 1, 5));
  PublishRaw(AddedRow("counters/a", 2, 6));
  PublishRaw(AddedRow("counters/a", 1, 5));
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(5, 6));
}

TEST_F(PipelineTest, ABacklogThatIsReadAheadIsHandledOnceAndInOrderThroughACrash) {
  limits_.batch_inputs_max = 2;  // Most batches are folded in slices, in the order of keys.
  limits_.batch_backlog_max = 3;
  Close();
  Open();
  for (int64_t version = 1; version <= 10; ++version) {
    for (const char* key : {"counters/a", "counters/b", "counters/c"}) PublishRaw(AddedRow(key, version, version));
  }
  int commits_left = 4;
  SetCrashHook([&](absl::string_view name) {
    if (name == "corridor.before_commit" && --commits_left == 0) throw Crash();
  });
  EXPECT_THROW(Settle(), Crash);
  SetCrashHook({});
  Close();
  Open();
  Settle();
  for (const char* key : {"counters/a", "counters/b", "counters/c"}) {
    EXPECT_THAT(StateOf(*mirror_db_, key).seen(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  }
}

TEST_F(PipelineTest, AGapIsFilledFromTheOwnersJournalAndOrderIsKept) {
  for (int64_t amount : {1, 2, 3}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  // The first two never come over the bus: the third is published by hand.
  {
    auto transaction = *toy_db_->Begin();
    std::vector<int64_t> ids;
    for (const store::OutboxRow& row : *transaction->ReadOutbox(10)) ids.push_back(row.id);
    ASSERT_THAT(transaction->DeleteOutbox(ids), IsOk());
    ASSERT_THAT(transaction->Commit(), IsOk());
  }
  PublishRaw(AddedRow("counters/a", 3, 3));
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1, 2, 3));
  EXPECT_THAT(*(*mirror_db_->Read())->ListParkedKeys(10), IsEmpty());
}

TEST_F(PipelineTest, APoisonRecordIsSetAsideItsKeyWaitsAndTheOthersGoOn) {
  for (int64_t amount : {1, 666, 3}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  ASSERT_THAT(Run(Add("counters/b", 7)), IsOk());
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1));
  EXPECT_THAT(StateOf(*mirror_db_, "counters/b").seen(), ElementsAre(7));
  const auto letters = *(*mirror_db_->Read())->ReadDeadLetters(10);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].record.version, 2);
  EXPECT_THAT(*(*mirror_db_->Read())->ReadParked("toy", "counters/a", 10), SizeIs(1));
  // And it stays so after a restart.
  Close();
  Open();
  ASSERT_THAT(Run(Add("counters/a", 4)), IsOk());
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1));
  EXPECT_THAT(*(*mirror_db_->Read())->ReadParked("toy", "counters/a", 10), SizeIs(2));
}

TEST_F(PipelineTest, ARecordThatDoesNotParseIsSetAside) {
  store::JournalRow row = AddedRow("counters/a", 1, 5);
  row.payload = "\xff\xff\xff";
  PublishRaw(row);
  PublishRaw(AddedRow("counters/b", 1, 5));
  Settle();
  EXPECT_THAT(*(*mirror_db_->Read())->ReadDeadLetters(10), SizeIs(1));
  EXPECT_THAT(StateOf(*mirror_db_, "counters/b").seen(), ElementsAre(5));
}

TEST_F(PipelineTest, ARecordWithoutHeadersIsSetAside) {
  EXPECT_THAT((*bus_->NewProducer())->Publish({bus::Message{TopicOf("toy"), "counters/a", "junk", {}}}),
              ElementsAre(IsOk()));
  Settle();
  const auto letters = *(*mirror_db_->Read())->ReadDeadLetters(10);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_THAT(letters[0].reason, HasSubstr("ce_source"));
}

// A record with a source but without a version once blocked its key, although nothing of it was missing.
TEST_F(PipelineTest, ARecordWithoutItsVersionDoesNotBlockItsKey) {
  bus::Message message = EncodeEvent("toy", 1, AddedRow("counters/a", 1, 5));
  std::erase_if(message.headers, [](const bus::Header& header) { return header.name == "ce_sequence"; });
  EXPECT_THAT((*bus_->NewProducer())->Publish({message}), ElementsAre(IsOk()));
  PublishRaw(AddedRow("counters/a", 1, 5));
  Settle();
  EXPECT_THAT(*(*mirror_db_->Read())->ReadDeadLetters(10), SizeIs(1));
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(5));
}

// A due row whose handling breaks the batch once ended the process, at every start again.
TEST_F(PipelineTest, ADueInstantThatBreaksItsBatchIsPutOffAndTheOthersGoOn) {
  for (int64_t total : {13, 14}) {
    AddRequest request = Add(absl::StrCat("counters/", total), total);
    request.set_remind_us(absl::ToUnixMicros(clock_.Now() + absl::Hours(1)));
    ASSERT_THAT(Run(request), IsOk());
  }
  clock_.Advance(absl::Hours(2));
  for (int i = 0; i < 5; ++i) ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_EQ(StateOf(*toy_db_, "counters/14").reminders(), 1);
  EXPECT_EQ(StateOf(*toy_db_, "counters/13").reminders(), 0);
}

TEST_F(PipelineTest, ATypeThatNobodyTakesOnlyMovesTheVersion) {
  store::JournalRow row = AddedRow("counters/a", 1, 5);
  row.type = "polku.toy.v1.SomethingNew";
  PublishRaw(row);
  PublishRaw(AddedRow("counters/a", 2, 6));
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(6));
  EXPECT_THAT(*(*mirror_db_->Read())->ReadDeadLetters(10), IsEmpty());
}

TEST_F(PipelineTest, ACrashAtAnyPointLosesNothingAndDoublesNothing) {
  int number = 0;
  for (absl::string_view point : CrashPoints()) {
    if (absl::StartsWith(point, "erasure.")) continue;  // See erasure_test.cc.
    SCOPED_TRACE(std::string(point));
    const std::string key = absl::StrCat("counters/", ++number);
    const std::string id = absl::StrCat("0190a000-0000-7000-8000-00000000010", number);
    Settle();
    bool armed = true;
    SetCrashHook([&](absl::string_view name) {
      if (armed && name == point) {
        armed = false;
        throw Crash();
      }
    });
    const auto run_until_crash = [&] {
      Queue(Add(key, 5), id);
      (void)*toy_->Step();
      (void)*toy_->RelayStep();  // Sends,
      (void)*toy_->RelayStep();  // and with nothing else to do deletes.
    };
    EXPECT_THROW(run_until_crash(), Crash);
    SetCrashHook({});
    Close();
    Open();
    // The caller does not know whether it counts and asks again.
    ASSERT_THAT(Run(Add(key, 5), id), IsOk());
    Settle();
    EXPECT_EQ(StateOf(*toy_db_, key).total(), 5);
    EXPECT_THAT(StateOf(*mirror_db_, key).seen(), ElementsAre(5));
  }
}

// A commit of its own would stand in the way of commands.
TEST_F(PipelineTest, WhatIsSentIsDeletedWithTheNextBatch) {
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  ASSERT_TRUE(*toy_->RelayStep());
  EXPECT_THAT(*(*toy_db_->Read())->ReadOutbox(10), SizeIs(1));
  ASSERT_THAT(Run(Add("counters/b", 2)), IsOk());
  const auto left = *(*toy_db_->Read())->ReadOutbox(10);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].event.key, "counters/b");
  ASSERT_TRUE(*toy_->RelayStep());
  ASSERT_TRUE(*toy_->RelayStep());
  EXPECT_THAT(*(*toy_db_->Read())->ReadOutbox(10), IsEmpty());
  EXPECT_FALSE(*toy_->RelayStep());
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1));
}

TEST_F(PipelineTest, ARepeatAfterALostAnswerDoesNotActTwice) {
  bool armed = true;
  SetCrashHook([&](absl::string_view name) {
    if (armed && name == "corridor.after_commit") {
      armed = false;
      throw Crash();
    }
  });
  Queue(Add("counters/a", 5), kId1);
  EXPECT_THROW((void)*toy_->Step(), Crash);
  Close();
  Open();
  const auto again = Run(Add("counters/a", 5), kId1);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->total(), 5);
}

TEST_F(PipelineTest, AFullQueueRefusesWithARetryDelay) {
  limits_.queue_inputs_max = 2;
  Close();
  Open();
  for (int i = 0; i < 3; ++i) Queue(Add("counters/a", 1));
  EXPECT_THAT(answers_[2], StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(RetryDelayOf(answers_[2].status()).has_value());
}

TEST_F(PipelineTest, RunningInThreadsItComesToRest) {
  toy_->Start({});
  mirror_->Start({});
  for (int i = 0; i < 200; ++i) Queue(Add("counters/" + std::to_string(i % 7), 1));
  SystemMonotonicClock monotonic;
  EXPECT_THAT(WaitDrained({toy_.get(), mirror_.get()}, monotonic, absl::Seconds(60)), IsOk());
  toy_->Stop();
  mirror_->Stop();
  int64_t total = 0;
  for (int i = 0; i < 7; ++i) total += StateOf(*mirror_db_, "counters/" + std::to_string(i)).total();
  EXPECT_EQ(total, 200);
}

}  // namespace
}  // namespace polku::pipeline
