// What waits: records set aside, and how many rows there are of each kind.
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/conformance/database_factory.h"

namespace polku::store {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

ParkedRow ParkedOf(absl::string_view source, absl::string_view key, int64_t version) {
  ParkedRow row;
  row.source = std::string(source);
  row.key = std::string(key);
  row.epoch = 1;
  row.version = version;
  row.topic = "topic";
  row.partition = 3;
  row.offset = 40 + version;
  row.type = "type.T";
  row.payload = absl::StrCat("payload ", version);
  row.traceparent = "trace";
  row.record_time = At(1);
  row.time = At(2);
  return row;
}

TEST_P(StoreConformance, KeepsParkedRecordsInOrderPerKey) {
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.Park({ParkedOf("s", "clients/A", 5), ParkedOf("s", "clients/B", 1),
                               ParkedOf("s", "clients/A", 4), ParkedOf("other", "clients/A", 1)});
              }),
              IsOk());
  auto parked = Read()->ReadParked("s", "clients/A", 10);
  ASSERT_THAT(parked, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*parked)[0].payload, "payload 5");
  EXPECT_EQ((*parked)[0].offset, 45);
  EXPECT_EQ((*parked)[0].partition, 3);
  EXPECT_EQ((*parked)[0].record_time, At(1));
  EXPECT_EQ((*parked)[0].time, At(2));
  EXPECT_EQ((*parked)[0].traceparent, "trace");
  EXPECT_EQ((*parked)[1].version, 4);
  EXPECT_THAT(Read()->ReadParked("s", "clients/A", 1), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(Read()->ListParkedKeys(10), IsOkAndHolds(SizeIs(3)));
  ASSERT_THAT(InTransaction([&](Transaction& t) {
                return t.DeleteParked({(*parked)[0].id, (*parked)[1].id});
              }),
              IsOk());
  EXPECT_THAT(Read()->ReadParked("s", "clients/A", 10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Read()->ListParkedKeys(10), IsOkAndHolds(SizeIs(2)));
}

TEST_P(StoreConformance, KeepsDeadLettersWithTheirReason) {
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.AddDeadLetters({{ParkedOf("s", "clients/A", 1), "cannot parse", 3}});
              }),
              IsOk());
  auto letters = Read()->ReadDeadLetters(10);
  ASSERT_THAT(letters, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*letters)[0].reason, "cannot parse");
  EXPECT_EQ((*letters)[0].attempts, 3);
  EXPECT_EQ((*letters)[0].record.payload, "payload 1");
}

TEST_P(StoreConformance, ReadsDeadLettersAfterOneThatIsKnown) {
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.AddDeadLetters({{ParkedOf("s", "clients/A", 1), "one", 1},
                                         {ParkedOf("s", "clients/A", 2), "two", 1},
                                         {ParkedOf("s", "clients/B", 3), "three", 1}});
              }),
              IsOk());
  const auto first = Read()->ReadDeadLetters(1);
  ASSERT_THAT(first, IsOkAndHolds(SizeIs(1)));
  const auto rest = Read()->ReadDeadLetters((*first)[0].record.id, 10);
  ASSERT_THAT(rest, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*rest)[0].reason, "two");
  EXPECT_EQ((*rest)[1].reason, "three");
  EXPECT_THAT(Read()->ReadDeadLetters((*rest)[1].record.id, 10), IsOkAndHolds(IsEmpty()));
}

TEST_P(StoreConformance, CountsWhatWaits) {
  ASSERT_THAT(
      InTransaction([](Transaction& t) -> absl::Status {
        RETURN_IF_ERROR(
            t.AppendJournal({EventOf("clients/A", 1, 0, "internal"), EventOf("clients/A", 2, 1, "public")}));
        RETURN_IF_ERROR(t.AddDeadLetters({{ParkedOf("s", "clients/A", 1), "why", 1}}));
        return t.Park({ParkedOf("s", "clients/A", 2), ParkedOf("s", "clients/A", 3), ParkedOf("s", "clients/B", 2)});
      }),
      IsOk());
  const auto reader = Read();
  const auto waiting = CountWaiting(*reader);
  ASSERT_THAT(waiting, IsOk());
  EXPECT_EQ(waiting->dead_letters, 1);
  EXPECT_EQ(waiting->parked_keys, 2);
  EXPECT_EQ(waiting->outbox_rows, 1);
}

}  // namespace
}  // namespace polku::store
