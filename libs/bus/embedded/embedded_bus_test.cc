// Promises of the embedded bus beyond the contract: its file, its limits, its advice table.
#include "libs/bus/embedded/embedded_bus.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/partitioner.h"
#include "libs/testing/sim_vfs.h"
#include "libs/testing/temporary_folder.h"

namespace polku::bus {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class EmbeddedBusTest : public ::testing::Test {
 protected:
  EmbeddedBusOptions Options() { return {.path = path_, .clock = &clock_}; }

  void Open() { Open(Options()); }
  void Open(const EmbeddedBusOptions& options) {
    absl::StatusOr<std::unique_ptr<Bus>> bus = OpenEmbeddedBus(options);
    ASSERT_THAT(bus, IsOk());
    bus_ = *std::move(bus);
    ASSERT_THAT(bus_->EnsureTopics({{"facts", 2}}), IsOk());
    producer_ = *bus_->NewProducer();
  }
  void Close() {
    producer_.reset();
    bus_.reset();
  }
  absl::Status Publish(const std::string& key, const std::string& value) {
    return producer_->Publish({{"facts", key, value, {{"name", "value"}}}})[0];
  }
  // A consumer with everything assigned and started at 0.
  std::unique_ptr<Consumer> Started(const std::string& group = "group") {
    std::unique_ptr<Consumer> consumer = *bus_->NewConsumer(group, {"facts"});
    const absl::StatusOr<Polled> polled = consumer->Poll({});
    EXPECT_THAT(polled, IsOk());
    for (const TopicPartition& partition : polled->assigned) {
      EXPECT_THAT(consumer->Start(partition, 0), IsOk());
    }
    return consumer;
  }
  // Runs SQL on the closed file behind the bus's back; gives the first column of the first row.
  std::string Sql(const std::string& sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    std::string result;
    const auto keep = [](void* out, int, char** values, char**) {
      auto& kept = *static_cast<std::string*>(out);
      if (kept.empty() && values[0] != nullptr) kept = values[0];
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), keep, &result, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
    return result;
  }

  const testing::TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/bus.db";
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<Producer> producer_;
};

// A key that belongs to `partition` of "facts".
std::string KeyOf(int partition) {
  std::string key = "k";
  while (PartitionOf(key, 2) != partition) key += "k";
  return key;
}

const std::string kKeyOfPartition0 = KeyOf(0);
const std::string kKeyOfPartition1 = KeyOf(1);

TEST_F(EmbeddedBusTest, StampsRecordsWithItsClock) {
  Open();
  ASSERT_THAT(Publish("a", "1"), IsOk());
  clock_.Advance(absl::Nanoseconds(1));
  ASSERT_THAT(Publish("a", "2"), IsOk());
  const absl::StatusOr<Polled> polled = Started()->Poll({});
  ASSERT_THAT(polled, IsOk());
  ASSERT_THAT(polled->records, SizeIs(2));
  EXPECT_EQ(polled->records[1].append_time, clock_.Now());
  EXPECT_EQ(polled->records[1].append_time - polled->records[0].append_time, absl::Nanoseconds(1));
}

TEST_F(EmbeddedBusTest, RefusesASecondOpenerUntilTheFirstIsGone) {
  Open();
  EXPECT_THAT(OpenEmbeddedBus(Options()), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_ + ".lock")));
  ASSERT_THAT(Publish("a", "1"), IsOk());
  Close();
  Open();
  EXPECT_THAT(Publish("a", "2"), IsOk());
}

TEST_F(EmbeddedBusTest, LeavesAFileOfANewerVersionAlone) {
  Open();
  Close();
  Sql("PRAGMA user_version = 2");
  EXPECT_THAT(OpenEmbeddedBus(Options()),
              StatusIs(absl::StatusCode::kFailedPrecondition, AllOf(HasSubstr(path_), HasSubstr("version 2"))));
  EXPECT_EQ(Sql("PRAGMA user_version"), "2");
}

TEST_F(EmbeddedBusTest, LeavesAForeignFileAlone) {
  Sql("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (7)");
  EXPECT_THAT(OpenEmbeddedBus(Options()), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_)));
  EXPECT_EQ(Sql("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(Sql("SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(EmbeddedBusTest, RefusesAFileThatIsNoDatabase) {
  std::ofstream(path_) << std::string(8192, 'x');
  EXPECT_THAT(OpenEmbeddedBus(Options()), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
}

TEST_F(EmbeddedBusTest, RefusesOptionsOutOfRange) {
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(OpenEmbeddedBus({.path = "", .clock = &clock_}), invalid);
  EXPECT_THAT(OpenEmbeddedBus({.path = path_}), invalid);
  EXPECT_THAT(OpenEmbeddedBus({.path = path_, .message_bytes_max = 0, .clock = &clock_}), invalid);
  EXPECT_THAT(OpenEmbeddedBus({.path = path_, .file_bytes_max = -1, .clock = &clock_}), invalid);
  EXPECT_THAT(OpenEmbeddedBus({.path = folder_.path() + "/none/bus.db", .clock = &clock_}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("none/bus.db")));
}

// Each way of damaging one record is refused with its place; records before it still come.
class EmbeddedBusDamage : public EmbeddedBusTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(EmbeddedBusDamage, IsRefusedWithFileAndPlace) {
  Open();
  for (int i = 0; i < 4; ++i) ASSERT_THAT(Publish(kKeyOfPartition1, absl::StrCat("value", i)), IsOk());
  Close();
  Sql(GetParam() + " WHERE offset = 2");
  Open();
  const std::unique_ptr<Consumer> consumer = Started();
  const absl::StatusOr<Polled> polled = consumer->Poll({});
  ASSERT_THAT(polled, IsOk());
  EXPECT_THAT(polled->records, SizeIs(2));
  EXPECT_THAT(polled->ends, ElementsAre(TopicPartition{"facts", 0}));
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_THAT(consumer->Poll({}), StatusIs(absl::StatusCode::kDataLoss,
                                             AllOf(HasSubstr(path_), HasSubstr("topic facts partition 1 offset 2"))));
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfOneRecord, EmbeddedBusDamage,
    ::testing::Values("UPDATE record SET value = x'76616c756533'", "UPDATE record SET key = x'7a7a'",
                      "UPDATE record SET headers = x''", "UPDATE record SET append_time = append_time + 1",
                      "UPDATE record SET crc = crc + 1",
                      "UPDATE record SET value = x'', key = CAST(key || value AS BLOB)", "DELETE FROM record",
                      // A whole record of another offset, with the checksum that is right there.
                      "UPDATE record SET (key, headers, value, append_time, crc) = (SELECT key, headers, value, "
                      "append_time, crc FROM record WHERE offset = 1)"));

TEST_F(EmbeddedBusTest, FindsABitThatFlippedOnTheDisk) {
  Open();
  ASSERT_THAT(Publish(kKeyOfPartition1, "needle-in-the-file"), IsOk());
  Close();
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const size_t place = bytes.find("needle-in-the-file");
  ASSERT_NE(place, std::string::npos);
  file.seekp(static_cast<std::streamoff>(place));
  file.put('N' ^ 1);
  file.close();
  Open();
  EXPECT_THAT(Started()->Poll({}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("topic facts partition 1 offset 0")));
}

TEST_F(EmbeddedBusTest, DamageInOnePartitionDoesNotStopTheOther) {
  Open();
  ASSERT_THAT(Publish(kKeyOfPartition0, "damaged"), IsOk());
  Close();
  Sql("UPDATE record SET crc = crc + 1");
  Open();
  const std::unique_ptr<Consumer> consumer = Started();
  int refused = 0;
  int came = 0;
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(Publish(kKeyOfPartition1, absl::StrCat(i)), IsOk());
    const absl::StatusOr<Polled> polled = consumer->Poll({.records_max = 5});
    if (polled.ok()) {
      came += static_cast<int>(polled->records.size());
    } else {
      EXPECT_THAT(polled, StatusIs(absl::StatusCode::kDataLoss));
      ++refused;
    }
  }
  EXPECT_GE(came, 8);
  EXPECT_GE(refused, 3);
}

TEST_F(EmbeddedBusTest, ABacklogInOnePartitionDoesNotStarveTheOther) {
  Open();
  for (int i = 0; i < 20; ++i) ASSERT_THAT(Publish(kKeyOfPartition0, "backlog"), IsOk());
  ASSERT_THAT(Publish(kKeyOfPartition1, "fresh"), IsOk());
  const std::unique_ptr<Consumer> consumer = Started();
  std::vector<std::string> values;
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<Polled> polled = consumer->Poll({.records_max = 3});
    ASSERT_THAT(polled, IsOk());
    for (const Record& record : polled->records) values.push_back(record.value);
  }
  EXPECT_THAT(values, ::testing::Contains("fresh"));
}

TEST_F(EmbeddedBusTest, AFullFileAcknowledgesNothingAndKeepsWhatItHas) {
  EmbeddedBusOptions options = Options();
  options.file_bytes_max = 200'000;
  Open(options);
  ASSERT_THAT(Publish("a", "kept"), IsOk());
  const std::string large(150'000, 'x');
  const auto full = StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(path_));
  EXPECT_THAT(producer_->Publish({{"facts", "a", "small", {}}, {"facts", "b", large, {}}, {"facts", "a", large, {}}}),
              Each(full));
  EXPECT_THAT(Publish("a", "after"), IsOk());
  const absl::StatusOr<Polled> polled = Started()->Poll({});
  ASSERT_THAT(polled, IsOk());
  ASSERT_THAT(polled->records, SizeIs(2));
  EXPECT_EQ(polled->records[0].value, "kept");
  EXPECT_EQ(polled->records[1].value, "after");
  EXPECT_EQ(polled->records[1].offset, 1);
}

TEST_F(EmbeddedBusTest, WritesAdviceWithTheNextPublishAndAtTheEnd) {
  Open();
  ASSERT_THAT(Publish(kKeyOfPartition0, "1"), IsOk());
  ASSERT_THAT(Publish(kKeyOfPartition1, "2"), IsOk());
  std::unique_ptr<Consumer> consumer = Started("lagging");
  EXPECT_THAT(consumer->Commit({"facts", 0}, 1), IsOk());
  ASSERT_THAT(Publish(kKeyOfPartition0, "3"), IsOk());
  EXPECT_EQ(Sql("SELECT group_concat(consumer_group || topic || partition || offset) FROM committed"),
            "laggingfacts01");
  EXPECT_THAT(consumer->Commit({"facts", 0}, 2), IsOk());
  EXPECT_THAT(consumer->Commit({"facts", 1}, 1), IsOk());
  EXPECT_THAT(consumer->Commit({"facts", 1}, 2), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(consumer->Commit({"facts", 2}, 0), StatusIs(absl::StatusCode::kFailedPrecondition));
  consumer.reset();
  Close();
  EXPECT_EQ(Sql("SELECT group_concat(consumer_group || topic || partition || offset) FROM committed"),
            "laggingfacts02,laggingfacts11");
}

TEST_F(EmbeddedBusTest, AFailedWriteKeepsNothingOfItsCallAndHindersNoLaterOne) {
  Open();
  Close();
  // An aborted statement leaves the transaction open, as an I/O error in the middle does.
  Sql("CREATE TRIGGER fault BEFORE INSERT ON record WHEN new.value = CAST('bad' AS BLOB)"
      " BEGIN SELECT RAISE(ABORT, 'injected'); END");
  Open();
  std::unique_ptr<Consumer> consumer = Started("lagging");
  EXPECT_THAT(consumer->Commit({"facts", 0}, 0), IsOk());
  EXPECT_THAT(producer_->Publish({{"facts", "a", "good", {}}, {"facts", "a", "bad", {}}}),
              Each(StatusIs(absl::StatusCode::kInternal, HasSubstr("injected"))));
  EXPECT_THAT(Publish("a", "later"), IsOk());
  const absl::StatusOr<Polled> polled = consumer->Poll({});
  ASSERT_THAT(polled, IsOk());
  ASSERT_THAT(polled->records, SizeIs(1));
  EXPECT_EQ(polled->records[0].value, "later");
  EXPECT_EQ(Sql("SELECT consumer_group FROM committed"), "lagging");
}

// The system may drop pages that it could not write: the next fsync would succeed and keep nothing.
TEST_F(EmbeddedBusTest, IsOfNoUseAfterAFailedFsync) {
  testing::SimVfs disk("failing-fsync");
  EmbeddedBusOptions options = Options();
  options.path = "bus.db";
  options.vfs = disk.name();
  Open(options);
  ASSERT_THAT(Publish("a", "before"), IsOk());
  std::unique_ptr<Consumer> consumer = Started();
  disk.FailSyncs(true);
  const auto failed = StatusIs(absl::StatusCode::kInternal, AllOf(HasSubstr("bus.db"), HasSubstr("the disk failed")));
  EXPECT_THAT(Publish("a", "unknown"), failed);
  disk.FailSyncs(false);
  EXPECT_THAT(Publish("a", "after"), failed);
  EXPECT_THAT(consumer->Poll({}), failed);
  EXPECT_THAT(bus_->EnsureTopics({{"other", 1}}), failed);
  consumer.reset();
  Close();  // Before its disk goes.
}

TEST_F(EmbeddedBusTest, TellsAnAssignmentBeforeItTakesAStart) {
  Open();
  const std::unique_ptr<Consumer> first = *bus_->NewConsumer("group", {"facts"});
  EXPECT_THAT(first->Start({"facts", 0}, 0), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(first->Poll({})->assigned, SizeIs(2));
  EXPECT_THAT(first->Start({"facts", 0}, 0), IsOk());
  std::unique_ptr<Consumer> second = *bus_->NewConsumer("group", {"facts"});
  EXPECT_THAT(first->Start({"facts", 0}, 0), StatusIs(absl::StatusCode::kFailedPrecondition));
  const absl::StatusOr<Polled> polled = first->Poll({.wait = absl::InfiniteDuration()});
  ASSERT_THAT(polled, IsOk());
  EXPECT_THAT(polled->revoked, UnorderedElementsAre(TopicPartition{"facts", 0}, TopicPartition{"facts", 1}));
  EXPECT_THAT(polled->assigned, ElementsAre(TopicPartition{"facts", 0}));
  EXPECT_THAT(first->Poll({})->ends, IsEmpty());
}

}  // namespace
}  // namespace polku::bus
