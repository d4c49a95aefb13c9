// Batches of none, one and many through every call that takes one.
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/conformance/database_factory.h"

namespace polku::store {
namespace {

using ::testing::SizeIs;

// The rows of a batch in an order that is not that of their keys.
struct Batch {
  explicit Batch(int size) {
    for (int i = 0; i < size; ++i) {
      const std::string key = ClientKey((i * 7919) % 100003);
      keys.push_back(key);
      writes.push_back(WriteOf(key, 0, absl::StrCat("state of ", key)));
      events.push_back(EventOf(key, 1, i % 2, absl::StrCat("event of ", key)));
      steps.push_back({absl::StrCat("step ", i), key, "type", "payload"});
      requests.push_back({{"scope", absl::StrCat(i)}, key, "hashes", "type", "reply", At(i)});
      versions.push_back({{"referral", key}, i + 1, 1});
      items.push_back({Value(key), Value(), Value(int64_t{i}), Value()});
    }
  }
  std::vector<std::string> keys;
  std::vector<AggregateWrite> writes;
  std::vector<JournalRow> events;
  std::vector<StepRow> steps;
  std::vector<RequestRow> requests;
  std::vector<SourceVersion> versions;
  std::vector<Row> items;
};

TEST_P(StoreConformance, TakesBatchesOfAnySize) {
  for (const int size : {0, 1, 5000}) {
    SCOPED_TRACE(size);
    database_ = nullptr;
    const std::unique_ptr<DatabaseFactory> factory = GetParam()();
    database_ = *factory->Open(DefaultOptions());
    const Batch batch(size);
    ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                  RETURN_IF_ERROR(t.Save(batch.writes));
                  RETURN_IF_ERROR(t.AppendJournal(batch.events));
                  RETURN_IF_ERROR(t.AppendSteps(batch.steps));
                  RETURN_IF_ERROR(t.SaveRequests(batch.requests));
                  RETURN_IF_ERROR(t.SaveSourceVersions(batch.versions));
                  RETURN_IF_ERROR(t.Park({}));
                  RETURN_IF_ERROR(t.AddDeadLetters({}));
                  RETURN_IF_ERROR(t.AppendAudit({}));
                  RETURN_IF_ERROR(t.Delete(Item(), {}));
                  return t.Upsert(Item(), batch.items);
                }),
                IsOk());
    auto reader = Read();
    auto loaded = reader->Load(batch.keys);
    ASSERT_THAT(loaded, IsOkAndHolds(SizeIs(size)));
    for (int i = 0; i < size; ++i) ASSERT_EQ((*loaded)[i].state, batch.writes[i].aggregate.state);
    EXPECT_THAT(reader->ReadOutbox(size), IsOkAndHolds(SizeIs(size / 2)));
    EXPECT_THAT(reader->ScanJournal(0, size + 1), IsOkAndHolds(SizeIs(size)));
    EXPECT_THAT(reader->ReadSteps(size + 1), IsOkAndHolds(SizeIs(size)));
    std::vector<RequestKey> requests;
    for (const RequestRow& request : batch.requests) requests.push_back(request.id);
    EXPECT_THAT(reader->FindRequests(requests), IsOkAndHolds(SizeIs(size)));
    std::vector<SourceVersionKey> versions;
    for (const SourceVersion& version : batch.versions) versions.push_back(version.id);
    EXPECT_THAT(reader->FindSourceVersions(versions), IsOkAndHolds(SizeIs(size)));
    EXPECT_THAT(reader->Query("SELECT id FROM item", {}), IsOkAndHolds(SizeIs(size)));
    reader = nullptr;
    database_ = nullptr;
  }
}

// The keys of a dropped batch must not be taken for known ones by the next.
TEST_P(StoreConformance, WritesABatchAgainAfterItWasDropped) {
  const Batch batch(500);
  {
    auto dropped = database().Begin();
    ASSERT_THAT(dropped, IsOk());
    ASSERT_THAT((*dropped)->Save(batch.writes), IsOk());
  }
  ASSERT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                RETURN_IF_ERROR(t.AppendJournal(batch.events));
                return t.Save(batch.writes);
              }),
              IsOk());
  auto loaded = Read()->Load(batch.keys);
  ASSERT_THAT(loaded, IsOk());
  for (const StoredAggregate& aggregate : *loaded) ASSERT_EQ(aggregate.state, "state of " + aggregate.key);
}

TEST_P(StoreConformance, LetsWritersAndReadersOfSeveralThreadsTakeTurns) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread] {
      const std::string key = ClientKey(thread);
      for (int round = 0; round < kRounds; ++round) {
        EXPECT_THAT(InTransaction([&](Transaction& t) -> absl::Status {
                      RETURN_IF_ERROR(t.Save({WriteOf(key, round, "state")}));
                      return t.AppendJournal({EventOf(key, round + 1, 0, "event")});
                    }),
                    IsOk());
        auto reader = database().Read();
        ASSERT_THAT(reader, IsOk());
        auto loaded = (*reader)->Load({key});
        auto journal = (*reader)->ReadJournal(key, 0, 1000);
        ASSERT_THAT(loaded, IsOk());
        EXPECT_EQ((*loaded)[0].version, round + 1);
        EXPECT_THAT(journal, IsOkAndHolds(SizeIs(round + 1)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace polku::store
