// What is left of a person who is to be forgotten, also after a crash and in an older copy.
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/conformance/database_factory.h"
#include "libs/store/sealing.h"

namespace polku::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Code = absl::StatusCode;

constexpr char kTold[] = "told-to-the-others";

ParkedRow Parked(const std::string& key) {
  ParkedRow row;
  row.source = "source";
  row.key = key;
  row.type = "type";
  row.payload = "content";
  return row;
}

// Everything there can be of one client: version 2, one request, one step, ...
absl::Status PutEverywhere(Transaction& t, const std::string& key) {
  RETURN_IF_ERROR(t.AppendJournal({EventOf(key, 1, 1, "content"), EventOf(key, 2, 2, "content")}));
  RETURN_IF_ERROR(t.Save({{0, {key, 2, 2, 3, "content", At(1)}}}));
  RETURN_IF_ERROR(t.AppendSteps({{"step of " + key, key, "type", "content"}}));
  RETURN_IF_ERROR(t.SaveRequests({{{"scope", key}, key, "hashes", "type", "content", At(1)}}));
  RETURN_IF_ERROR(t.AddAlias({"hetu", "hash of " + key, key}));
  RETURN_IF_ERROR(
      t.Upsert(ErasureConformance::Item(), {{Value(key), Value(), Value(int64_t{1}), Value()},
                                            {Value(key + "/parts/1"), Value(), Value(int64_t{1}), Value()}}));
  RETURN_IF_ERROR(t.Upsert(ErasureConformance::Pair(), {{Value(key + "/parts/1"), Value(int64_t{1})}}));
  RETURN_IF_ERROR(t.Upsert(ErasureConformance::Keyed(), {{Value(key), Value(int64_t{1}), Value()},
                                                         {Value(key + "/parts/1"), Value(int64_t{1}), Value()}}));
  RETURN_IF_ERROR(t.Park({Parked(key)}));
  return t.AddDeadLetters({{Parked(key), "reason", 1}});
}

// Decides it: version 3, the public version 3, with a request of its own.
absl::Status Decide(Transaction& t, const std::string& key) {
  JournalRow event = EventOf(key, 3, 3, kTold);
  event.outlives_key = true;
  RETURN_IF_ERROR(t.AppendJournal({event}));
  RETURN_IF_ERROR(t.Save({{2, {key, 3, 3, 3, "", std::nullopt}}}));
  RequestRow request{{"scope", "erase " + key}, key, "hashes", "type", "done", At(1)};
  request.outlives_key = true;
  RETURN_IF_ERROR(t.SaveRequests({request}));
  return t.AppendErasures({{key, 3, 0, 0, {}}});
}

}  // namespace

absl::Status ErasureConformance::Destroy() {
  ASSIGN_OR_RETURN(const std::vector<Erasure> erasures, Read()->ReadErasures(100));
  std::vector<std::string> owners;
  for (const Erasure& erasure : erasures) owners.push_back(erasure.key);
  RETURN_IF_ERROR(database().RecordErasures(erasures));
  return database().DestroyKeys(owners);
}

absl::StatusOr<int> ErasureConformance::Sweep(int rows_max) {
  ASSIGN_OR_RETURN(const std::vector<Erasure> erasures, Read()->ReadErasures(100));
  std::vector<std::string> keys;
  for (const Erasure& erasure : erasures) keys.push_back(erasure.key);
  int64_t cursor = 0;
  int rounds = 0;
  do {
    RETURN_IF_ERROR(InTransaction([&](Transaction& t) -> absl::Status {
      ASSIGN_OR_RETURN(cursor, t.DeleteOwned(keys, cursor, rows_max));
      return cursor == 0 ? t.DeleteErasures(keys) : absl::OkStatus();
    }));
    ++rounds;
  } while (cursor != 0);
  return rounds;
}

void ErasureConformance::ExpectErased() {
  auto reader = Read();
  const auto loaded = reader->Load({"clients/B", "clients/A"});
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ((*loaded)[0].state, "content");
  EXPECT_TRUE((*loaded)[1].erased);
  EXPECT_EQ((*loaded)[1].version, 0);
  const auto tombstones = reader->FindErased({"clients/A", "clients/B", "clients/new", "coordinators/A"});
  ASSERT_THAT(tombstones, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*tombstones)[0].key, "clients/A");
  EXPECT_EQ((*tombstones)[0].version, 3);
  EXPECT_EQ((*tombstones)[0].public_version, 3);
  EXPECT_THAT(reader->FindAliases({{"hetu", "hash of clients/A", ""}}), IsOkAndHolds(IsEmpty()));
  const auto journal = reader->ReadJournal("clients/A", 0, 10);
  ASSERT_THAT(journal, IsOk());
  EXPECT_EQ(journal->back().version, 3);
  EXPECT_EQ(journal->back().payload, kTold);
  EXPECT_FALSE(journal->back().erased);
  for (size_t i = 0; i + 1 < journal->size(); ++i) EXPECT_TRUE((*journal)[i].erased);
  EXPECT_THAT(reader->ReadDue(At(100), 10), IsOkAndHolds(ElementsAre("clients/B")));
}

void ErasureConformance::ExpectSwept() {
  auto reader = Read();
  EXPECT_THAT(reader->ReadErasures(10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->ReadSteps(10), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(reader->FindRequests({{"scope", "clients/A"}, {"scope", "clients/B"}}), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(reader->ListParkedKeys(10), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(reader->ReadDeadLetters(10), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(reader->Query("SELECT id FROM item WHERE id LIKE 'clients/A%'", {}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(reader->Query("SELECT id FROM item", {}), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(reader->Query("SELECT a FROM pair", {}), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(reader->Query("SELECT k.text FROM keyed i JOIN aggregate_key k ON k.id = i.key_id ORDER BY k.text", {}),
              IsOkAndHolds(ElementsAre(Row{std::string("clients/B")}, Row{std::string("clients/B/parts/1")})));
}

absl::Status ErasureConformance::PutBoth() {
  return InTransaction([](Transaction& t) -> absl::Status {
    RETURN_IF_ERROR(PutEverywhere(t, "clients/A"));
    return PutEverywhere(t, "clients/B");
  });
}

absl::Status ErasureConformance::DecideA() {
  return InTransaction([](Transaction& t) { return Decide(t, "clients/A"); });
}

namespace {

TEST_P(ErasureConformance, LeavesATombstoneAndWhatIsToldAndNothingElse) {
  ASSERT_THAT(PutBoth(), IsOk());
  ASSERT_THAT(DecideA(), IsOk());
  ASSERT_THAT(Destroy(), IsOk());
  ExpectErased();
  EXPECT_THAT(Sweep(1000), IsOkAndHolds(1));
  for (int opened_again = 0; opened_again < 2; ++opened_again) {
    ExpectErased();
    ExpectSwept();
    const auto answer = Read()->FindRequests({{"scope", "erase clients/A"}});
    ASSERT_THAT(answer, IsOkAndHolds(SizeIs(1)));
    EXPECT_EQ((*answer)[0].reply, "done");
    Crash();
  }
}

// The rows of others must be read although some of the batch are of nobody any more.
TEST_P(ErasureConformance, NoReadFailsForAnErasedOwner) {
  ASSERT_THAT(PutBoth(), IsOk());
  ASSERT_THAT(DecideA(), IsOk());
  ASSERT_THAT(Destroy(), IsOk());
  auto reader = Read();
  const auto outbox = reader->ReadOutbox(10);
  ASSERT_THAT(outbox, IsOkAndHolds(SizeIs(5)));
  EXPECT_TRUE((*outbox)[0].event.erased);
  EXPECT_EQ((*outbox)[4].event.payload, kTold);
  const auto scanned = reader->ScanJournal(0, 10);
  ASSERT_THAT(scanned, IsOkAndHolds(SizeIs(5)));
  EXPECT_TRUE((*scanned)[0].erased);
  EXPECT_EQ((*scanned)[2].payload, "content");
  const auto steps = reader->ReadSteps(10);
  ASSERT_THAT(steps, IsOkAndHolds(SizeIs(2)));
  EXPECT_TRUE((*steps)[0].erased);
  EXPECT_EQ((*steps)[1].payload, "content");
  EXPECT_THAT(reader->FindRequests({{"scope", "clients/A"}, {"scope", "clients/B"}}), IsOkAndHolds(SizeIs(1)));
  const auto parked = reader->ReadParked("source", "clients/A", 10);
  ASSERT_THAT(parked, IsOkAndHolds(SizeIs(1)));
  EXPECT_TRUE((*parked)[0].erased);
  const auto letters = reader->ReadDeadLetters(10);
  ASSERT_THAT(letters, IsOkAndHolds(SizeIs(2)));
  EXPECT_TRUE((*letters)[0].record.erased);
  EXPECT_EQ((*letters)[1].record.payload, "content");
}

TEST_P(ErasureConformance, SweepsInSmallTransactions) {
  ASSERT_THAT(PutBoth(), IsOk());
  ASSERT_THAT(DecideA(), IsOk());
  ASSERT_THAT(Destroy(), IsOk());
  const auto rounds = Sweep(1);
  ASSERT_THAT(rounds, IsOk());
  EXPECT_GT(*rounds, 5);
  ExpectErased();
  ExpectSwept();
}

TEST_P(ErasureConformance, GoesOnAfterACrashAtAnyPoint) {
  ASSERT_THAT(PutBoth(), IsOk());
  ASSERT_THAT(DecideA(), IsOk());
  Crash();
  const auto pending = Read()->ReadErasures(10);
  ASSERT_THAT(pending, IsOkAndHolds(SizeIs(1)));
  EXPECT_EQ((*pending)[0].public_version, 3);
  ASSERT_THAT((*pending)[0].events, SizeIs(1));
  EXPECT_EQ((*pending)[0].events[0].payload, kTold);
  EXPECT_TRUE((*Read()->Load({"clients/A"}))[0].erased);
  ASSERT_THAT(database().RecordErasures(*pending), IsOk());
  Crash();
  ASSERT_THAT(Destroy(), IsOk());
  Crash();
  ASSERT_THAT(Destroy(), IsOk());
  ASSERT_THAT(Sweep(1000), IsOk());
  ExpectErased();
  ExpectSwept();
}

TEST_P(ErasureConformance, AnErasedOwnerGetsNoNewKey) {
  ASSERT_THAT(PutBoth(), IsOk());
  ASSERT_THAT(database().DestroyKeys({"clients/A", "clients/never-seen"}), IsOk());
  for (absl::string_view key : {"clients/A/other", "clients/never-seen"}) {
    const absl::Status status = InTransaction([&](Transaction& t) { return t.Save({WriteOf(key, 0, "state")}); });
    EXPECT_TRUE(IsErased(status)) << status;
  }
  EXPECT_TRUE((*Read()->Load({"clients/never-seen"}))[0].erased);
}

TEST_P(ErasureConformance, OnlySealedKindsCanBeErased) {
  EXPECT_THAT(InTransaction([](Transaction& t) {
                return t.AppendErasures({{"coordinators/A", 1, 0, 0, {}}});
              }),
              StatusIs(Code::kInvalidArgument, testing::HasSubstr("coordinators/A")));
}

TEST_P(ErasureConformance, AnOlderCopyIsErasedAgainBeforeItIsUsed) {
  ASSERT_THAT(PutBoth(), IsOk());
  factory_->Backup();
  ASSERT_THAT(DecideA(), IsOk());
  ASSERT_THAT(Destroy(), IsOk());
  ASSERT_THAT(Sweep(1000), IsOk());
  for (const DatabaseFactory::Parts parts :
       {DatabaseFactory::Parts::kBoth, DatabaseFactory::Parts::kDatabase, DatabaseFactory::Parts::kKeys}) {
    SCOPED_TRACE(static_cast<int>(parts));
    database_ = nullptr;
    factory_->Restore(parts);
    Open();
    ExpectErased();
    ASSERT_THAT(Sweep(1000), IsOk());
    ExpectSwept();
    // What the copy had not told is told again, so that nobody is left who remembers.
    std::vector<std::string> told;
    const auto outbox = Read()->ReadOutbox(10);
    ASSERT_THAT(outbox, IsOk());
    for (const OutboxRow& row : *outbox) {
      if (row.event.key == "clients/A" && !row.event.erased) told.push_back(row.event.payload);
    }
    EXPECT_THAT(told, ElementsAre(kTold));
    // And only once, however often it is opened.
    const size_t journal = Read()->ReadJournal("clients/A", 0, 10)->size();
    Reopen();
    EXPECT_THAT(Read()->ReadJournal("clients/A", 0, 10), IsOkAndHolds(SizeIs(journal)));
    EXPECT_THAT(Read()->ReadErasures(10), IsOkAndHolds(IsEmpty()));
  }
}

}  // namespace
}  // namespace polku::store
