// What follows when a decision erases: nothing of the person is left, everybody is told, and a
// crash or an older copy changes nothing about it.
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/violation.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/testing/toy_world.h"

namespace polku::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using toy::v1::AddRequest;
using Code = absl::StatusCode;

constexpr char kId[] = "0190a000-0000-7000-8000-000000000001";
constexpr char kA[] = "clients/a";

class ErasureTest : public ToyWorld {
 protected:
  ErasureTest() : ToyWorld("clients/") {}

  static AddRequest Erase(const std::string& key) {
    AddRequest request = Add(key, 0);
    request.set_erase(true);
    return request;
  }
  static bool IsErased(store::Database& database, const std::string& key) {
    return (*(*database.Read())->Load({key}))[0].erased;
  }
  static int64_t RowsOf(store::Database& database, const std::string& key) {
    return static_cast<int64_t>((*database.Read())->Query("SELECT total FROM total WHERE counter = $1", {key})->size());
  }
  void ExpectForgotten(const std::string& key) {
    for (store::Database* database : {toy_db_.get(), mirror_db_.get()}) {
      EXPECT_TRUE(IsErased(*database, key));
      EXPECT_EQ(RowsOf(*database, key), 0);
      EXPECT_THAT((*database->Read())->ReadErasures(10), IsOkAndHolds(IsEmpty()));
      EXPECT_THAT((*database->Read())->ListParkedKeys(10), IsOkAndHolds(IsEmpty()));
    }
  }
  // How often an erasure was published.
  int PublishedErased() {
    auto consumer = *bus_->NewConsumer("test", {TopicOf("toy")});
    bus::PollLimits limits;
    const auto joined = consumer->Poll(limits);
    for (const bus::TopicPartition& partition : joined->assigned) {
      EXPECT_THAT(consumer->Start(partition, 0), IsOk());
    }
    int count = 0;
    auto polled = consumer->Poll(limits);
    for (bus::Record& record : polled->records) {
      PeerFact fact;
      EXPECT_THAT(DecodeEvent(std::move(record), fact), IsOk());
      if (fact.type == "polku.toy.v1.Erased") ++count;
    }
    return count;
  }
  void DropOutbox() {
    auto transaction = *toy_db_->Begin();
    std::vector<int64_t> ids;
    const auto rows = transaction->ReadOutbox(100);
    for (const store::OutboxRow& row : *rows) ids.push_back(row.id);
    ASSERT_THAT(transaction->DeleteOutbox(ids), IsOk());
    ASSERT_THAT(transaction->Commit(), IsOk());
  }
};

TEST_F(ErasureTest, ForgetsTheClientInEveryServiceAndLeavesTheOthers) {
  ASSERT_THAT(Run(Add(kA, 5)), IsOk());
  ASSERT_THAT(Run(Add("clients/b", 7)), IsOk());
  Settle();
  ASSERT_THAT(Run(Erase(kA)), IsOk());
  Settle();
  ExpectForgotten(kA);
  EXPECT_EQ(PublishedErased(), 1);
  EXPECT_EQ(StateOf(*mirror_db_, "clients/b").total(), 7);
  EXPECT_EQ(RowsOf(*mirror_db_, "clients/b"), 1);
}

TEST_F(ErasureTest, LaterCommandsAreRefusedAndTheErasingOneIsAnsweredAgain) {
  ASSERT_THAT(Run(Add(kA, 5)), IsOk());
  const size_t erase = Queue(Erase(kA), kId);
  const size_t behind = Queue(Add(kA, 1));  // In the same batch.
  ASSERT_THAT(toy_->Step(), IsOk());
  EXPECT_THAT(answers_[erase], IsOk());
  EXPECT_THAT(answers_[behind], StatusIs(Code::kNotFound));
  Settle();
  const auto later = Run(Add(kA, 1));
  EXPECT_THAT(later, StatusIs(Code::kNotFound));
  EXPECT_EQ(ReasonOf(later.status()), "CLIENT_ERASED");
  EXPECT_THAT(Run(Erase(kA), kId), IsOk());
  EXPECT_THAT(Run(Erase(kA)), StatusIs(Code::kNotFound));
}

TEST_F(ErasureTest, TheIdentityIsFreeAgain) {
  const AliasClaim alias{"hetu", "hash"};
  Queue(Add("", 1), "", kA, alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  ASSERT_THAT(Run(Erase(kA)), IsOk());
  const size_t again = Queue(Add("", 2), "", "clients/new", alias);
  ASSERT_THAT(toy_->Step(), IsOk());
  ASSERT_THAT(answers_[again], IsOk());
  EXPECT_EQ(answers_[again]->name(), "clients/new");
}

TEST_F(ErasureTest, FactsOfAnErasedClientAreDroppedAndTheOthersGoOn) {
  ASSERT_THAT(Run(Erase(kA)), IsOk());
  Settle();
  PublishRaw(AddedRow(kA, 2, 5));
  PublishRaw(AddedRow(kA, 9, 5));  // Would be parked.
  store::JournalRow broken = AddedRow(kA, 3, 5);
  broken.payload = "\xff\xff\xff";  // Would be a dead letter.
  PublishRaw(broken);
  PublishRaw(AddedRow("clients/b", 1, 5));
  Settle();
  ExpectForgotten(kA);
  EXPECT_THAT((*mirror_db_->Read())->ReadDeadLetters(10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(StateOf(*mirror_db_, "clients/b").seen(), ElementsAre(5));
}

TEST_F(ErasureTest, StepsAndDueInstantsOfAnErasedClientAreDropped) {
  AddRequest remind = Add(kA, 1);
  remind.set_remind_us(absl::ToUnixMicros(clock_.Now() + absl::Hours(1)));
  ASSERT_THAT(Run(remind), IsOk());
  AddRequest forward = Add("clients/b", 4);
  forward.set_forward_to(kA);
  Queue(forward);
  Queue(Erase(kA));
  ASSERT_THAT(toy_->Step(), IsOk());
  ASSERT_THAT(Run(forward), IsOk());  // And a step that comes to be afterwards.
  clock_.Advance(absl::Hours(2));
  Settle();
  ExpectForgotten(kA);
  EXPECT_THAT((*toy_db_->Read())->ReadSteps(10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT((*toy_db_->Read())->ReadDeadLetters(10), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(StateOf(*toy_db_, "clients/b").total(), 8);
}

// The events before it go with the key: the subscriber finds a gap, and the owner says what became of it.
TEST_F(ErasureTest, ASubscriberWithAGapGetsTheLastEvent) {
  ASSERT_THAT(Run(Add(kA, 1)), IsOk());
  Settle();
  ASSERT_THAT(Run(Add(kA, 2)), IsOk());
  ASSERT_THAT(Run(Add(kA, 3)), IsOk());
  ASSERT_THAT(Run(Erase(kA)), IsOk());
  Settle();
  ExpectForgotten(kA);
}

TEST_F(ErasureTest, ASubscriberGetsPastAGapEvenIfTheLastEventWasTold) {
  ASSERT_THAT(Run(Add(kA, 1)), IsOk());
  ASSERT_THAT(Run(Erase(kA)), IsOk());
  DropOutbox();
  PublishRaw(AddedRow(kA, 2, 0));  // Whatever it was: it only makes the subscriber ask.
  Settle();
  ExpectForgotten(kA);
}

TEST_F(ErasureTest, TheJournalAnswersForAnErasedKey) {
  for (int64_t amount : {1, 2}) ASSERT_THAT(Run(Add(kA, amount)), IsOk());
  ASSERT_THAT(Run(Erase(kA)), IsOk());
  for (const int64_t after : {0, 1, 2}) {
    const auto entries = ReadPublicJournal(*toy_db_, kA, after, 10);
    ASSERT_THAT(entries, IsOkAndHolds(SizeIs(1)));
    EXPECT_EQ((*entries)[0].type(), "polku.toy.v1.Erased");
    EXPECT_EQ((*entries)[0].version(), 3);
    EXPECT_TRUE((*entries)[0].erased());
  }
  EXPECT_THAT(ReadPublicJournal(*toy_db_, kA, 3, 10), IsOkAndHolds(IsEmpty()));
}

TEST_F(ErasureTest, ACrashAtAnyPointEndsErasedOnce) {
  int number = 0;
  for (absl::string_view point : CrashPoints()) {
    SCOPED_TRACE(std::string(point));
    const std::string key = absl::StrCat("clients/", ++number);
    const std::string id = absl::StrCat("0190a000-0000-7000-8000-0000000001", 10 + number);
    ASSERT_THAT(Run(Add(key, 5)), IsOk());
    Settle();
    bool armed = true;
    SetCrashHook([&](absl::string_view name) {
      if (armed && name == point) {
        armed = false;
        throw Crash();
      }
    });
    const auto run_until_crash = [&] {
      Queue(Erase(key), id);
      Settle();
    };
    EXPECT_THROW(run_until_crash(), Crash);
    SetCrashHook({});
    Close();
    Open();
    EXPECT_THAT(Run(Erase(key), id), IsOk());
    Settle();
    ExpectForgotten(key);
    const auto journal = (*toy_db_->Read())->ReadJournal(key, 1, 10);
    EXPECT_THAT(journal, IsOkAndHolds(SizeIs(1)));
  }
}

TEST_F(ErasureTest, ManyAreErasedInBoundedTransactions) {
  limits_.erasure_rows_per_batch_max = 10;
  limits_.erasures_per_sweep_max = 7;
  Close();
  Open();
  for (int i = 0; i < 40; ++i) Queue(Add(absl::StrCat("clients/", i), 1), absl::StrCat("request-", i));
  ASSERT_THAT(toy_->Step(), IsOk());
  Settle();
  for (int i = 0; i < 40; ++i) Queue(Erase(absl::StrCat("clients/", i)));
  ASSERT_THAT(toy_->Step(), IsOk());
  Settle();
  for (int i = 0; i < 40; ++i) ExpectForgotten(absl::StrCat("clients/", i));
}

TEST_F(ErasureTest, AnOlderCopyOfTheFolderIsErasedAgainBeforeItServes) {
  ASSERT_THAT(Run(Add(kA, 5), kId), IsOk());
  Settle();
  Close();
  const std::string backup = folder_.path() + "/backup";
  std::filesystem::copy(data(), backup, std::filesystem::copy_options::recursive);
  Open();
  ASSERT_THAT(Run(Erase(kA)), IsOk());
  Settle();
  Close();
  std::filesystem::remove_all(data());
  std::filesystem::copy(backup, data(), std::filesystem::copy_options::recursive);
  Open();
  ExpectForgotten(kA);
  EXPECT_THAT((*toy_db_->Read())->FindRequests({{"organisations/test|toy/Add", kId}}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Run(Add(kA, 1)), StatusIs(Code::kNotFound));
  Settle();
  EXPECT_EQ(PublishedErased(), 1);
}

}  // namespace
}  // namespace polku::pipeline
