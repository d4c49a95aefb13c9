// Journal rows on their way to the bus.
#include "libs/base/status_matchers.h"
#include "libs/store/conformance/database_factory.h"

namespace polku::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(StoreConformance, OnlyPublicRowsEnterTheOutboxAndLeaveItWhenDeleted) {
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.AppendJournal({EventOf("clients/A", 1, 0, "internal"), EventOf("clients/A", 2, 1, "first"),
                                        EventOf("clients/A", 3, 2, "second")});
              }),
              IsOk());
  auto outbox = Read()->ReadOutbox(10);
  ASSERT_THAT(outbox, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*outbox)[0].event.payload, "first");
  EXPECT_EQ((*outbox)[0].event.key, "clients/A");
  EXPECT_EQ((*outbox)[1].event.public_version, 2);
  EXPECT_THAT(Read()->ReadOutbox(1), IsOkAndHolds(SizeIs(1)));
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.DeleteOutbox({(*outbox)[0].id}); }), IsOk());
  // What comes later never gets the number of what was sent.
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.DeleteOutbox({(*outbox)[1].id}); }), IsOk());
  ASSERT_THAT(InTransaction([](Transaction& t) { return t.AppendJournal({EventOf("clients/A", 4, 3, "third")}); }),
              IsOk());
  auto left = Read()->ReadOutbox(10);
  ASSERT_THAT(left, IsOkAndHolds(SizeIs(1)));
  EXPECT_GT((*left)[0].id, (*outbox)[1].id);
  EXPECT_THAT(Read()->ScanJournal(0, 10), IsOkAndHolds(SizeIs(4)));
}

TEST_P(StoreConformance, ReadsAsManyOfTheOutboxAsAskedForBesidesWhatIsSent) {
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.AppendJournal({EventOf("clients/A", 1, 1, "first"), EventOf("clients/A", 2, 2, "second"),
                                        EventOf("clients/A", 3, 3, "third"), EventOf("clients/A", 4, 4, "fourth")});
              }),
              IsOk());
  const auto all = Read()->ReadOutbox(10);
  ASSERT_THAT(all, IsOkAndHolds(SizeIs(4)));
  const auto payloads = [&](int limit, const std::vector<int64_t>& sent) {
    std::vector<std::string> read;
    const auto rows = Read()->ReadOutbox(limit, sent);
    EXPECT_THAT(rows, IsOk());
    for (const OutboxRow& row : *rows) read.push_back(row.event.payload);
    return read;
  };
  EXPECT_THAT(payloads(2, {(*all)[0].id, (*all)[2].id}), ElementsAre("second", "fourth"));
  EXPECT_THAT(payloads(1, {(*all)[0].id}), ElementsAre("second"));
  EXPECT_THAT(payloads(2, {(*all)[0].id, (*all)[1].id, (*all)[2].id, (*all)[3].id}), IsEmpty());
}

}  // namespace
}  // namespace polku::store
