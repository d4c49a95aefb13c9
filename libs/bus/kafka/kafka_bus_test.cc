// What only Kafka can do to us. Errors of single requests come from librdkafka's mock cluster, the rest from a broker.
#include "libs/bus/kafka/kafka_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/kafka/client.h"
#include "libs/bus/partitioner.h"
#include "libs/testing/kafka_environment.h"

// After rdkafka.h, as it wants.
#include <librdkafka/rdkafka_mock.h>

namespace polku::bus {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kNobody = 99;  // No broker has this id.
constexpr int kProduce = 0;  // Keys of Kafka's protocol.
constexpr int kFetch = 1;
constexpr int kListOffsets = 2;

const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new testing::KafkaEnvironment);

const SystemMonotonicClock& Clock() {
  static const SystemMonotonicClock clock;
  return clock;
}

KafkaBusOptions OptionsFor(const std::string& bootstrap_servers) {
  KafkaBusOptions options;
  options.bootstrap_servers = bootstrap_servers;
  options.ends_interval = absl::ZeroDuration();
  options.clock = &Clock();
  return options;
}

std::unique_ptr<Bus> Open(const KafkaBusOptions& options) {
  absl::StatusOr<std::unique_ptr<Bus>> bus = OpenKafkaBus(options);
  POLKU_CHECK(bus.ok());
  return *std::move(bus);
}

std::unique_ptr<Producer> ProducerOf(Bus& bus) {
  absl::StatusOr<std::unique_ptr<Producer>> producer = bus.NewProducer();
  POLKU_CHECK(producer.ok());
  return *std::move(producer);
}

std::unique_ptr<Consumer> ConsumerOf(Bus& bus, const std::string& topic) {
  absl::StatusOr<std::unique_ptr<Consumer>> consumer = bus.NewConsumer("group-of-" + topic, {topic});
  POLKU_CHECK(consumer.ok());
  return *std::move(consumer);
}

// Polls until the partition is ours.
void AwaitAssignment(Consumer& consumer) {
  const absl::Duration end = Clock().Elapsed() + kPatience;
  while (Clock().Elapsed() < end) {
    const absl::StatusOr<Polled> polled = consumer.Poll({.wait = absl::Milliseconds(20)});
    if (polled.ok() && !polled->assigned.empty()) return;
  }
  FAIL() << "no assignment";
}

// Reads a topic of one partition from its beginning, starting again what is assigned again.
class Reader {
 public:
  explicit Reader(Consumer& consumer) : consumer_(consumer) {}

  // Until `count` different values have come.
  void ReadUntil(size_t count) {
    const absl::Duration end = Clock().Elapsed() + kPatience;
    while (different_.size() < count && Clock().Elapsed() < end) {
      absl::StatusOr<Polled> polled = consumer_.Poll({.wait = absl::Milliseconds(20)});
      if (!polled.ok()) continue;
      unstarted_.insert(polled->assigned.begin(), polled->assigned.end());
      for (const Record& record : polled->records) {
        EXPECT_GE(record.offset, next_);
        next_ = record.offset + 1;
        if (different_.insert(record.value).second) values_.push_back(record.value);
      }
      std::erase_if(unstarted_, [&](const TopicPartition& each) { return consumer_.Start(each, next_).ok(); });
    }
    EXPECT_GE(different_.size(), count);
  }
  // In the order in which they came first.
  const std::vector<std::string>& values() const { return values_; }

 private:
  Consumer& consumer_;
  std::set<TopicPartition> unstarted_;
  int64_t next_ = 0;
  std::set<std::string> different_;
  std::vector<std::string> values_;
};

std::vector<std::string> Numbered(int count) {
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) values.push_back(absl::StrCat(i));
  return values;
}

TEST(KafkaBus, RefusesSettingsThatDecideAboutOrderOrDurability) {
  KafkaBusOptions options = OptionsFor("127.0.0.1:1");
  for (const char* name :
       {"enable.idempotence", "acks", "group.id", "group.instance.id", "enable.auto.commit", "partitioner"}) {
    options.settings = {{name, "x"}};
    const absl::Status refused = OpenKafkaBus(options).status();
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(refused.message()), HasSubstr(name));
  }
  options.settings = {{"sasl.passwort", "hidden"}};
  const absl::Status unknown = OpenKafkaBus(options).status();
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("sasl.passwort"));
  EXPECT_THAT(std::string(unknown.message()), Not(HasSubstr("hidden")));
  EXPECT_THAT(OpenKafkaBus(OptionsFor("")), StatusIs(absl::StatusCode::kInvalidArgument));
}

// A person who asks how far a service is behind waits for this, and gives up after 10 s.
TEST(KafkaBus, DoesNotWaitLongerThanAskedForWhatATopicHolds) {
  KafkaBusOptions options = OptionsFor("127.0.0.1:1");
  options.request_timeout = absl::Hours(1);
  EXPECT_THAT(Open(options)->Extents("topic", absl::Milliseconds(100)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(KafkaBus, GivesUpWhereNoBrokerIs) {
  KafkaBusOptions options = OptionsFor("127.0.0.1:1");
  options.request_timeout = absl::Milliseconds(100);
  options.publish_timeout = absl::Milliseconds(100);
  const auto bus = Open(options);
  const auto unavailable = StatusIs(absl::StatusCode::kUnavailable);
  EXPECT_THAT(bus->EnsureTopics({{"topic", 1}}), unavailable);
  EXPECT_THAT(bus->NewConsumer("group", {"topic"}), unavailable);
  // So many that they would outlast this test if each of them waited.
  const std::vector<Message> messages(10000, {"topic", "key", "value", {}});
  EXPECT_THAT(ProducerOf(*bus)->Publish(messages), Each(unavailable));
}

TEST(KafkaBus, LosesNothingWhenTheBrokerIsKilled) {
  absl::StatusOr<std::unique_ptr<testing::KafkaBroker>> broker = testing::KafkaBroker::Start();
  ASSERT_THAT(broker, IsOk());
  KafkaBusOptions options = OptionsFor((*broker)->bootstrap_servers());
  options.publish_timeout = absl::Seconds(2);
  const auto bus = Open(options);
  ASSERT_THAT(bus->EnsureTopics({{"killed", 1}}), IsOk());
  const auto consumer = ConsumerOf(*bus, "killed");
  constexpr int kCount = 600;
  std::atomic<int> acknowledged = 0;
  std::thread publisher([&] {
    const auto producer = ProducerOf(*bus);
    for (int i = 0; i < kCount; ++i) {
      while (!producer->Publish({{"killed", "key", absl::StrCat(i), {}}})[0].ok()) {
      }
      ++acknowledged;
    }
  });
  Reader reader(*consumer);
  for (int part = 1; part <= 2; ++part) {
    reader.ReadUntil(kCount / 3 * part);
    EXPECT_THAT((*broker)->Restart(), IsOk());
  }
  publisher.join();
  reader.ReadUntil(kCount);
  EXPECT_EQ(reader.values(), Numbered(kCount));
}

TEST(KafkaBus, GivesUpInTimeWhenTheBrokerHangsAndGoesOnAfterwards) {
  absl::StatusOr<std::unique_ptr<testing::KafkaBroker>> broker = testing::KafkaBroker::Start();
  ASSERT_THAT(broker, IsOk());
  KafkaBusOptions options = OptionsFor((*broker)->bootstrap_servers());
  options.publish_timeout = absl::Milliseconds(300);
  options.ends_timeout = absl::Milliseconds(200);
  const auto bus = Open(options);
  ASSERT_THAT(bus->EnsureTopics({{"hangs", 1}}), IsOk());
  const auto producer = ProducerOf(*bus);
  while (!producer->Publish({{"hangs", "key", "0", {}}})[0].ok()) {
  }
  const auto consumer = ConsumerOf(*bus, "hangs");
  Reader reader(*consumer);
  reader.ReadUntil(1);
  (*broker)->Pause(true);
  EXPECT_THAT(producer->Publish({{"hangs", "key", "1", {}}, {"hangs", "key", "2", {}}}),
              Each(StatusIs(absl::StatusCode::kUnavailable)));
  const absl::StatusOr<Polled> polled = consumer->Poll({});
  ASSERT_THAT(polled, IsOk());
  EXPECT_THAT(polled->ends, IsEmpty());  // Nobody knows.
  (*broker)->Pause(false);
  for (const char* value : {"1", "2"}) {
    while (!producer->Publish({{"hangs", "key", value, {}}})[0].ok()) {
    }
  }
  reader.ReadUntil(3);
  EXPECT_EQ(reader.values(), Numbered(3));
}

// As retention does.
void DeleteBefore(const std::string& topic, int64_t offset) {
  absl::StatusOr<kafka::Conf> conf =
      kafka::MakeConf(OptionsFor(testing::KafkaEnvironment::broker().bootstrap_servers()), {});
  ASSERT_THAT(conf.status(), IsOk());
  absl::StatusOr<kafka::Client> client = kafka::MakeClient(RD_KAFKA_PRODUCER, *std::move(conf));
  ASSERT_THAT(client.status(), IsOk());
  const kafka::Partitions list = kafka::MakePartitions(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list.get());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client->get());
  rd_kafka_DeleteRecords(client->get(), &request, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kafka::Millis(kPatience));
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(request);
}

TEST(KafkaBus, SaysWhenRecordsAreGoneAndNeverJumpsOverThem) {
  const auto bus = Open(OptionsFor(testing::KafkaEnvironment::broker().bootstrap_servers()));
  ASSERT_THAT(bus->EnsureTopics({{"gone", 1}}), IsOk());
  const auto producer = ProducerOf(*bus);
  for (const std::string& value : Numbered(10)) {
    ASSERT_THAT(producer->Publish({{"gone", "key", value, {}}}), ElementsAre(IsOk()));
  }
  const auto consumer = ConsumerOf(*bus, "gone");
  AwaitAssignment(*consumer);
  const TopicPartition partition{"gone", 0};
  // The reader was at 2, its client had not fetched anything yet.
  ASSERT_THAT(consumer->Start(partition, 2), IsOk());
  DeleteBefore("gone", 5);
  std::vector<TopicPartition> again;
  const absl::Duration end = Clock().Elapsed() + kPatience;
  while (again.empty() && Clock().Elapsed() < end) {
    const absl::StatusOr<Polled> polled = consumer->Poll({.wait = absl::Milliseconds(20)});
    ASSERT_THAT(polled, IsOk());
    EXPECT_THAT(polled->records, IsEmpty());
    EXPECT_THAT(polled->ends, IsEmpty());
    EXPECT_EQ(polled->revoked, polled->assigned);
    again = polled->assigned;
  }
  EXPECT_THAT(again, ElementsAre(partition));
  EXPECT_THAT(consumer->Start(partition, 2), StatusIs(absl::StatusCode::kOutOfRange));
  const absl::StatusOr<Polled> shut = consumer->Poll({.wait = absl::Milliseconds(300)});
  ASSERT_THAT(shut, IsOk());
  EXPECT_THAT(shut->records, IsEmpty());
  // A person decides to go on; 0 is the oldest kept.
  ASSERT_THAT(consumer->Start(partition, 0), IsOk());
  Reader reader(*consumer);
  reader.ReadUntil(5);
  EXPECT_THAT(reader.values(), ElementsAre("5", "6", "7", "8", "9"));
  EXPECT_THAT(bus->Extents("gone", kPatience), IsOkAndHolds(ElementsAre(Extent{5, 10})));
}

// A member of a group that starts what it gets, and counts how often everything was taken away.
class Member {
 public:
  Member(const std::string& name, const std::string& topic)
      : bus_(Open(OptionsOf(name))), consumer_(ConsumerOf(*bus_, topic)) {}

  void Poll() {
    const absl::StatusOr<Polled> polled = consumer_->Poll({.wait = absl::Milliseconds(10)});
    if (!polled.ok()) return;
    if (!polled->revoked.empty()) ++revoked_;
    for (const TopicPartition& lost : polled->revoked) held_.erase(lost);
    for (const TopicPartition& each : polled->assigned) {
      if (consumer_->Start(each, 0).ok()) held_.insert(each);
    }
  }
  size_t held() const { return held_.size(); }
  int revoked() const { return revoked_; }

 private:
  // Nothing in these tests may wait for the end of a session.
  static KafkaBusOptions OptionsOf(const std::string& name) {
    KafkaBusOptions options = OptionsFor(testing::KafkaEnvironment::broker().bootstrap_servers());
    options.session_timeout = absl::Minutes(4);
    options.member = name;
    return options;
  }

  const std::unique_ptr<Bus> bus_;
  const std::unique_ptr<Consumer> consumer_;
  std::set<TopicPartition> held_;
  int revoked_ = 0;
};

void MakeTopic(const std::string& topic, int partitions) {
  const auto bus = Open(OptionsFor(testing::KafkaEnvironment::broker().bootstrap_servers()));
  ASSERT_THAT(bus->EnsureTopics({{topic, partitions}}), IsOk());
}

template <class Done>
void PollUntil(const std::vector<Member*>& members, Done done) {
  const absl::Duration end = Clock().Elapsed() + kPatience;
  while (!done() && Clock().Elapsed() < end) {
    for (Member* member : members) member->Poll();
  }
  EXPECT_TRUE(done());
}

// A process that is killed says nothing.
class KilledMember {
 public:
  KilledMember(const std::string& name, const std::string& topic) {
    const KafkaBusOptions options = OptionsFor(testing::KafkaEnvironment::broker().bootstrap_servers());
    absl::StatusOr<kafka::Conf> conf = kafka::MakeConf(options, {{"group.id", "group-of-" + topic},
                                                                 {"group.instance.id", name},
                                                                 {"enable.auto.commit", "false"},
                                                                 {"partition.assignment.strategy", "roundrobin"},
                                                                 {"session.timeout.ms", "240000"},
                                                                 {"heartbeat.interval.ms", "500"}});
    POLKU_CHECK(conf.ok());
    absl::StatusOr<kafka::Client> client = kafka::MakeClient(RD_KAFKA_CONSUMER, *std::move(conf));
    POLKU_CHECK(client.ok());
    client_ = client->release();
    rd_kafka_poll_set_consumer(client_);
    const kafka::Partitions wanted = kafka::MakePartitions(1);
    rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    POLKU_CHECK(rd_kafka_subscribe(client_, wanted.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  ~KilledMember() { rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }

  size_t Poll() {
    if (rd_kafka_message_t* message = rd_kafka_consumer_poll(client_, 10)) rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t* held = nullptr;
    POLKU_CHECK(rd_kafka_assignment(client_, &held) == RD_KAFKA_RESP_ERR_NO_ERROR);
    const auto count = static_cast<size_t>(held->cnt);
    rd_kafka_topic_partition_list_destroy(held);
    return count;
  }

 private:
  rd_kafka_t* client_ = nullptr;
};

TEST(KafkaGroup, GivesAKilledMemberThatStartsAgainItsPartitionsBackAndTheOthersNoticeNothing) {
  MakeTopic("restarted", 2);
  auto first = std::make_unique<KilledMember>("first", "restarted");
  Member second("second", "restarted");
  PollUntil({&second}, [&] { return first->Poll() == 1 && second.held() == 1; });
  first.reset();
  const int revoked = second.revoked();
  Member again("first", "restarted");
  PollUntil({&second, &again}, [&] { return again.held() == 1; });
  EXPECT_EQ(second.held(), 1U);
  EXPECT_EQ(second.revoked(), revoked);
}

TEST(KafkaGroup, GivesOthersAtOnceWhatAMemberHadThatEnds) {
  MakeTopic("ended", 2);
  auto first = std::make_unique<Member>("first", "ended");
  Member second("second", "ended");
  PollUntil({first.get(), &second}, [&] { return first->held() == 1 && second.held() == 1; });
  first.reset();
  PollUntil({&second}, [&] { return second.held() == 2; });
}

// A program that stood still for long, or a second one by mistake. Neither may take the name from the other for ever.
TEST(KafkaGroup, LetsTwoProgramsOfOneNameBothRead) {
  MakeTopic("twice", 2);
  Member first("same", "twice");
  PollUntil({&first}, [&] { return first.held() == 2; });
  Member second("same", "twice");
  PollUntil({&first, &second}, [&] { return first.held() == 1 && second.held() == 1; });
}

class KafkaBusErrors : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<kafka::Conf> conf = kafka::MakeConf(OptionsFor("127.0.0.1:1"), {});
    ASSERT_THAT(conf.status(), IsOk());
    absl::StatusOr<kafka::Client> host = kafka::MakeClient(RD_KAFKA_PRODUCER, *std::move(conf));
    ASSERT_THAT(host.status(), IsOk());
    host_ = *std::move(host);
    cluster_ = rd_kafka_mock_cluster_new(host_.get(), 1);
    ASSERT_EQ(rd_kafka_mock_topic_create(cluster_, "topic", 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    KafkaBusOptions options = OptionsFor(rd_kafka_mock_cluster_bootstraps(cluster_));
    options.publish_timeout = absl::Seconds(5);
    bus_ = Open(options);
    producer_ = ProducerOf(*bus_);
  }
  void TearDown() override {
    producer_.reset();
    bus_.reset();
    if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
  }

  std::vector<absl::Status> Publish(const std::vector<std::string>& values) {
    std::vector<Message> messages;
    for (const std::string& value : values) messages.push_back({"topic", "key", value, {}});
    return producer_->Publish(messages);
  }

  kafka::Client host_{nullptr, rd_kafka_destroy};
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<Producer> producer_;
};

TEST_F(KafkaBusErrors, TriesAgainWhereThatHelps) {
  ASSERT_THAT(Publish({"0"}), ElementsAre(IsOk()));
  rd_kafka_mock_push_request_errors(cluster_, kProduce, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
  EXPECT_THAT(Publish({"1", "2"}), Each(IsOk()));
  const auto consumer = ConsumerOf(*bus_, "topic");
  rd_kafka_mock_push_request_errors(cluster_, kFetch, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE);
  rd_kafka_mock_push_request_errors(cluster_, kListOffsets, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  Reader reader(*consumer);
  reader.ReadUntil(3);
  EXPECT_EQ(reader.values(), Numbered(3));
}

// The end has been seen in place of the beginning when a request was repeated.
TEST_F(KafkaBusErrors, TellsBeginningAndEndApartWhenItMustAskAgain) {
  EXPECT_THAT(Publish(Numbered(3)), Each(IsOk()));
  rd_kafka_mock_push_request_errors(cluster_, kListOffsets, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  EXPECT_THAT(bus_->Extents("topic", kPatience), IsOkAndHolds(ElementsAre(Extent{0, 3})));
}

TEST_F(KafkaBusErrors, ReplacesAProducerThatFailedForGood) {
  ASSERT_THAT(Publish({"0"}), ElementsAre(IsOk()));
  rd_kafka_mock_push_request_errors(cluster_, kProduce, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  std::vector<absl::Status> statuses = Publish({"1", "2"});
  while (!statuses[1].ok()) {
    // Never the later one alone.
    EXPECT_THAT(statuses, Each(StatusIs(absl::StatusCode::kUnavailable)));
    statuses = Publish({"1", "2"});
  }
  EXPECT_THAT(statuses, Each(IsOk()));
  const auto consumer = ConsumerOf(*bus_, "topic");
  Reader reader(*consumer);
  reader.ReadUntil(3);
  EXPECT_EQ(reader.values(), Numbered(3));
}

// Two partitions: of one the leader always says that another broker has the records, which nobody knows. The other one
// brings records all the time.
TEST_F(KafkaBusErrors, ReplacesAConsumerOfWhichOnePartitionStandsStill) {
  rd_kafka_mock_topic_create(cluster_, "two", 2, 1);
  rd_kafka_mock_partition_set_follower(cluster_, "two", 1, kNobody);
  std::array<std::string, 2> keys;  // One for each partition.
  for (int i = 0; keys[0].empty() || keys[1].empty(); ++i) keys[PartitionOf(absl::StrCat(i), 2)] = absl::StrCat(i);
  KafkaBusOptions options = OptionsFor(rd_kafka_mock_cluster_bootstraps(cluster_));
  options.stall_timeout = absl::Seconds(1);
  const auto bus = Open(options);
  const auto consumer = ConsumerOf(*bus, "two");
  ASSERT_THAT(producer_->Publish({{"two", keys[1], "stood still", {}}}), ElementsAre(IsOk()));
  std::map<TopicPartition, int64_t> next;
  int assignments = 0;
  bool came = false;
  const absl::Duration end = Clock().Elapsed() + kPatience;
  while (!came && Clock().Elapsed() < end) {
    ASSERT_THAT(producer_->Publish({{"two", keys[0], "flows", {}}}), ElementsAre(IsOk()));
    const absl::StatusOr<Polled> polled = consumer->Poll({.wait = absl::Milliseconds(5)});
    if (!polled.ok()) continue;
    if (!polled->assigned.empty()) ++assignments;
    for (const TopicPartition& each : polled->assigned) EXPECT_THAT(consumer->Start(each, next[each]), IsOk());
    for (const Record& record : polled->records) {
      next[record.from] = record.offset + 1;
      came = came || record.value == "stood still";
    }
    if (assignments == 2) rd_kafka_mock_partition_set_follower(cluster_, "two", 1, -1);
  }
  EXPECT_TRUE(came);
  EXPECT_EQ(assignments, 2);
}

}  // namespace
}  // namespace polku::bus
