// What a foreign record may and may not do, on the real store and the real embedded bus.
#include "libs/pipeline/feed.h"

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
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pipeline/aggregate_kind.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/testing/toy.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"

namespace polku::pipeline {
namespace {

using polku::common::v1::JudgedDeadLetter;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using toy::v1::AddRequest;

struct Crash {};

// Notes on whose behalf it was asked to decide, and takes nothing while it is closed.
struct WatchedDomain : toy::CounterDomain {
  std::vector<std::string>* organisations = nullptr;
  const bool* closed = nullptr;
  absl::StatusOr<Decision<Event>> Decide(const State& state, const Input& input, const Context& context) const {
    organisations->push_back(context.principal.organisation);
    if (*closed) return absl::FailedPreconditionError("closed");
    return CounterDomain::Decide(state, input, context);
  }
};

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ReadAdd(absl::string_view value) {
  auto add = std::make_unique<AddRequest>();
  if (!add->ParseFromArray(value.data(), static_cast<int>(value.size())) || add->counter().empty()) {
    return absl::InvalidArgumentError("not an addition");
  }
  add->clear_request_id();
  return add;
}

class FeedTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override {
    SetCrashHook({});
    Close();
  }

  void Open() {
    bus::EmbeddedBusOptions bus_options;
    bus_options.path = folder_.path() + "/bus.db";
    bus_options.clock = &clock_;
    bus_ = *bus::OpenEmbeddedBus(bus_options);
    ASSERT_THAT(bus_->EnsureTopics({{TopicOf("toy"), 1}, {ProviderTopicOf("one"), 1}, {ProviderTopicOf("two"), 2}}),
                IsOk());
    store::SqliteOptions options;
    options.base.service = "toy";
    options.base.sealed_prefixes = {"clients/"};
    options.base.migrations = {
        {1, "total",
         "CREATE TABLE total (counter TEXT PRIMARY KEY, total BIGINT NOT NULL, reminders BIGINT NOT NULL)"}};
    options.path = folder_.path() + "/toy.db";
    options.key_path = folder_.path() + "/toy.keys";
    options.ledger_path = folder_.path() + "/toy.erasures";
    options.random = &random_;
    database_ = *store::OpenSqlite(options);
    Definition definition;
    definition.service = "toy";
    WatchedDomain domain;
    domain.organisations = &organisations_;
    domain.closed = &closed_;
    definition.kinds.push_back(std::make_unique<KindOf<WatchedDomain>>("counters/", domain));
    definition.queries["total_of"] = "SELECT total FROM total WHERE counter = $1";
    definition.feeds = {{ProviderTopicOf("one"), "organisations/one"}, {ProviderTopicOf("two"), "organisations/two"}};
    definition.read_foreign = &ReadAdd;
    registry_ = std::make_unique<prometheus::Registry>();
    pipeline_ =
        *Pipeline::Create(std::move(definition), {&clock_, database_.get(), bus_.get(), registry_.get(), nullptr}, {});
  }

  void Close() {
    pipeline_.reset();
    database_.reset();
    bus_.reset();
  }

  static std::string Addition(const std::string& counter, int64_t amount) {
    AddRequest add;
    add.set_counter(counter);
    add.set_amount(amount);
    return add.SerializeAsString();
  }

  void Publish(const std::string& provider, const std::string& value, const std::string& key = "any key") {
    EXPECT_THAT((*bus_->NewProducer())->Publish({{ProviderTopicOf(provider), key, value, {}}}), ElementsAre(IsOk()));
  }

  void Settle() {
    while (*pipeline_->Step() || *pipeline_->RelayStep() || !*pipeline_->Drained()) {
    }
  }

  int64_t TotalOf(const std::string& key) {
    toy::v1::Counter counter;
    EXPECT_TRUE(counter.ParseFromString((*(*database_->Read())->Load({key}))[0].state));
    return counter.total();
  }

  absl::StatusOr<JudgedDeadLetter> Replay(int64_t id) {
    absl::StatusOr<JudgedDeadLetter> answer = absl::UnknownError("not answered");
    Judgement judgement;
    judgement.id = id;
    pipeline_->Judge(std::move(judgement), [&answer](absl::StatusOr<JudgedDeadLetter> judged) { answer = judged; });
    EXPECT_THAT(pipeline_->Step(), IsOk());
    return answer;
  }

  std::vector<store::DeadLetterRow> DeadLetters() { return *(*database_->Read())->ReadDeadLetters(100); }

  testing::TemporaryFolder folder_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  SeededRandom random_{1};
  std::vector<std::string> organisations_;
  bool closed_ = false;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(FeedTest, ARecordWithoutHeadersActsOnBehalfOfItsTopic) {
  Publish("one", Addition("counters/a", 5));
  Publish("two", Addition("counters/a", 2));
  Settle();
  EXPECT_EQ(TotalOf("counters/a"), 7);
  EXPECT_THAT(organisations_, ::testing::UnorderedElementsAre("organisations/one", "organisations/two"));
  EXPECT_THAT(DeadLetters(), IsEmpty());
}

TEST_F(FeedTest, ARecordMayBringATrace) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto publish = [this](const std::string& given) {
    const bus::Message message{ProviderTopicOf("one"), "any key", Addition("counters/a", 1), {{"traceparent", given}}};
    EXPECT_THAT((*bus_->NewProducer())->Publish({message}), ElementsAre(IsOk()));
  };
  publish(trace);
  publish("Esimerkki Eeva");
  Settle();
  const auto journal = *(*database_->Read())->ScanJournal(0, 10);
  ASSERT_THAT(journal, SizeIs(2));
  EXPECT_EQ(journal[0].traceparent, trace);
  EXPECT_EQ(journal[1].traceparent, "");
}

TEST_F(FeedTest, ARecordThatCannotBeReadIsSetAsideWithItsPlaceAlone) {
  Publish("one", "Esimerkki Eeva", "131052-9085");
  Publish("one", Addition("counters/a", 5));
  Settle();
  EXPECT_EQ(TotalOf("counters/a"), 5);
  const auto letters = DeadLetters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "not an addition");
  EXPECT_EQ(letters[0].record.topic, ProviderTopicOf("one"));
  EXPECT_EQ(letters[0].record.offset, 0);
  EXPECT_EQ(letters[0].record.key, "");
  EXPECT_EQ(letters[0].record.payload, "");
}

TEST_F(FeedTest, ARefusedRecordIsSetAsideAndHoldsBackNobodyNotEvenItsOwnAggregate) {
  Publish("one", Addition("counters/a", -1));
  Publish("one", Addition("counters/a", 5));
  Publish("one", Addition("counters/b", 6));
  Settle();
  EXPECT_EQ(TotalOf("counters/a"), 5);
  EXPECT_EQ(TotalOf("counters/b"), 6);
  const auto letters = DeadLetters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_THAT(letters[0].reason, HasSubstr("amount"));
  EXPECT_EQ(letters[0].record.key, "counters/a");
  EXPECT_EQ(letters[0].record.type, "polku.toy.v1.AddRequest");
  EXPECT_EQ(letters[0].record.payload, Addition("counters/a", -1));
  Close();
  Open();
  Publish("one", Addition("counters/a", 1));  // Nor after a new start.
  Settle();
  EXPECT_EQ(TotalOf("counters/a"), 6);
}

// A provider's mark may come before the start that it belongs to.
TEST_F(FeedTest, AReplayHandlesWhatWasUnderstoodOnBehalfOfItsTopic) {
  closed_ = true;
  Publish("two", Addition("counters/a", 5));
  Settle();
  ASSERT_THAT(DeadLetters(), SizeIs(1));
  auto again = Replay(DeadLetters()[0].record.id);
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->set_aside_again());
  ASSERT_THAT(DeadLetters(), SizeIs(1));
  EXPECT_EQ(DeadLetters()[0].attempts, 2);
  EXPECT_EQ(DeadLetters()[0].record.payload, Addition("counters/a", 5));
  closed_ = false;
  organisations_.clear();
  again = Replay(DeadLetters()[0].record.id);
  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->set_aside_again());
  EXPECT_EQ(TotalOf("counters/a"), 5);
  EXPECT_THAT(organisations_, ElementsAre("organisations/two"));
  EXPECT_THAT(DeadLetters(), IsEmpty());
}

TEST_F(FeedTest, WhatWasNotUnderstoodCannotBeReplayed) {
  Publish("one", "Esimerkki Eeva");
  Settle();
  ASSERT_THAT(DeadLetters(), SizeIs(1));
  EXPECT_THAT(pipeline_->CheckReplay(DeadLetters()[0]), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Replay(DeadLetters()[0].record.id),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not understood")));
  EXPECT_THAT(DeadLetters(), SizeIs(1));
}

TEST_F(FeedTest, OnlyWhatWasUnderstoodIsKept) {
  AddRequest add;
  add.set_counter("counters/a");
  add.set_amount(-1);
  add.set_request_id("Esimerkki Eeva");
  Publish("one", add.SerializeAsString());
  Settle();
  ASSERT_THAT(DeadLetters(), SizeIs(1));
  EXPECT_THAT(DeadLetters()[0].record.payload, Not(HasSubstr("Esimerkki")));
}

TEST_F(FeedTest, APositionIsClaimedWithWhatItsRecordCaused) {
  int number = 0;
  for (const char* point : {"corridor.before_commit", "corridor.after_commit"}) {
    const std::string key = absl::StrCat("counters/", ++number);
    bool armed = true;
    SetCrashHook([&](absl::string_view name) {
      if (armed && name == point) {
        armed = false;
        throw Crash();
      }
    });
    Publish("one", Addition(key, 5));
    EXPECT_THROW(Settle(), Crash);
    SetCrashHook({});
    Close();
    Open();
    Settle();
    EXPECT_EQ(TotalOf(key), 5) << point;
  }
}

TEST_F(FeedTest, CountsForWhatHasBeenRead) {
  EXPECT_FALSE(pipeline_->Ready());
  Settle();
  EXPECT_TRUE(pipeline_->Ready());
}

}  // namespace
}  // namespace polku::pipeline
