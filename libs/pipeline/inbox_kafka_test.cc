// A topic that was deleted and made anew is another one, however many records it holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/kafka/client.h"
#include "libs/bus/kafka/kafka_bus.h"
#include "libs/pipeline/inbox.h"
#include "libs/pipeline/testing/toy_world.h"
#include "libs/testing/kafka_environment.h"

namespace polku::pipeline {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kKey[] = "counters/a";

const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new testing::KafkaEnvironment);

class InboxKafkaTest : public ToyWorld {
 protected:
  void SetUp() override {
    ToyWorld::SetUp();
    options_.bootstrap_servers = testing::KafkaEnvironment::broker().bootstrap_servers();
    options_.ends_interval = absl::ZeroDuration();
    options_.clock = &passing_;
    kafka_ = *bus::OpenKafkaBus(options_);
    // Each test has a topic of its own.
    service_ = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    Make();
    Publish(1, 5);
    inbox_ = NewInbox();
    Take(5);
    ASSERT_EQ(taken_, 5);
  }

  std::unique_ptr<Inbox> NewInbox() {
    return *Inbox::Create("reader", {service_}, {}, *kafka_, *mirror_db_, passing_clock_, /*read_ahead=*/false);
  }
  void Make() { ASSERT_THAT(kafka_->EnsureTopics({{TopicOf(service_), 1}}), IsOk()); }
  void Publish(int64_t first, int64_t last) {
    const auto producer = *kafka_->NewProducer();
    for (int64_t version = first; version <= last; ++version) {
      ASSERT_THAT(producer->Publish({EncodeEvent(service_, 1, AddedRow(kKey, version, version))}),
                  ::testing::Each(IsOk()));
    }
  }
  void Delete() {
    bus::kafka::Conf conf = *bus::kafka::MakeConf(options_, {});
    const bus::kafka::Client client = *bus::kafka::MakeClient(RD_KAFKA_PRODUCER, std::move(conf));
    rd_kafka_DeleteTopic_t* request = rd_kafka_DeleteTopic_new(TopicOf(service_).c_str());
    const bus::kafka::Queue queue(rd_kafka_queue_new(client.get()), rd_kafka_queue_destroy);
    rd_kafka_DeleteTopics(client.get(), &request, 1, nullptr, queue.get());
    const bus::kafka::Event event(rd_kafka_queue_poll(queue.get(), bus::kafka::Millis(kPatience)),
                                  rd_kafka_event_destroy);
    rd_kafka_DeleteTopic_destroy(request);
    ASSERT_NE(event, nullptr);
    ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
    // The answer comes before it is done.
    const absl::Duration end = passing_.Elapsed() + kPatience;
    while (passing_.Elapsed() < end) {
      const auto partitions = bus::kafka::CountPartitions(client.get(), TopicOf(service_), absl::Seconds(1));
      if (partitions.ok() && !partitions->has_value()) break;
    }
  }
  // Until so many records have been taken, or one partition is shut.
  void Take(int records) {
    const absl::Duration end = passing_.Elapsed() + kPatience;
    while (taken_ < records && inbox_->stuck() == 0 && passing_.Elapsed() < end) {
      const absl::StatusOr<Intake> intake = inbox_->Fill(100, 1 << 20);
      if (!intake.ok()) continue;
      auto transaction = *mirror_db_->Begin();
      for (const store::PositionClaim& claim : intake->claims) ASSERT_THAT(transaction->ClaimPosition(claim), IsOk());
      ASSERT_THAT(transaction->Commit(), IsOk());
      inbox_->Committed(*intake);
      taken_ += static_cast<int>(intake->facts.size());
    }
  }

  const SystemMonotonicClock passing_;
  const SystemClock passing_clock_;
  bus::KafkaBusOptions options_;
  std::unique_ptr<bus::Bus> kafka_;
  std::string service_;
  std::unique_ptr<Inbox> inbox_;
  int taken_ = 0;
};

TEST_F(InboxKafkaTest, WhoComesBackReadsOnInTheSameTopic) {
  inbox_.reset();
  Publish(6, 8);
  inbox_ = NewInbox();
  Take(8);
  EXPECT_EQ(taken_, 8);
  EXPECT_EQ(inbox_->stuck(), 0);
}

TEST_F(InboxKafkaTest, WhoWasAwayWhenTheTopicWasMadeAnewDoesNotReadOnInIt) {
  inbox_.reset();
  Delete();
  Make();
  Publish(1, 20);
  inbox_ = NewInbox();
  Take(1000);
  EXPECT_EQ(inbox_->stuck(), 1);
  EXPECT_EQ(taken_, 5);
}

TEST_F(InboxKafkaTest, WhoIsReadingWhenTheTopicIsMadeAnewDoesNotReadOnInIt) {
  Delete();
  const absl::Duration end = passing_.Elapsed() + kPatience;
  while (inbox_->Fill(100, 1 << 20).ok() && passing_.Elapsed() < end) {
  }
  Make();
  Publish(1, 20);
  Take(1000);
  EXPECT_EQ(inbox_->stuck(), 1);
  EXPECT_EQ(taken_, 5);
}

}  // namespace
}  // namespace polku::pipeline
