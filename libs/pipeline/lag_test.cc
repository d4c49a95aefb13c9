// How far behind a service says that it is.
#include <memory>
#include <string>
#include <utility>

#include "libs/pipeline/testing/away_bus.h"
#include "libs/pipeline/testing/toy_world.h"

namespace polku::pipeline {
namespace {

using ::testing::SizeIs;

class LagTest : public ToyWorld {
 protected:
  static PartitionLag Sum(const Lag& lag) {
    PartitionLag sum;
    sum.extent.emplace();
    sum.covered_until = absl::InfiniteFuture();
    for (const PartitionLag& each : lag.partitions) {
      sum.next_offset += each.next_offset;
      sum.extent->end += each.extent->end;
      sum.covered_until = std::min(sum.covered_until, each.covered_until);
    }
    return sum;
  }
};

TEST_F(LagTest, TellsWhatIsNotReadAndWhatIsNotSent) {
  for (const char* key : {"counters/a", "counters/b", "counters/a"}) ASSERT_THAT(Run(Add(key, 1)), IsOk());
  EXPECT_EQ(toy_->MeasureLag()->waiting.outbox_rows, 3);
  ASSERT_THAT(toy_->RelayStep(), IsOk());
  auto lag = mirror_->MeasureLag();
  ASSERT_THAT(lag, IsOk());
  ASSERT_THAT(lag->partitions, SizeIs(3));
  EXPECT_EQ(lag->partitions[1].partition, (bus::TopicPartition{TopicOf("toy"), 1}));
  EXPECT_EQ(Sum(*lag).next_offset, 0);
  EXPECT_EQ(Sum(*lag).extent->end, 3);
  EXPECT_EQ(Sum(*lag).covered_until, absl::InfinitePast());
  Settle();
  lag = mirror_->MeasureLag();
  ASSERT_THAT(lag, IsOk());
  EXPECT_EQ(Sum(*lag).next_offset, 3);
  EXPECT_EQ(Sum(*lag).covered_until, clock_.Now());
  EXPECT_EQ(toy_->MeasureLag()->waiting.outbox_rows, 0);
  EXPECT_THAT(toy_->MeasureLag()->partitions, SizeIs(0));  // It reads no topic.
}

TEST_F(LagTest, CountsWhatWaitsForAPerson) {
  for (int64_t amount : {1, 666, 3, 4}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  Settle();
  const auto lag = mirror_->MeasureLag();
  ASSERT_THAT(lag, IsOk());
  EXPECT_EQ(lag->waiting.dead_letters, 1);
  EXPECT_EQ(lag->waiting.parked_keys, 1);
}

TEST_F(LagTest, TellsTheRestWhileTheBusIsAway) {
  ASSERT_THAT(Run(Add("counters/a", 1)), IsOk());
  Settle();
  mirror_.reset();
  AwayBus away(*bus_);
  Definition definition;
  definition.service = "mirror";
  definition.kinds.push_back(std::make_unique<KindOf<toy::MirrorDomain>>("counters/", toy::MirrorDomain()));
  definition.subscriptions = {"toy"};
  prometheus::Registry registry;
  const auto mirror =
      *Pipeline::Create(std::move(definition), {&clock_, mirror_db_.get(), &away, &registry, nullptr}, {});
  away.away = true;
  const auto lag = mirror->MeasureLag();
  ASSERT_THAT(lag, IsOk());
  EXPECT_THAT(lag->bus, StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(lag->partitions, SizeIs(1));  // The one with a record.
  EXPECT_EQ(lag->partitions[0].next_offset, 1);
  EXPECT_FALSE(lag->partitions[0].extent.has_value());
  EXPECT_LE(away.longest_asked, absl::Seconds(5));  // A caller waits for 10 s.
}

}  // namespace
}  // namespace polku::pipeline
