// The corridor's promises, on the real store and the real embedded bus, driven step by step.
#include "libs/pipeline/pipeline.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/testing/toy.h"
#include "libs/pipeline/wire.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"

namespace polku::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using toy::v1::AddRequest;
using toy::v1::Counter;

constexpr char kId1[] = "0190a000-0000-7000-8000-000000000001";
constexpr char kId2[] = "0190a000-0000-7000-8000-000000000002";

struct Crash {};

class PipelineTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { SetCrashHook({}); }

  void Open() {
    bus::EmbeddedBusOptions bus_options;
    bus_options.path = folder_.path() + "/bus.db";
    bus_options.clock = &clock_;
    bus_ = *bus::OpenEmbeddedBus(bus_options);
    ASSERT_THAT(bus_->EnsureTopics({{TopicOf("toy"), 3}}), IsOk());
    toy_db_ = OpenDatabase("toy");
    mirror_db_ = OpenDatabase("mirror");
    journals_.Add("toy", toy_db_.get());
    toy_ = *Make("toy", std::make_unique<KindOf<toy::CounterDomain>>("counters/", toy::CounterDomain()), {}, *toy_db_);
    mirror_ = *Make("mirror", std::make_unique<KindOf<toy::MirrorDomain>>("counters/", toy::MirrorDomain()), {"toy"},
                    *mirror_db_);
  }

  std::unique_ptr<store::Database> OpenDatabase(const std::string& service) {
    store::SqliteOptions options;
    options.base.service = service;
    options.base.sealed_prefixes = {"clients/"};
    options.base.migrations = {
        {1, "total",
         "CREATE TABLE total (counter TEXT PRIMARY KEY, total BIGINT NOT NULL, reminders BIGINT NOT NULL)"}};
    options.path = folder_.path() + "/" + service + ".db";
    options.key_path = folder_.path() + "/" + service + ".keys";
    options.random = &random_;
    return *store::OpenSqlite(options);
  }

  absl::StatusOr<std::unique_ptr<Pipeline>> Make(const std::string& service, std::unique_ptr<AggregateKind> kind,
                                                 std::vector<std::string> subscriptions, store::Database& database) {
    Definition definition;
    definition.service = service;
    definition.kinds.push_back(std::move(kind));
    definition.queries["total_of"] = "SELECT total FROM total WHERE counter = $1";
    definition.subscriptions = std::move(subscriptions);
    registry_ = std::make_unique<prometheus::Registry>();
    registries_.push_back(std::move(registry_));
    return Pipeline::Create(std::move(definition),
                            {&clock_, &database, bus_.get(), registries_.back().get(), &journals_}, limits_);
  }

  void Close() {
    toy_.reset();
    mirror_.reset();
    toy_db_.reset();
    mirror_db_.reset();
    bus_.reset();
  }

  static AddRequest Add(const std::string& counter, int64_t amount) {
    AddRequest request;
    request.set_counter(counter);
    request.set_amount(amount);
    return request;
  }

  // Queues a command; the answer is in `answers_` after the next Step.
  size_t Queue(const AddRequest& request, const std::string& request_id = "", const std::string& key = "",
               std::optional<AliasClaim> alias = std::nullopt) {
    Command command;
    command.method = "toy/Add";
    command.request = std::make_unique<AddRequest>(request);
    command.request_id = request_id;
    command.key = key;
    command.alias = std::move(alias);
    command.principal.organisation = "organisations/test";
    const size_t place = answers_.size();
    answers_.emplace_back(absl::UnknownError("not answered"));
    toy_->Submit(std::move(command), [this, place](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> reply) {
      if (!reply.ok()) {
        answers_[place] = reply.status();
      } else {
        answers_[place] = static_cast<Counter&>(**reply);
      }
    });
    return place;
  }

  absl::StatusOr<Counter> Run(const AddRequest& request, const std::string& request_id = "") {
    const size_t place = Queue(request, request_id);
    EXPECT_THAT(toy_->Step(), IsOk());
    return answers_[place];
  }

  // Until nothing moves any more.
  void Settle() {
    for (int i = 0; i < 1000; ++i) {
      bool worked = false;
      for (Pipeline* pipeline : {toy_.get(), mirror_.get()}) {
        worked = *pipeline->Step() || worked;
        worked = *pipeline->RelayStep() || worked;
      }
      if (!worked && *toy_->Drained() && *mirror_->Drained()) return;
    }
    FAIL() << "does not come to rest";
  }

  Counter StateOf(store::Database& database, const std::string& key) {
    Counter counter;
    counter.ParseFromString((*(*database.Read())->Load({key}))[0].state);
    return counter;
  }

  void PublishRaw(const store::JournalRow& row) {
    EXPECT_THAT((*bus_->NewProducer())->Publish({EncodeEvent("toy", 1, row)}), ElementsAre(IsOk()));
  }

  static store::JournalRow AddedRow(const std::string& key, int64_t version, int64_t amount) {
    polku::toy::v1::Added added;
    added.set_counter(key);
    added.set_amount(amount);
    return {key, version, version, "polku.toy.v1.Added", added.SerializeAsString(), absl::UnixEpoch(), ""};
  }

  testing::TemporaryFolder folder_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  SeededRandom random_{1};
  Limits limits_;
  InProcessJournals journals_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::vector<std::unique_ptr<prometheus::Registry>> registries_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Database> toy_db_;
  std::unique_ptr<store::Database> mirror_db_;
  std::unique_ptr<Pipeline> toy_;
  std::unique_ptr<Pipeline> mirror_;
  std::vector<absl::StatusOr<Counter>> answers_;
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

TEST_F(PipelineTest, ARecordDeliveredTwiceActsOnce) {
  PublishRaw(AddedRow("counters/a", 1, 5));
  PublishRaw(AddedRow("counters/a", 1, 5));
  PublishRaw(AddedRow("counters/a", 2, 6));
  PublishRaw(AddedRow("counters/a", 1, 5));
  Settle();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(5, 6));
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
      (void)*toy_->RelayStep();
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
