// What is read ahead comes once, in order, and is read again when it was not kept.
#include "libs/pipeline/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/testing/away_bus.h"
#include "libs/pipeline/testing/toy_world.h"

namespace polku::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class InboxTest : public ToyWorld {
 protected:
  void SetUp() override {
    ToyWorld::SetUp();
    for (int64_t version = 1; version <= 10; ++version) PublishRaw(AddedRow("counters/a", version, version));
    inbox_ = *Inbox::Create("reader", {"toy"}, {}, *bus_, *mirror_db_, clock_, /*read_ahead=*/true);
    ASSERT_THAT(Fill(10), IsEmpty());  // The partitions are handed out first.
  }

  // The versions of the facts that a Fill brought.
  std::vector<int64_t> Fill(int records_max) {
    intake_ = *inbox_->Fill(records_max, 1 << 20);
    std::vector<int64_t> versions;
    for (const auto& received : intake_.facts) versions.push_back(received->fact.version);
    return versions;
  }
  std::vector<int64_t> Take(int records_max) {
    std::vector<int64_t> versions = Fill(records_max);
    inbox_->Committed(intake_);
    return versions;
  }

  std::unique_ptr<Inbox> inbox_;
  Intake intake_;
};

TEST_F(InboxTest, TakesWhatWasReadAheadInBitesOfAnySize) {
  EXPECT_THAT(Take(4), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Take(1), ElementsAre(5));  // Four were read ahead.
  EXPECT_THAT(Take(2), ElementsAre(6, 7));
  EXPECT_THAT(Take(9), ElementsAre(8));
  EXPECT_EQ(inbox_->covered_until(), absl::InfinitePast());
  EXPECT_THAT(Take(9), ElementsAre(9, 10));
  EXPECT_THAT(Take(9), IsEmpty());
  EXPECT_TRUE(inbox_->at_end());
  EXPECT_EQ(inbox_->covered_until(), clock_.Now());
}

TEST_F(InboxTest, ClaimsNoMoreThanItHandedOut) {
  EXPECT_THAT(Take(4), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Take(1), ElementsAre(5));
  ASSERT_THAT(intake_.claims, ::testing::SizeIs(1));
  EXPECT_EQ(intake_.claims[0].next - intake_.claims[0].expected, 1);
}

TEST_F(InboxTest, ReadsAgainWhatWasReadAheadAndNotKept) {
  EXPECT_THAT(Fill(4), ElementsAre(1, 2, 3, 4));
  ASSERT_THAT(inbox_->Rewind(), IsOk());
  EXPECT_THAT(Fill(4), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Fill(1), ElementsAre(5));
  ASSERT_THAT(inbox_->Rewind(), IsOk());
  EXPECT_THAT(Take(10), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST_F(InboxTest, CoversOnlyWhatWasThereWhenItWasRead) {
  const absl::Time then = clock_.Now();
  EXPECT_THAT(Take(6), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Take(1), ElementsAre(7));
  clock_.Set(then + absl::Minutes(1));
  EXPECT_THAT(Take(9), ElementsAre(8, 9, 10));
  EXPECT_EQ(inbox_->covered_until(), then);
}

// Fewer or more records than were read of the old one: both are not what comes next.
TEST_F(InboxTest, ReadsOnOnlyInTheTopicThatItHasReadFrom) {
  ASSERT_THAT(Fill(3), ElementsAre(1, 2, 3));
  auto transaction = *mirror_db_->Begin();
  for (const store::PositionClaim& claim : intake_.claims) ASSERT_THAT(transaction->ClaimPosition(claim), IsOk());
  ASSERT_THAT(transaction->Commit(), IsOk());
  transaction.reset();
  clock_.Set(clock_.Now() + absl::Minutes(1));

  inbox_ = *Inbox::Create("another", {"toy"}, {}, *bus_, *mirror_db_, clock_, /*read_ahead=*/false);
  ASSERT_THAT(Fill(10), IsEmpty());
  EXPECT_THAT(Take(10), ElementsAre(4, 5, 6, 7, 8, 9, 10));
  EXPECT_TRUE(inbox_->caught_up());

  for (const int records : {2, 3, 20}) {
    bus::EmbeddedBusOptions options;
    options.path = absl::StrCat(data(), "/anew-", records, ".db");
    options.clock = &clock_;
    const auto anew = *bus::OpenEmbeddedBus(options);
    ASSERT_THAT(anew->EnsureTopics({{TopicOf("toy"), 3}}), IsOk());
    for (int64_t version = 1; version <= records; ++version) {
      const auto event = EncodeEvent("toy", 1, AddedRow("counters/a", version, version));
      ASSERT_THAT((*anew->NewProducer())->Publish({event}), ElementsAre(IsOk()));
    }
    inbox_ = *Inbox::Create("another", {"toy"}, {}, *anew, *mirror_db_, clock_, /*read_ahead=*/false);
    for (int i = 0; i < 4; ++i) EXPECT_THAT(Take(10), IsEmpty()) << records;
    EXPECT_FALSE(inbox_->caught_up()) << records;
    EXPECT_EQ(inbox_->covered_until(), absl::InfinitePast()) << records;
    EXPECT_EQ(inbox_->stuck(), records == 2 ? 0 : 1) << records;
    inbox_.reset();
  }
}

TEST_F(InboxTest, AsksAgainNowAndThenWhileNobodyAnswersWhereToStart) {
  AwayBus bus(*bus_);
  inbox_ = *Inbox::Create("another", {"toy"}, {}, bus, *mirror_db_, clock_, /*read_ahead=*/false);
  EXPECT_THAT(Fill(10), IsEmpty());
  bus.away = true;
  EXPECT_THAT(inbox_->Fill(10, 1 << 20), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Fill(10), IsEmpty());
  EXPECT_EQ(bus.starts, 1);
  EXPECT_EQ(inbox_->covered_until(), absl::InfinitePast());
  bus.away = false;
  clock_.Set(clock_.Now() + absl::Minutes(1));
  EXPECT_THAT(Take(10), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

}  // namespace
}  // namespace polku::pipeline
