#include "libs/bus/conformance/conformance.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/partitioner.h"

namespace polku::bus {

BusFactory::~BusFactory() = default;

void BusConformance::SetUp() {
  factory_ = GetParam().make();
  Reopen();
}

void BusConformance::Reopen() {
  bus_.reset();
  absl::StatusOr<std::unique_ptr<Bus>> bus = factory_->Open();
  ASSERT_THAT(bus, IsOk());
  bus_ = *std::move(bus);
}

std::string BusConformance::NewTopic(const std::string& stem, int partitions) {
  std::string topic = Name(stem);
  EXPECT_THAT(bus_->EnsureTopics({{topic, partitions}}), IsOk());
  return topic;
}

std::unique_ptr<Producer> BusConformance::NewProducer() {
  absl::StatusOr<std::unique_ptr<Producer>> producer = bus_->NewProducer();
  POLKU_CHECK(producer.ok());
  return *std::move(producer);
}

std::unique_ptr<Consumer> BusConformance::NewConsumer(const std::string& group,
                                                      const std::vector<std::string>& topics) {
  absl::StatusOr<std::unique_ptr<Consumer>> consumer = bus_->NewConsumer(Name(group), topics);
  POLKU_CHECK(consumer.ok());
  return *std::move(consumer);
}

void BusConformance::PublishAll(const std::string& topic, const std::string& key,
                                const std::vector<std::string>& values) {
  const std::unique_ptr<Producer> producer = NewProducer();
  for (const std::string& value : values) {
    EXPECT_THAT(producer->Publish({{topic, key, value, {}}}), ::testing::ElementsAre(IsOk()));
  }
}

namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

// The database of a reading service: the next offset of each partition.
using Positions = std::map<TopicPartition, int64_t>;

// A service that reads as the contract asks: it starts what it is assigned at its own position.
class Reader {
 public:
  Reader(std::unique_ptr<Consumer> consumer, Positions& positions)
      : consumer_(std::move(consumer)), positions_(positions) {}

  Consumer& consumer() { return *consumer_; }
  const std::set<TopicPartition>& held() const { return held_; }
  const std::vector<Record>& seen() const { return seen_; }
  const std::set<TopicPartition>& ends() const { return ends_; }

  // One Poll, taken over as one transaction.
  void Turn(PollLimits limits = {.wait = absl::Milliseconds(20)}) {
    const absl::StatusOr<Polled> polled = consumer_->Poll(limits);
    ASSERT_THAT(polled, IsOk());
    for (const TopicPartition& partition : polled->revoked) EXPECT_EQ(held_.erase(partition), 1);
    for (const TopicPartition& partition : polled->assigned) {
      EXPECT_TRUE(held_.insert(partition).second);
      ASSERT_THAT(consumer_->Start(partition, positions_[partition]), IsOk());
    }
    for (const Record& record : polled->records) {
      EXPECT_GE(record.offset, positions_[record.from]);
      positions_[record.from] = record.offset + 1;
      seen_.push_back(record);
    }
    ends_ = {polled->ends.begin(), polled->ends.end()};
  }

 private:
  std::unique_ptr<Consumer> consumer_;
  Positions& positions_;
  std::set<TopicPartition> held_;
  std::set<TopicPartition> ends_;
  std::vector<Record> seen_;
};

// Turns until `done` holds or patience ends.
testing::AssertionResult TurnUntil(const BusFactory& factory, std::vector<Reader*> readers,
                                   const std::function<bool()>& done) {
  const SystemMonotonicClock clock;
  const absl::Duration started = clock.Elapsed();
  while (!done()) {
    if (clock.Elapsed() - started > factory.patience()) return testing::AssertionFailure() << "patience ended";
    for (Reader* reader : readers) reader->Turn();
    if (testing::Test::HasFatalFailure()) return testing::AssertionFailure();
  }
  return testing::AssertionSuccess();
}

std::vector<std::string> Values(const std::vector<Record>& records) {
  std::vector<std::string> values;
  for (const Record& record : records) values.push_back(record.value);
  return values;
}

std::vector<std::string> Numbered(const std::string& stem, int count) {
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) values.push_back(absl::StrCat(stem, i));
  return values;
}

TEST_P(BusConformance, BringsWhatWasPublishedAsItWas) {
  const std::string topic = NewTopic("whole", 3);
  const std::string bytes("\0\xff\r\n\"'\x80", 7);
  const std::vector<Header> headers = {{"ce_id", "1"}, {"ce_id", ""}, {"traceparent", bytes}};
  const std::vector<Message> messages = {{topic, bytes, bytes + bytes, headers}, {topic, "plain", "", {}}};
  EXPECT_THAT(NewProducer()->Publish(messages), ElementsAre(IsOk(), IsOk()));
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 2; }));
  std::map<std::string, Record> by_key;
  for (const Record& record : reader.seen()) by_key[record.key] = record;
  EXPECT_EQ(by_key[bytes].value, bytes + bytes);
  EXPECT_EQ(by_key[bytes].headers, headers);
  EXPECT_EQ(by_key[bytes].from.topic, topic);
  EXPECT_EQ(by_key["plain"].value, "");
  EXPECT_THAT(by_key["plain"].headers, IsEmpty());
  EXPECT_GT(by_key["plain"].append_time, absl::UnixEpoch());
}

TEST_P(BusConformance, KeepsTheOrderOfAKey) {
  const std::string topic = NewTopic("order", 3);
  std::vector<Message> messages;
  for (int i = 0; i < 300; ++i) messages.push_back({topic, absl::StrCat("key", i % 7), absl::StrCat(i), {}});
  EXPECT_THAT(NewProducer()->Publish(messages), Each(IsOk()));
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 300; }));
  std::map<std::string, std::vector<std::string>> got;
  std::map<std::string, std::set<TopicPartition>> places;
  for (const Record& record : reader.seen()) {
    got[record.key].push_back(record.value);
    places[record.key].insert(record.from);
  }
  std::map<std::string, std::vector<std::string>> sent;
  for (const Message& message : messages) sent[message.key].push_back(message.value);
  EXPECT_EQ(got, sent);
  for (const auto& [key, partitions] : places) EXPECT_EQ(partitions.size(), 1) << key;
}

TEST_P(BusConformance, KeepsTheOrderOfAcknowledgementsAcrossThreads) {
  const std::string topic = NewTopic("races", 2);
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  struct Span {
    int before = 0;
    int after = 0;
  };
  std::vector<Span> spans(kThreads * kEach);
  std::atomic<int> ticks = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const std::unique_ptr<Producer> producer = NewProducer();
      for (int id = thread * kEach; id < (thread + 1) * kEach; ++id) {
        spans[id].before = ++ticks;
        EXPECT_THAT(producer->Publish({{topic, "one key", absl::StrCat(id), {}}}), ElementsAre(IsOk()));
        spans[id].after = ++ticks;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == spans.size(); }));
  int latest_before = 0;
  for (const Record& record : reader.seen()) {
    const Span& span = spans[std::stoul(record.value)];
    // It must not stand behind a record whose Publish began after its own had returned.
    EXPECT_GT(span.after, latest_before) << record.value;
    latest_before = std::max(latest_before, span.before);
  }
}

TEST_P(BusConformance, LosesAndInventsNothingWithManyPublishers) {
  const std::string topic = NewTopic("many", 4);
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  const std::unique_ptr<Producer> producer = NewProducer();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_THAT(producer->Publish({{topic, absl::StrCat("key", thread), absl::StrCat(i), {}}}),
                    ElementsAre(IsOk()));
      }
    });
  }
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  EXPECT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() >= kThreads * kEach; }));
  for (std::thread& thread : threads) thread.join();
  reader.Turn();
  std::map<std::string, std::vector<std::string>> got;
  for (const Record& record : reader.seen()) got[record.key].push_back(record.value);
  EXPECT_EQ(got.size(), kThreads);
  for (const auto& [key, values] : got) EXPECT_EQ(values, Numbered("", kEach)) << key;
}

TEST_P(BusConformance, GivesNothingOfAPartitionThatIsNotStarted) {
  const std::string topic = NewTopic("unstarted", 1);
  PublishAll(topic, "key", {"a"});
  const std::unique_ptr<Consumer> consumer = NewConsumer("group", {topic});
  const SystemMonotonicClock clock;
  const absl::Duration began = clock.Elapsed();
  std::vector<TopicPartition> assigned;
  while (assigned.empty() && clock.Elapsed() - began < factory_->patience()) {
    absl::StatusOr<Polled> polled = consumer->Poll({.wait = absl::Milliseconds(20)});
    ASSERT_THAT(polled, IsOk());
    EXPECT_THAT(polled->records, IsEmpty());
    EXPECT_THAT(polled->ends, IsEmpty());
    assigned = polled->assigned;
  }
  ASSERT_THAT(assigned, ElementsAre(TopicPartition{topic, 0}));
  absl::StatusOr<Polled> polled = consumer->Poll({.wait = factory_->quiet_time()});
  ASSERT_THAT(polled, IsOk());
  EXPECT_THAT(polled->records, IsEmpty());
  EXPECT_THAT(polled->ends, IsEmpty());
}

TEST_P(BusConformance, RedeliversARecordWhosePositionWasNotKept) {
  const std::string topic = NewTopic("again", 1);
  PublishAll(topic, "key", {"a", "b", "c"});
  for (int attempt = 0; attempt < 2; ++attempt) {
    Positions forgotten;
    Reader reader(NewConsumer("group", {topic}), forgotten);
    ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 3; }));
    EXPECT_THAT(Values(reader.seen()), ElementsAre("a", "b", "c"));
    // Advice to others, even when it is taken, does not move the reader.
    EXPECT_THAT(reader.consumer().Commit({topic, 0}, reader.seen().back().offset + 1), IsOk());
  }
}

TEST_P(BusConformance, StartGoesBackAndForward) {
  const std::string topic = NewTopic("seek", 1);
  PublishAll(topic, "key", {"a", "b", "c"});
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 3; }));
  const TopicPartition partition{topic, 0};
  const int64_t second = reader.seen()[1].offset;
  const int64_t third = reader.seen()[2].offset;

  positions[partition] = second;
  ASSERT_THAT(reader.consumer().Start(partition, second), IsOk());
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 5; }));
  EXPECT_THAT(Values(reader.seen()), ElementsAre("a", "b", "c", "b", "c"));

  positions[partition] = 0;
  ASSERT_THAT(reader.consumer().Start(partition, 0), IsOk());
  positions[partition] = third;
  ASSERT_THAT(reader.consumer().Start(partition, third), IsOk());
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 6; }));
  EXPECT_THAT(Values(reader.seen()), ElementsAre("a", "b", "c", "b", "c", "c"));
}

TEST_P(BusConformance, RefusesToStartBeyondTheEnd) {
  const std::string topic = NewTopic("beyond", 1);
  PublishAll(topic, "key", {"a"});
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 1; }));
  const TopicPartition partition{topic, 0};
  const int64_t end = reader.seen()[0].offset + 1;
  EXPECT_THAT(reader.consumer().Start(partition, end + 1), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(reader.consumer().Start(partition, -1), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(reader.consumer().Start(partition, end), IsOk());
  PublishAll(topic, "key", {"b"});
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 2; }));
  EXPECT_EQ(reader.seen()[1].value, "b");
}

TEST_P(BusConformance, RefusesToStartWhatIsNotAssigned) {
  const std::string topic = NewTopic("foreign", 1);
  const std::string other = NewTopic("other", 1);
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return !reader.held().empty(); }));
  EXPECT_THAT(reader.consumer().Start({other, 0}, 0), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(reader.consumer().Start({topic, 1}, 0), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(BusConformance, TellsTheEndOnlyWhenItIsReached) {
  const std::string topic = NewTopic("ends", 2);
  const int count = 10;
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  // An empty partition has an end, too.
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.ends().size() == 2; }));
  PublishAll(topic, "key", Numbered("", count));
  const SystemMonotonicClock clock;
  const absl::Duration began = clock.Elapsed();
  while (reader.seen().size() < count && clock.Elapsed() - began < factory_->patience()) {
    reader.Turn({.records_max = 3, .wait = absl::Milliseconds(20)});
    if (reader.seen().empty()) continue;
    const bool at_end = reader.ends().contains(reader.seen().back().from);
    EXPECT_TRUE(!at_end || reader.seen().size() == count) << reader.seen().size();
  }
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.ends().size() == 2; }));
  EXPECT_EQ(Values(reader.seen()), Numbered("", count));
}

TEST_P(BusConformance, KeepsToTheLimitsOfAPoll) {
  const std::string topic = NewTopic("limits", 1);
  PublishAll(topic, "key", std::vector<std::string>(6, std::string(1000, 'x')));
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 6; }));
  const auto most_in_one_turn = [&](const PollLimits& limits) {
    positions[{topic, 0}] = 0;
    EXPECT_THAT(reader.consumer().Start({topic, 0}, 0), IsOk());
    const size_t before = reader.seen().size();
    size_t most = 0;
    const SystemMonotonicClock clock;
    const absl::Duration began = clock.Elapsed();
    while (reader.seen().size() < before + 6 && clock.Elapsed() - began < factory_->patience()) {
      const size_t seen = reader.seen().size();
      reader.Turn(limits);
      most = std::max(most, reader.seen().size() - seen);
    }
    EXPECT_EQ(reader.seen().size(), before + 6);
    return most;
  };
  EXPECT_LE(most_in_one_turn({.records_max = 4, .wait = absl::Milliseconds(20)}), 4);
  EXPECT_LE(most_in_one_turn({.bytes_max = 2500, .wait = absl::Milliseconds(20)}), 2);
  EXPECT_EQ(most_in_one_turn({.bytes_max = 1, .wait = absl::Milliseconds(20)}), 1);
  EXPECT_THAT(reader.consumer().Poll({.records_max = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(reader.consumer().Poll({.bytes_max = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(BusConformance, WakesAWaitingPollWhenARecordComes) {
  const std::string topic = NewTopic("wake", 1);
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.ends().size() == 1; }));
  std::thread publisher([&] { PublishAll(topic, "key", {"a"}); });
  const SystemMonotonicClock clock;
  const absl::Duration began = clock.Elapsed();
  while (reader.seen().empty() && clock.Elapsed() - began < factory_->patience()) {
    reader.Turn({.wait = factory_->patience()});
  }
  publisher.join();
  EXPECT_THAT(Values(reader.seen()), ElementsAre("a"));
  EXPECT_LT(clock.Elapsed() - began, factory_->patience());
}

// Which partitions both hold, sorted; empty if one is held by both.
std::vector<TopicPartition> Union(const Reader& one, const Reader& other) {
  std::vector<TopicPartition> all(one.held().begin(), one.held().end());
  for (const TopicPartition& partition : other.held()) {
    if (one.held().contains(partition)) return {};
    all.push_back(partition);
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST_P(BusConformance, SharesPartitionsAndLosesNothingWhenMembersComeAndGo) {
  const std::string topic = NewTopic("shared", 4);
  const std::vector<TopicPartition> everything = {{topic, 0}, {topic, 1}, {topic, 2}, {topic, 3}};
  Positions positions;
  int published = 0;
  const auto publish = [&] {
    std::vector<Message> messages;
    for (int i = 0; i < 40; ++i, ++published) {
      messages.push_back({topic, absl::StrCat("key", i), absl::StrCat(published), {}});
    }
    EXPECT_THAT(NewProducer()->Publish(messages), Each(IsOk()));
  };
  Reader first(NewConsumer("group", {topic}), positions);
  publish();
  ASSERT_TRUE(TurnUntil(*factory_, {&first}, [&] { return first.held().size() == 4; }));
  auto second = std::make_unique<Reader>(NewConsumer("group", {topic}), positions);
  publish();
  ASSERT_TRUE(TurnUntil(*factory_, {&first, second.get()}, [&] {
    return first.held().size() == 2 && second->held().size() == 2 && Union(first, *second) == everything;
  }));
  publish();
  // Turns until both have read to the end of what they hold.
  ASSERT_TRUE(TurnUntil(*factory_, {&first, second.get()},
                        [&] { return first.seen().size() + second->seen().size() >= static_cast<size_t>(published); }));
  publish();
  std::vector<std::string> seen = Values(second->seen());
  EXPECT_FALSE(seen.empty());
  second.reset();
  ASSERT_TRUE(TurnUntil(*factory_, {&first}, [&] {
    return first.held().size() == 4 && first.seen().size() + seen.size() >= static_cast<size_t>(published);
  }));
  for (const Record& record : first.seen()) seen.push_back(record.value);
  EXPECT_THAT(seen, IsSupersetOf(Numbered("", published)));
}

TEST_P(BusConformance, LosesTheStartOfAPartitionThatWasTakenAway) {
  const std::string topic = NewTopic("taken", 1);
  Positions positions;
  Reader first(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&first}, [&] { return !first.held().empty(); }));
  {
    Reader second(NewConsumer("group", {topic}), positions);
    // One partition for two: one of them goes without.
    ASSERT_TRUE(TurnUntil(*factory_, {&first, &second}, [&] {
      return Union(first, second) == std::vector<TopicPartition>{{topic, 0}};
    }));
  }
  ASSERT_TRUE(TurnUntil(*factory_, {&first}, [&] { return !first.held().empty() && !first.ends().empty(); }));
  PublishAll(topic, "key", {"a"});
  ASSERT_TRUE(TurnUntil(*factory_, {&first}, [&] { return !first.seen().empty(); }));
  EXPECT_THAT(Values(first.seen()), ElementsAre("a"));
}

TEST_P(BusConformance, GroupsDoNotDisturbEachOther) {
  const std::string topic = NewTopic("groups", 2);
  PublishAll(topic, "key", {"a", "b"});
  Positions positions_of_one;
  Positions positions_of_two;
  Reader one(NewConsumer("one", {topic}), positions_of_one);
  Reader two(NewConsumer("two", {topic}), positions_of_two);
  ASSERT_TRUE(TurnUntil(*factory_, {&one, &two}, [&] { return one.seen().size() == 2 && two.seen().size() == 2; }));
  EXPECT_EQ(one.held().size(), 2);
  EXPECT_EQ(two.held().size(), 2);
  EXPECT_EQ(Values(one.seen()), Values(two.seen()));
}

TEST_P(BusConformance, ReadsSeveralTopics) {
  const std::string a = NewTopic("a", 1);
  const std::string b = NewTopic("b", 2);
  PublishAll(a, "key", {"from a"});
  PublishAll(b, "key", {"from b"});
  Positions positions;
  Reader reader(NewConsumer("group", {a, b, a}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 2; }));
  EXPECT_THAT(Values(reader.seen()), UnorderedElementsAre("from a", "from b"));
  EXPECT_EQ(reader.held().size(), 3);
}

TEST_P(BusConformance, RefusesMessagesOneByOne) {
  const std::string topic = NewTopic("refused", 2);
  const std::string large(static_cast<size_t>(bus_->capabilities().message_bytes_max) + 1, 'x');
  const std::vector<Message> messages = {
      {topic, "good", "1", {}},    {topic, "", "no key", {}},
      {topic, "bad", large, {}},   {topic, "good", "2", {}},
      {topic, "bad", "after", {}}, {Name("unknown"), "good", "x", {}},
      {topic, "good", "3", {}},    {topic, "headers", "", {{"name", large}}},
  };
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(NewProducer()->Publish(messages), ElementsAre(IsOk(), invalid, invalid, IsOk(), invalid,
                                                            StatusIs(absl::StatusCode::kNotFound), IsOk(), invalid));
  EXPECT_THAT(NewProducer()->Publish({}), IsEmpty());
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.ends().size() == 2; }));
  EXPECT_THAT(Values(reader.seen()), ElementsAre("1", "2", "3"));
}

TEST_P(BusConformance, TakesAMessageOfTheLargestSize) {
  const std::string topic = NewTopic("large", 1);
  const std::string largest(static_cast<size_t>(bus_->capabilities().message_bytes_max) - 3, 'x');
  EXPECT_THAT(NewProducer()->Publish({{topic, "key", largest, {}}}), ElementsAre(IsOk()));
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 1; }));
  EXPECT_TRUE(reader.seen()[0].value == largest);
}

TEST_P(BusConformance, TellsWhatEachPartitionOfATopicHolds) {
  const std::string topic = Name("measured");
  EXPECT_THAT(bus_->Extents(topic, factory_->patience()), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(bus_->EnsureTopics({{topic, 3}}), IsOk());
  std::vector<Extent> extents(3);
  EXPECT_THAT(bus_->Extents(topic, factory_->patience()), IsOkAndHolds(extents));
  PublishAll(topic, "key", {"a", "b"});
  extents[static_cast<size_t>(PartitionOf("key", 3))] = {0, 2};
  EXPECT_THAT(bus_->Extents(topic, factory_->patience()), IsOkAndHolds(extents));
}

TEST_P(BusConformance, EnsureTopicsChangesNothingThatExists) {
  const std::string topic = NewTopic("ensured", 2);
  PublishAll(topic, "key", {"a"});
  EXPECT_THAT(bus_->EnsureTopics({{topic, 2}, {topic, 2}}), IsOk());
  const std::string fresh = Name("fresh");
  EXPECT_THAT(bus_->EnsureTopics({{fresh, 1}, {topic, 3}}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(bus_->EnsureTopics({{fresh, 1}, {fresh, 2}}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(bus_->EnsureTopics({{fresh, 1}, {Name("none"), 0}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(bus_->EnsureTopics({{fresh, 1}, {"white space", 1}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(bus_->EnsureTopics({{fresh, 1}, {"", 1}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(bus_->NewConsumer(Name("group"), {fresh}), StatusIs(absl::StatusCode::kNotFound));
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 1; }));
}

TEST_P(BusConformance, RefusesAConsumerWithoutGroupOrTopic) {
  const std::string topic = NewTopic("named", 1);
  EXPECT_THAT(bus_->NewConsumer("", {topic}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(bus_->NewConsumer(Name("group"), {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(BusConformance, FindsEverythingAfterReopening) {
  if (!bus_->capabilities().survives_reopen) return;  // Declared: nothing is promised.
  const std::string topic = NewTopic("reopened", 2);
  PublishAll(topic, "key", {"a", "b"});
  Positions positions;
  {
    Reader reader(NewConsumer("group", {topic}), positions);
    ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 2; }));
  }
  Reopen();
  EXPECT_THAT(bus_->EnsureTopics({{topic, 2}}), IsOk());
  PublishAll(topic, "key", {"c"});
  Reader later(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&later}, [&] { return !later.seen().empty(); }));
  EXPECT_THAT(Values(later.seen()), ElementsAre("c"));
  Positions none;
  Reader from_the_start(NewConsumer("another", {topic}), none);
  ASSERT_TRUE(TurnUntil(*factory_, {&from_the_start}, [&] { return from_the_start.seen().size() == 3; }));
  EXPECT_THAT(Values(from_the_start.seen()), ElementsAre("a", "b", "c"));
}

// Publishes and dies at once, without closing anything. The exit code tells how far it got.
[[noreturn]] void PublishAndDie(BusFactory& factory, const std::vector<Message>& messages) {
  const absl::StatusOr<std::unique_ptr<Bus>> bus = factory.Open();
  if (!bus.ok()) _exit(10);
  const absl::StatusOr<std::unique_ptr<Producer>> producer = (*bus)->NewProducer();
  if (!producer.ok()) _exit(11);
  for (const absl::Status& status : (*producer)->Publish(messages)) {
    if (!status.ok()) _exit(12);
  }
  _exit(0);
}

TEST_P(BusConformance, KeepsWhatADyingProcessGotAcknowledged) {
  if (!bus_->capabilities().survives_reopen) return;  // Declared: nothing is promised.
  const std::string topic = NewTopic("killed", 1);
  bus_.reset();
  for (int round = 0; round < 3; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) PublishAndDie(*factory_, {{topic, "key", absl::StrCat(round), {{"name", "value"}}}});
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    ASSERT_TRUE(WIFEXITED(ended));
    ASSERT_EQ(WEXITSTATUS(ended), 0);
  }
  Reopen();
  Positions positions;
  Reader reader(NewConsumer("group", {topic}), positions);
  ASSERT_TRUE(TurnUntil(*factory_, {&reader}, [&] { return reader.seen().size() == 3; }));
  EXPECT_THAT(Values(reader.seen()), ElementsAre("0", "1", "2"));
}

}  // namespace

}  // namespace polku::bus
