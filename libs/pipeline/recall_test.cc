// A service whose database went back knows again what it had told: with the same versions, and once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/status_matchers.h"
#include "libs/pipeline/testing/toy_world.h"

namespace polku::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecallTest : public ToyWorld {
 protected:
  // All that the topic of the toy holds, by a reader of its own.
  std::vector<bus::Record> Told() {
    const auto consumer = *bus_->NewConsumer(absl::StrCat("test-", ++readers_), {TopicOf("toy")});
    std::vector<bus::Record> told;
    for (int i = 0; i < 10; ++i) {
      bus::Polled polled = *consumer->Poll(bus::PollLimits());
      for (const bus::TopicPartition& partition : polled.assigned) EXPECT_THAT(consumer->Start(partition, 0), IsOk());
      for (bus::Record& record : polled.records) told.push_back(std::move(record));
    }
    return told;
  }
  // The toy's database is that of `folder_` "backup" again; the bus and its reader have gone on.
  void GoBack() {
    toy_.reset();
    toy_db_.reset();
    for (const char* name : {"toy.db", "toy.keys"}) Copy("backup", name, data());
    toy_db_ = OpenDatabase("toy");
    toy_ = *Make("toy", std::make_unique<KindOf<toy::CounterDomain>>(key_prefix_, toy::CounterDomain()), {}, *toy_db_);
  }
  void Backup() {
    std::filesystem::create_directories(folder_.path() + "/backup");
    Close();
    for (const char* name : {"toy.db", "toy.keys"}) Copy("data", name, folder_.path() + "/backup");
    Open();
  }
  void Copy(const std::string& from, const std::string& name, const std::string& to) {
    for (const char* part : {"", "-wal", "-shm"}) {
      std::filesystem::remove(to + "/" + name + part);
      const std::string source = folder_.path() + "/" + from + "/" + name + part;
      if (std::filesystem::exists(source)) std::filesystem::copy_file(source, to + "/" + name + part);
    }
  }
  int64_t PublicVersion(const std::string& key) { return (*(*toy_db_->Read())->Load({key}))[0].public_version; }

  int readers_ = 0;
};

TEST_F(RecallTest, KnowsAgainWhatItToldAndNumbersOnFromThere) {
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  Settle();
  Backup();
  for (const int64_t amount : {2, 3}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  ASSERT_THAT(Run(Add("counters/b", 7)), IsOk());
  Settle();
  GoBack();
  ASSERT_EQ(StateOf(*toy_db_, "counters/a").total(), 1);

  const Forgotten forgotten = *toy_->FindForgotten(Told());
  EXPECT_THAT(forgotten.events, SizeIs(3));
  EXPECT_EQ(forgotten.newest_epoch, 1);
  ASSERT_THAT(toy_->Recall(forgotten.events), IsOk());
  ASSERT_THAT(toy_->Recall(forgotten.events), IsOk());  // As after a crash in between.
  EXPECT_EQ(StateOf(*toy_db_, "counters/a").total(), 6);
  EXPECT_EQ(StateOf(*toy_db_, "counters/b").total(), 7);
  EXPECT_EQ(PublicVersion("counters/a"), 3);
  EXPECT_THAT(*(*toy_db_->Read())->ReadOutbox(10), IsEmpty());  // Nothing is sent again.
  EXPECT_THAT(toy_->FindForgotten(Told())->events, IsEmpty());
  // A subscriber that missed one gets it from the journal again.
  const auto journal = *ReadPublicJournal(*toy_db_, "counters/a", 1, 10);
  ASSERT_THAT(journal, SizeIs(2));
  EXPECT_EQ(journal[0].version(), 2);

  ASSERT_THAT(Run(Add("counters/a", 10)), IsOk());
  Settle();
  EXPECT_EQ(PublicVersion("counters/a"), 4);
  EXPECT_EQ(StateOf(*mirror_db_, "counters/a").total(), 16);
}

TEST_F(RecallTest, LeavesOutWhatIsNoEventOfItsOwn) {
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  Settle();
  store::JournalRow foreign = AddedRow("counters/nobody", 1, 5);
  foreign.key = "counters/other";  // It names another key than its own.
  PublishRaw(foreign);
  foreign = AddedRow("counters/nobody", 1, 5);
  foreign.type = "polku.toy.v1.Unknown";
  PublishRaw(foreign);
  EXPECT_THAT(toy_->FindForgotten(Told())->events, IsEmpty());
}

}  // namespace
}  // namespace polku::pipeline
