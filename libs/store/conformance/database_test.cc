// The promises of single methods, of transactions and of readers.
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/conformance/database_factory.h"

namespace polku::store {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Code = absl::StatusCode;

StoreConformance::StoreConformance() : factory_(GetParam()()) { Open(); }

void StoreConformance::Open() {
  auto opened = factory_->Open(DefaultOptions());
  POLKU_CHECK(opened.ok());
  database_ = *std::move(opened);
}
void StoreConformance::Reopen() {
  database_ = nullptr;
  Open();
}
void StoreConformance::Crash() {
  factory_->Crash(std::move(database_));
  Open();
}
std::unique_ptr<Reader> StoreConformance::Read() {
  auto reader = database_->Read();
  POLKU_CHECK(reader.ok());
  return *std::move(reader);
}

Options StoreConformance::DefaultOptions() {
  Options options;
  options.service = "referral";
  options.sealed_prefixes = {"clients/"};
  options.migrations = {{1, "item", "CREATE TABLE item(id TEXT PRIMARY KEY, text TEXT, number BIGINT, bytes BLOB);"},
                        {2, "pair",
                         "CREATE TABLE pair(a TEXT NOT NULL, b BIGINT NOT NULL, PRIMARY KEY(a, b));"
                         "CREATE TABLE keyed(key_id BIGINT NOT NULL, part BIGINT NOT NULL, text TEXT, "
                         "PRIMARY KEY(key_id, part)) WITHOUT ROWID;"}};
  return options;
}
const TableShape& StoreConformance::Item() {
  static const TableShape shape{"item", {"id"}, {"text", "number", "bytes"}};
  return shape;
}
const TableShape& StoreConformance::Pair() {
  static const TableShape shape{"pair", {"a", "b"}, {}};
  return shape;
}

const TableShape& StoreConformance::Keyed() {
  static const TableShape shape{"keyed", {"key_id", "part"}, {"text"}};
  return shape;
}

AggregateWrite WriteOf(absl::string_view key, int64_t expected, absl::string_view state) {
  AggregateWrite write;
  write.expected_version = expected;
  write.aggregate.key = std::string(key);
  write.aggregate.version = expected + 1;
  write.aggregate.public_version = expected / 2;
  write.aggregate.schema = 3;
  write.aggregate.state = std::string(state);
  return write;
}
JournalRow EventOf(absl::string_view key, int64_t version, int64_t public_version, absl::string_view payload) {
  return {std::string(key), version, public_version, "polku.test.v1.Happened", std::string(payload), At(7), "00-trace"};
}
std::string ClientKey(int number) { return absl::StrCat("clients/", 100000 + number); }
absl::Time At(int seconds) { return absl::FromUnixSeconds(1700000000 + seconds); }

namespace {

TEST_P(StoreConformance, LoadsWhatWasSavedInTheOrderAsked) {
  AggregateWrite second = WriteOf("clients/B", 0, std::string("state\0b", 7));
  second.aggregate.due_at = At(9);
  ASSERT_THAT(InTransaction([&](Transaction& t) {
                return t.Save({WriteOf("coordinators/A", 0, "state a"), second});
              }),
              IsOk());
  Crash();
  auto loaded = Read()->Load({"clients/B", "clients/unknown", "coordinators/A", "clients/B"});
  ASSERT_THAT(loaded, IsOkAndHolds(SizeIs(4)));
  EXPECT_EQ((*loaded)[0].state, std::string("state\0b", 7));
  EXPECT_EQ((*loaded)[0].due_at, At(9));
  EXPECT_EQ((*loaded)[0].schema, 3);
  EXPECT_EQ((*loaded)[1].version, 0);
  EXPECT_EQ((*loaded)[1].key, "clients/unknown");
  EXPECT_EQ((*loaded)[2].state, "state a");
  EXPECT_EQ((*loaded)[2].due_at, std::nullopt);
  EXPECT_EQ((*loaded)[3].version, 1);
}

TEST_P(StoreConformance, RefusesToSaveOverAnotherVersion) {
  ASSERT_THAT(InTransaction([](Transaction& t) { return t.Save({WriteOf("clients/A", 0, "one")}); }), IsOk());
  for (int expected : {0, 2}) {
    EXPECT_THAT(InTransaction([&](Transaction& t) { return t.Save({WriteOf("clients/A", expected, "x")}); }),
                StatusIs(Code::kAborted));
  }
  EXPECT_THAT(InTransaction([](Transaction& t) { return t.Save({WriteOf("clients/B", 1, "x")}); }),
              StatusIs(Code::kAborted));
  EXPECT_EQ((*Read()->Load({"clients/A"}))[0].state, "one");
  EXPECT_THAT(InTransaction([](Transaction& t) { return t.Save({WriteOf("clients/A", 1, "two")}); }), IsOk());
}

TEST_P(StoreConformance, KeepsNothingOfADroppedTransaction) {
  const auto fill = [](Transaction& t) -> absl::Status {
    RETURN_IF_ERROR(t.Save({WriteOf("clients/A", 0, "one")}));
    RETURN_IF_ERROR(t.AppendJournal({EventOf("clients/A", 1, 1, "event")}));
    RETURN_IF_ERROR(t.AppendSteps({{"id", "clients/A", "type", "payload"}}));
    RETURN_IF_ERROR(t.AddAlias({"hetu", "hash", "clients/A"}));
    RETURN_IF_ERROR(t.ClaimPosition({"topic", 0, 0, 5, 1}));
    RETURN_IF_ERROR(t.SaveSourceVersions({{{"referral", "clients/A"}, 4, 1}}));
    return t.Upsert(Item(), {{std::string("a"), Value(), Value(), Value()}});
  };
  {
    auto dropped = database().Begin();
    ASSERT_THAT(dropped, IsOk());
    ASSERT_THAT(fill(**dropped), IsOk());
  }
  auto reader = Read();
  EXPECT_EQ((*reader->Load({"clients/A"}))[0].version, 0);
  EXPECT_THAT(reader->ReadJournal("clients/A", 0, 10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->ReadOutbox(10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->ReadSteps(10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->FindAliases({{"hetu", "hash", ""}}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->ReadPositions(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->FindSourceVersions({{"referral", "clients/A"}}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->Query("SELECT id FROM item", {}), IsOkAndHolds(IsEmpty()));
  reader = nullptr;
  // The numbers that a dialect gave to keys and names went with it.
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.Save({WriteOf("clients/other", 0, "other")}); }), IsOk());
  ASSERT_THAT(InTransaction(fill), IsOk());
  EXPECT_EQ((*Read()->Load({"clients/A"}))[0].state, "one");
  EXPECT_EQ((*Read()->Load({"clients/other"}))[0].state, "other");
}

TEST_P(StoreConformance, ATransactionSeesItsOwnWrites) {
  auto transaction = database().Begin();
  ASSERT_THAT(transaction, IsOk());
  ASSERT_THAT((*transaction)->Save({WriteOf("clients/A", 0, "one")}), IsOk());
  EXPECT_EQ((*(*transaction)->Load({"clients/A"}))[0].state, "one");
  ASSERT_THAT((*transaction)->Save({WriteOf("clients/A", 1, "two")}), IsOk());
  EXPECT_EQ((*(*transaction)->Load({"clients/A"}))[0].state, "two");
  ASSERT_THAT((*transaction)->Commit(), IsOk());
  EXPECT_THAT((*transaction)->Load({"clients/A"}), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT((*transaction)->Commit(), StatusIs(Code::kFailedPrecondition));
}

TEST_P(StoreConformance, AReaderSeesTheMomentItWasMade) {
  ASSERT_THAT(InTransaction([](Transaction& t) { return t.Save({WriteOf("clients/A", 0, "one")}); }), IsOk());
  auto reader = Read();
  auto transaction = database().Begin();
  ASSERT_THAT(transaction, IsOk());
  ASSERT_THAT((*transaction)->Save({WriteOf("clients/A", 1, "two"), WriteOf("clients/B", 0, "new")}), IsOk());
  EXPECT_EQ((*Read()->Load({"clients/A"}))[0].state, "one");
  ASSERT_THAT((*transaction)->Commit(), IsOk());
  EXPECT_EQ((*reader->Load({"clients/A"}))[0].state, "one");
  EXPECT_EQ((*reader->Load({"clients/B"}))[0].version, 0);
  EXPECT_EQ((*Read()->Load({"clients/A"}))[0].state, "two");
  EXPECT_EQ((*Read()->Load({"clients/B"}))[0].version, 1);
}

TEST_P(StoreConformance, KeepsTheJournalInOrderAndOncePerVersion) {
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.AppendJournal({EventOf("clients/A", 1, 0, "a1"), EventOf("coordinators/B", 1, 1, "b1"),
                                        EventOf("clients/A", 2, 1, "a2"), EventOf("clients/A", 3, 0, "a3")});
              }),
              IsOk());
  for (const int version : {2, 3, 5}) {
    EXPECT_THAT(
        InTransaction([&](Transaction& t) { return t.AppendJournal({EventOf("clients/A", version, 0, "again")}); }),
        StatusIs(Code::kAborted));
  }
  Crash();
  auto rows = Read()->ReadJournal("clients/A", 1, 10);
  ASSERT_THAT(rows, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*rows)[0].payload, "a2");
  EXPECT_EQ((*rows)[0].version, 2);
  EXPECT_EQ((*rows)[0].public_version, 1);
  EXPECT_EQ((*rows)[0].type, "polku.test.v1.Happened");
  EXPECT_EQ((*rows)[0].time, At(7));
  EXPECT_EQ((*rows)[0].traceparent, "00-trace");
  EXPECT_EQ((*rows)[1].payload, "a3");
  EXPECT_THAT(Read()->ReadJournal("clients/A", 0, 2), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(Read()->ReadJournal("clients/unknown", 0, 2), IsOkAndHolds(IsEmpty()));
  auto all = Read()->ScanJournal(0, 10);
  ASSERT_THAT(all, IsOkAndHolds(SizeIs(4)));
  for (size_t i = 1; i < all->size(); ++i) EXPECT_GT((*all)[i].sequence, (*all)[i - 1].sequence);
  EXPECT_EQ((*all)[1].key, "coordinators/B");
  EXPECT_THAT(Read()->ScanJournal((*all)[2].sequence, 10), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(Read()->ScanJournal(0, 3), IsOkAndHolds(SizeIs(3)));
  auto changes = Read()->ScanChanges((*all)[0].sequence, 2);
  ASSERT_THAT(changes, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*changes)[0].key, "coordinators/B");
  EXPECT_EQ((*changes)[1].sequence, (*all)[2].sequence);
  EXPECT_EQ((*changes)[1].type, (*all)[2].type);
  EXPECT_EQ((*changes)[1].payload, "");
  EXPECT_THAT(Read()->LastSequence(), IsOkAndHolds((*all)[3].sequence));
}

// The corridor may append before it saves, after it, or over several calls.
TEST_P(StoreConformance, LinksJournalRowsOfAKeyInAnyOrderOfCalls) {
  const auto event = [](int version) { return EventOf("clients/A", version, 0, absl::StrCat("event ", version)); };
  const auto versions = [](Reader& reader, int64_t after) {
    std::vector<int64_t> found;
    auto rows = reader.ReadJournal("clients/A", after, 100);
    EXPECT_THAT(rows, IsOk());
    for (const JournalRow& row : *rows) found.push_back(row.version);
    return found;
  };
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.AppendJournal({event(1)}));
                EXPECT_THAT(versions(t, 0), ElementsAre(1));
                RETURN_IF_ERROR(t.AppendJournal({event(2)}));
                EXPECT_THAT(versions(t, 0), ElementsAre(1, 2));
                return t.Save({WriteOf("clients/A", 0, "one")});
              }),
              IsOk());
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.Load({"clients/A"}).status());
                RETURN_IF_ERROR(t.Save({WriteOf("clients/A", 1, "two")}));
                RETURN_IF_ERROR(t.AppendJournal({EventOf("clients/B", 1, 0, "other")}));
                return t.Save({WriteOf("clients/A", 2, "three")});
              }),
              IsOk());
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.AppendJournal({event(3), EventOf("clients/B", 2, 0, "other"), event(4)}));
                return t.Save({WriteOf("clients/A", 3, "four")});
              }),
              IsOk());
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.Save({WriteOf("clients/A", 4, "five"), WriteOf("clients/B", 0, "new")}));
                return t.AppendJournal({event(5)});
              }),
              IsOk());
  EXPECT_THAT(versions(*Read(), 0), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(versions(*Read(), 3), ElementsAre(4, 5));
  EXPECT_THAT(versions(*Read(), 5), IsEmpty());
  EXPECT_THAT(Read()->ReadJournal("clients/B", 0, 9), IsOkAndHolds(SizeIs(2)));
}

TEST_P(StoreConformance, LeavesAStepAloneWhoseIdExists) {
  ASSERT_THAT(
      InTransaction([](Transaction& t) {
        return t.AppendSteps({{"b", "clients/A", "type.B", "first", "trace"}, {"a", "clients/A", "type.A", "x"}});
      }),
      IsOk());
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.AppendSteps({{"b", "clients/Z", "type.Z", "second"}});
              }),
              IsOk());
  auto steps = Read()->ReadSteps(10);
  ASSERT_THAT(steps, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*steps)[0].id, "b");
  EXPECT_EQ((*steps)[0].payload, "first");
  EXPECT_EQ((*steps)[0].type, "type.B");
  EXPECT_EQ((*steps)[0].key, "clients/A");
  EXPECT_EQ((*steps)[0].traceparent, "trace");
  EXPECT_LT((*steps)[0].sequence, (*steps)[1].sequence);
  ASSERT_THAT(InTransaction([](Transaction& t) { return t.DeleteSteps({"b", "unknown"}); }), IsOk());
  EXPECT_THAT(Read()->ReadSteps(10), IsOkAndHolds(SizeIs(1)));
}

TEST_P(StoreConformance, FindsRequestsAndForgetsTheOldest) {
  std::vector<RequestRow> rows;
  for (int i = 0; i < 4; ++i) {
    rows.push_back({{"scope", absl::StrCat("id", i)}, "clients/A", "hashes", "reply.Type", "reply", At(10 - i)});
  }
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.SaveRequests(rows); }), IsOk());
  auto found = Read()->FindRequests({{"scope", "id1"}, {"scope", "other"}, {"other", "id1"}});
  ASSERT_THAT(found, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*found)[0].id, (RequestKey{"scope", "id1"}));
  EXPECT_EQ((*found)[0].key, "clients/A");
  EXPECT_EQ((*found)[0].field_hashes, "hashes");
  EXPECT_EQ((*found)[0].reply_type, "reply.Type");
  EXPECT_EQ((*found)[0].reply, "reply");
  EXPECT_EQ((*found)[0].time, At(9));
  const auto forget = [&](int before, int limit) {
    int64_t count = -1;
    EXPECT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                  ASSIGN_OR_RETURN(count, t.DeleteRequestsBefore(At(before), limit));
                  return absl::OkStatus();
                }),
                IsOk());
    return count;
  };
  EXPECT_EQ(forget(7, 10), 0);
  EXPECT_EQ(forget(10, 1), 1);
  EXPECT_THAT(Read()->FindRequests({{"scope", "id3"}}), IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(forget(10, 10), 2);
  EXPECT_THAT(Read()->FindRequests({{"scope", "id0"}}), IsOkAndHolds(SizeIs(1)));
}

TEST_P(StoreConformance, ATakenAliasLeavesTheTransactionUsable) {
  const std::string hash("\0\xff hash", 7);
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.AddAlias({"hetu", hash, "clients/A"}); }), IsOk());
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.Save({WriteOf("clients/B", 0, "kept")}));
                EXPECT_THAT(t.AddAlias({"hetu", hash, "clients/B"}), StatusIs(Code::kAlreadyExists));
                return t.AddAlias({"case", hash, "clients/B"});
              }),
              IsOk());
  auto aliases = Read()->FindAliases({{"hetu", hash, ""}, {"case", hash, ""}, {"hetu", "unknown", ""}});
  ASSERT_THAT(aliases, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*aliases)[0].key, "clients/A");
  EXPECT_EQ((*aliases)[1].key, "clients/B");
  EXPECT_EQ((*Read()->Load({"clients/B"}))[0].state, "kept");
}

TEST_P(StoreConformance, AnAliasLeadsWhereItWasLastSetOrNowhere) {
  const auto set = [&](const std::string& key) {
    return InTransaction([&](Transaction& t) { return t.SetAlias({"hetu", "hash", key}); });
  };
  const auto found = [&] { return *Read()->FindAliases({{"hetu", "hash", ""}}); };
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.AddAlias({"case", "hash", "clients/C"}); }), IsOk());
  ASSERT_THAT(set(""), IsOk());
  EXPECT_THAT(found(), IsEmpty());
  ASSERT_THAT(set("clients/A"), IsOk());
  ASSERT_THAT(set("clients/B"), IsOk());
  ASSERT_THAT(found(), SizeIs(1));
  EXPECT_EQ(found()[0].key, "clients/B");
  ASSERT_THAT(set(""), IsOk());
  EXPECT_THAT(found(), IsEmpty());
  EXPECT_THAT(*Read()->FindAliases({{"case", "hash", ""}}), SizeIs(1));
}

TEST_P(StoreConformance, ClaimsAPositionByCompareAndSet) {
  const auto claim = [&](int64_t expected, int64_t next, int64_t owner_epoch) {
    return InTransaction([&](Transaction& t) { return t.ClaimPosition({"topic", 2, expected, next, owner_epoch}); });
  };
  EXPECT_THAT(claim(1, 5, 1), StatusIs(Code::kAborted));
  EXPECT_THAT(claim(0, 5, 3), IsOk());
  EXPECT_THAT(claim(0, 5, 3), StatusIs(Code::kAborted));
  EXPECT_THAT(claim(5, 9, 2), StatusIs(Code::kAborted));
  EXPECT_THAT(claim(5, 9, 3), IsOk());
  EXPECT_THAT(claim(9, 9, 4), IsOk());
  // A refused claim changes nothing, and the transaction goes on.
  EXPECT_THAT(InTransaction([](Transaction& t) -> absl::Status {
                EXPECT_THAT(t.ClaimPosition({"topic", 2, 9, 10, 3}), StatusIs(Code::kAborted));
                return t.ClaimPosition({"topic", 3, 0, 1, 0});
              }),
              IsOk());
  auto positions = Read()->ReadPositions();
  ASSERT_THAT(positions, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*positions)[0].partition, 2);
  EXPECT_EQ((*positions)[0].next_offset, 9);
  EXPECT_EQ((*positions)[0].owner_epoch, 4);
  EXPECT_EQ((*positions)[1].next_offset, 1);
}

TEST_P(StoreConformance, BreaksOffWhatRunsLongerThanItMay) {
  // Hours, if nobody stops it.
  constexpr char kEndless[] =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i % 1000 + 1 FROM n) SELECT MAX(i) FROM n";
  {
    const auto reader = Read();
    reader->LimitTo(absl::Milliseconds(20));
    EXPECT_THAT(reader->Query(kEndless, {}), StatusIs(Code::kDeadlineExceeded));
  }
  // The next one has its own time.
  EXPECT_THAT(Read()->Query("SELECT COUNT(*) FROM migration", {}), IsOkAndHolds(SizeIs(1)));
}

TEST_P(StoreConformance, KeepsWithAPositionWhenTheLastRecordWasAppended) {
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'000'123);
  const auto last_time_after = [&](int64_t expected, int64_t next, absl::Time last_time) {
    EXPECT_THAT(InTransaction([&](Transaction& t) {
                  return t.ClaimPosition({"topic", 2, expected, next, 0, last_time});
                }),
                IsOk());
    return (*Read()->ReadPositions())[0].last_time;
  };
  EXPECT_EQ(last_time_after(0, 5, time), time);
  EXPECT_EQ(last_time_after(5, 5, absl::InfinitePast()), time);  // Nothing moved.
  EXPECT_EQ(last_time_after(5, 6, time + absl::Seconds(1)), time + absl::Seconds(1));
  EXPECT_EQ(last_time_after(6, 7, absl::InfinitePast()), absl::InfinitePast());
}

TEST_P(StoreConformance, RemembersTheLastVersionPerSourceAndKeyOverEpochs) {
  const SourceVersionKey id{"referral", "clients/A"};
  const SourceVersionKey other{"assessment", "clients/A"};
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.SaveSourceVersions({{id, 4, 1}, {other, 1, 1}}); }), IsOk());
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.SaveSourceVersions({{id, 5, 1}}); }), IsOk());
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.SaveSourceVersions({{id, 6, 3}}); }), IsOk());
  auto found = Read()->FindSourceVersions({id, other, {"follow-up", "clients/A"}, {"referral", "x"}});
  ASSERT_THAT(found, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*found)[0].id, id);
  EXPECT_EQ((*found)[0].last, 6);
  EXPECT_EQ((*found)[0].epoch, 3);
  EXPECT_EQ((*found)[1].last, 1);
  EXPECT_EQ((*found)[1].epoch, 1);
}

TEST_P(StoreConformance, ReadsAuditByPrefixNewestFirst) {
  const auto audit = [](absl::string_view resource) {
    return AuditRow{At(1), "o", "u", "r", "p", "Submit", std::string(resource), "change", "id", "trace"};
  };
  ASSERT_THAT(InTransaction([&](Transaction& t) {
                return t.AppendAudit({audit("clients/A"), audit("clients/A/referrals/R"), audit("clients/B")});
              }),
              IsOk());
  auto rows = Read()->ReadAudit("clients/A", 10);
  ASSERT_THAT(rows, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*rows)[0].resource, "clients/A/referrals/R");
  EXPECT_EQ((*rows)[0].action, "Submit");
  EXPECT_EQ((*rows)[0].traceparent, "trace");
  EXPECT_EQ((*rows)[0].time, At(1));
  EXPECT_THAT(Read()->ReadAudit("", 2), IsOkAndHolds(SizeIs(2)));
}

TEST_P(StoreConformance, ReadsWhatIsDueEarliestFirst) {
  std::vector<AggregateWrite> writes;
  for (int i = 0; i < 5; ++i) {
    writes.push_back(WriteOf(ClientKey(i), 0, "s"));
    if (i != 4) writes.back().aggregate.due_at = At(100 - 10 * i);
  }
  EXPECT_THAT(Read()->EarliestDue(), IsOkAndHolds(std::nullopt));
  ASSERT_THAT(InTransaction([&](Transaction& t) { return t.Save(writes); }), IsOk());
  EXPECT_THAT(Read()->ReadDue(At(90), 10), IsOkAndHolds(ElementsAre(ClientKey(3), ClientKey(2), ClientKey(1))));
  EXPECT_THAT(Read()->ReadDue(At(90), 2), IsOkAndHolds(ElementsAre(ClientKey(3), ClientKey(2))));
  EXPECT_THAT(Read()->ReadDue(At(69), 10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Read()->ReadDue(absl::InfiniteFuture(), 10), IsOkAndHolds(SizeIs(4)));
  EXPECT_THAT(Read()->EarliestDue(), IsOkAndHolds(At(70)));
  // A due instant may move, stay or go, with and without a new version, and with the row loaded or not.
  ASSERT_THAT(InTransaction([](Transaction& t) -> absl::Status {
                ASSIGN_OR_RETURN(auto loaded, t.Load({ClientKey(3), ClientKey(2), ClientKey(1)}));
                AggregateWrite same{1, loaded[0]};
                AggregateWrite gone = WriteOf(ClientKey(2), 1, "s");
                AggregateWrite moved = WriteOf(ClientKey(1), 1, "s");
                moved.aggregate.due_at = At(60);
                AggregateWrite unread = WriteOf(ClientKey(0), 1, "s");
                unread.aggregate.due_at = At(61);
                return t.Save({same, gone, moved, unread});
              }),
              IsOk());
  EXPECT_THAT(Read()->ReadDue(At(200), 10), IsOkAndHolds(ElementsAre(ClientKey(1), ClientKey(0), ClientKey(3))));
  EXPECT_THAT(Read()->Load({ClientKey(0), ClientKey(1), ClientKey(2), ClientKey(3)}), IsOk());
}

TEST_P(StoreConformance, ReplacesAndDeletesIndexRows) {
  const auto text = [](absl::string_view s) { return Value(std::string(s)); };
  ASSERT_THAT(
      InTransaction([&](Transaction& t) -> absl::Status {
        RETURN_IF_ERROR(t.Upsert(Pair(), {{text("x"), int64_t{1}}, {text("x"), int64_t{1}}, {text("x"), int64_t{2}}}));
        return t.Upsert(Item(), {{text("b"), text("old"), int64_t{1}, Blob{"x"}},
                                 {text("a"), Value(), Value(), Value()},
                                 {text("b"), text("new"), Value(), Blob{std::string("\0", 1)}},
                                 {text("c"), text(""), int64_t{-5}, Blob{""}}});
      }),
      IsOk());
  auto rows = Read()->Query("SELECT id, text, number, bytes FROM item ORDER BY id", {});
  ASSERT_THAT(rows, IsOkAndHolds(SizeIs(3)));
  EXPECT_EQ((*rows)[0], (Row{text("a"), Value(), Value(), Value()}));
  EXPECT_EQ((*rows)[1], (Row{text("b"), text("new"), Value(), Blob{std::string("\0", 1)}}));
  EXPECT_EQ((*rows)[2], (Row{text("c"), text(""), int64_t{-5}, Blob{""}}));
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.Delete(Item(), {{text("b")}, {text("unknown")}}));
                return t.Delete(Pair(), {{text("x"), int64_t{1}}});
              }),
              IsOk());
  EXPECT_THAT(Read()->Query("SELECT id FROM item", {}), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(Read()->Query("SELECT b FROM pair", {}), IsOkAndHolds(ElementsAre(Row{int64_t{2}})));
}

TEST_P(StoreConformance, KeepsRowsByTheNumberOfTheirKey) {
  const auto text = [](absl::string_view s) { return Value(std::string(s)); };
  const std::string all =
      "SELECT k.text, i.part, i.text FROM keyed i JOIN aggregate_key k ON k.id = i.key_id ORDER BY k.text, i.part";
  ASSERT_THAT(InTransaction([&](Transaction& t) {
                // The numbers of the keys rise in another order than their texts.
                return t.Upsert(Keyed(), {{text("clients/B"), int64_t{1}, text("b1")}});
              }),
              IsOk());
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.Upsert(Keyed(), {{text("clients/B"), int64_t{2}, text("b2")},
                                                   {text("clients/A"), int64_t{1}, text("old")},
                                                   {text("clients/A"), int64_t{1}, text("a1")}}));
                return t.Delete(Keyed(), {{text("clients/B"), int64_t{1}}, {text("clients/new"), int64_t{1}}});
              }),
              IsOk());
  EXPECT_THAT(Read()->Query(all, {}), IsOkAndHolds(ElementsAre(Row{text("clients/A"), int64_t{1}, text("a1")},
                                                               Row{text("clients/B"), int64_t{2}, text("b2")})));
  EXPECT_THAT(InTransaction([&](Transaction& t) {
                return t.Upsert(Keyed(), {{int64_t{1}, int64_t{1}, text("")}});
              }),
              StatusIs(Code::kInvalidArgument));
}

TEST_P(StoreConformance, RefusesIndexRowsOfAnotherShape) {
  const Value a = std::string("a");
  for (const Row& row : {Row{a}, Row{Value(), a, a, a}}) {
    EXPECT_THAT(InTransaction([&](Transaction& t) { return t.Upsert(Item(), {row}); }),
                StatusIs(Code::kInvalidArgument));
  }
  EXPECT_THAT(InTransaction([&](Transaction& t) { return t.Delete(Pair(), {{a}}); }), StatusIs(Code::kInvalidArgument));
}

TEST_P(StoreConformance, BindsReversedAndRepeatedParameters) {
  ASSERT_THAT(InTransaction([](Transaction& t) {
                return t.Upsert(Item(), {{std::string("a"), std::string("t"), int64_t{1}, Value()},
                                         {std::string("b"), std::string("$1"), int64_t{2}, Value()}});
              }),
              IsOk());
  auto reader = Read();
  const Row a{std::string("a")};
  EXPECT_THAT(reader->Query("SELECT id FROM item WHERE number = $2 AND id = $1", {std::string("a"), int64_t{1}}),
              IsOkAndHolds(ElementsAre(a)));
  EXPECT_THAT(reader->Query("SELECT id FROM item WHERE (id = $2 OR text = $2) AND number >= $1 AND number <= $1",
                            {int64_t{1}, std::string("a")}),
              IsOkAndHolds(ElementsAre(a)));
  EXPECT_THAT(reader->Query("SELECT id /* $9 */ FROM item WHERE text = '$1' -- $7", {}),
              IsOkAndHolds(ElementsAre(Row{std::string("b")})));
}

TEST_P(StoreConformance, RefusesQueriesThatWriteOrDoNotFit) {
  for (absl::string_view sql :
       {"DELETE FROM item", "SELECT id FROM item; SELECT 1", "SELECT nothing", "SELECT id FROM item WHERE id = $1"}) {
    EXPECT_THAT(Read()->Query(sql, {}), StatusIs(Code::kInvalidArgument)) << sql;
  }
}

TEST_P(StoreConformance, AppliesEachMigrationOnceAndRefusesNewerTables) {
  Reopen();
  Options options = DefaultOptions();
  options.migrations.push_back({3, "more", "INSERT INTO pair(a, b) VALUES('m', 1);"});
  for (int i = 0; i < 2; ++i) {
    database_ = nullptr;
    auto opened = factory_->Open(options);
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
    EXPECT_THAT(Read()->Query("SELECT a FROM pair", {}), IsOkAndHolds(SizeIs(1)));
  }
  database_ = nullptr;
  EXPECT_THAT(factory_->Open(DefaultOptions()),
              StatusIs(Code::kFailedPrecondition, testing::AllOf(testing::HasSubstr("3"), testing::HasSubstr("2"))));
}

TEST_P(StoreConformance, KeepsNothingOfAMigrationThatFails) {
  Options options = DefaultOptions();
  options.migrations.push_back({3, "broken", "INSERT INTO pair(a, b) VALUES('m', 1); INSERT INTO nowhere VALUES(1);"});
  database_ = nullptr;
  EXPECT_FALSE(factory_->Open(options).ok());
  Open();
  EXPECT_THAT(Read()->Query("SELECT a FROM pair", {}), IsOkAndHolds(IsEmpty()));
}

TEST_P(StoreConformance, RefusesTheDatabaseOfAnotherService) {
  Options options = DefaultOptions();
  options.service = "assessment";
  database_ = nullptr;
  EXPECT_THAT(factory_->Open(options), StatusIs(Code::kFailedPrecondition, testing::HasSubstr("referral")));
}

TEST_P(StoreConformance, KeepsItsEpochAndHashKey) {
  EXPECT_EQ(database().epoch(), 1);
  const std::string hash_key(database().hash_key());
  EXPECT_EQ(hash_key.size(), 32u);
  Reopen();
  EXPECT_EQ(database().hash_key(), hash_key);
  EXPECT_EQ(database().epoch(), 1);
}

}  // namespace
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreConformance);
TEST_P(StoreConformance, AnEpochIsThatOfWhoeverOpensItNext) {
  EXPECT_EQ(database().epoch(), 1);
  ASSERT_THAT(InTransaction([](Transaction& transaction) { return transaction.SetEpoch(7); }), IsOk());
  Reopen();
  EXPECT_EQ(database().epoch(), 7);
}

}  // namespace polku::store
