#include "libs/bus/kafka/consumer.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"

namespace polku::bus::kafka {
namespace {

// Leaving the group can hang in librdkafka 2.0.2; the group notices by the session timeout instead.
constexpr absl::Duration kLeave = absl::Seconds(2);
constexpr absl::Duration kClose = absl::Seconds(5);
// The answer to one tells a member that the group deals anew.
constexpr absl::Duration kHeartbeat = absl::Milliseconds(500);
constexpr int kHeartbeats = 5;  // At least so many in a session timeout.
constexpr absl::Duration kServe = absl::Milliseconds(50);
constexpr absl::Duration kEndsBackOff = absl::Seconds(5);
// What the client may have fetched and not handed out yet; librdkafka's own default.
constexpr int64_t kQueuedBytesMax = 64 << 20;
constexpr int kStallLooks = 4;  // In a stall timeout, while records come.

int64_t BytesOf(const Record& record) {
  size_t bytes = record.key.size() + record.value.size();
  for (const Header& header : record.headers) bytes += header.name.size() + header.value.size();
  return static_cast<int64_t>(bytes);
}

// Whether the group knows it.
bool IsMember(rd_kafka_t* client) {
  char* id = rd_kafka_memberid(client);
  const bool known = id != nullptr && *id != 0;
  rd_kafka_mem_free(client, id);
  return known;
}

// librdkafka 2.0.2 may wait for ever for what it holds of a topic that was deleted. Such a client is left behind.
void Destroy(rd_kafka_t* client) {
  const auto destroyed = std::make_shared<absl::Notification>();
  std::thread([client, destroyed] {
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    destroyed->Notify();
  }).detach();
  if (destroyed->WaitForNotificationWithTimeout(kClose)) return;
  LogEvent(LogLevel::kError, "a client of the broker does not end, and is left behind", {});
}

void Add(const TopicPartition& partition, int64_t offset, const Partitions& list) {
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset = offset;
}

}  // namespace

absl::StatusOr<Client> KafkaConsumer::MakeMember() {
  Settings settings = {
      {"group.id", group_},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"enable.partition.eof", "true"},
      {"check.crcs", "true"},
      {"fetch.wait.max.ms", "100"},
      {"queued.max.messages.kbytes", absl::StrCat(kQueuedBytesMax >> 10)},
      {"partition.assignment.strategy", "roundrobin"},
      {"session.timeout.ms", absl::StrCat(Millis(options_.session_timeout))},
      {"heartbeat.interval.ms", absl::StrCat(Millis(std::min(kHeartbeat, options_.session_timeout / kHeartbeats)))}};
  if (!member_.empty()) settings.emplace_back("group.instance.id", member_);
  ASSIGN_OR_RETURN(Conf conf, MakeConf(options_, settings));
  rd_kafka_conf_set_rebalance_cb(conf.get(), Rebalance);
  rd_kafka_conf_set_opaque(conf.get(), this);
  ASSIGN_OR_RETURN(Client client, MakeClient(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(client.get());
  return client;
}

absl::StatusOr<Client> KafkaConsumer::MakeAsker() const {
  ASSIGN_OR_RETURN(Conf conf, MakeConf(options_, {}));
  return MakeClient(RD_KAFKA_PRODUCER, std::move(conf));
}

absl::Status KafkaConsumer::Join() {
  ASSIGN_OR_RETURN(Client client, MakeMember());
  if (asker_ == nullptr) {
    ASSIGN_OR_RETURN(asker_, MakeAsker());
  }
  const Partitions wanted = MakePartitions(topics_.size());
  for (const std::string& topic : topics_) {
    ASSIGN_OR_RETURN(const std::optional<int> partitions,
                     CountPartitions(asker_.get(), topic, options_.request_timeout));
    if (!partitions.has_value()) return absl::NotFoundError(absl::StrCat("new consumer: no topic ", topic));
    rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  RETURN_IF_ERROR(StatusOf(rd_kafka_subscribe(client.get(), wanted.get()), "subscribe"));
  client_ = std::move(client);
  return absl::OkStatus();
}

// Taking back the subscription is the one way by which librdkafka lets a member with a name leave.
void KafkaConsumer::LeaveGroup() {
  if (client_ == nullptr || member_.empty()) return;
  rd_kafka_unsubscribe(client_.get());
  const absl::Duration end = options_.clock->Elapsed() + kLeave;
  while (IsMember(client_.get()) && options_.clock->Elapsed() < end) {
    const MessagePtr dropped(rd_kafka_consumer_poll(client_.get(), Millis(kServe)), rd_kafka_message_destroy);
  }
}

void KafkaConsumer::Close() {
  if (client_ == nullptr) return;
  rd_kafka_t* client = client_.release();
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_error_t* error = rd_kafka_consumer_close_queue(client, queue);
  const bool closes = error == nullptr;
  if (error != nullptr) rd_kafka_error_destroy(error);
  const absl::Duration end = options_.clock->Elapsed() + kClose;
  while (closes && rd_kafka_consumer_closed(client) == 0 && options_.clock->Elapsed() < end) {
    // Records that wait come, too; they come again to whoever reads on.
    const MessagePtr dropped(rd_kafka_consume_queue(queue, Millis(kServe)), rd_kafka_message_destroy);
  }
  rd_kafka_queue_destroy(queue);
  Destroy(client);
  held_.clear();
  to_start_again_.clear();
  kept_.reset();
  rebalanced_ = true;
}

// Called inside Poll, LeaveGroup and Close only.
void KafkaConsumer::Rebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                              rd_kafka_topic_partition_list_t* partitions, void* consumer) {
  auto& self = *static_cast<KafkaConsumer*>(consumer);
  self.held_.clear();
  self.to_start_again_.clear();
  self.kept_.reset();
  self.rebalanced_ = true;
  self.assign_ = false;
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    for (int i = 0; i < partitions->cnt; ++i) {
      self.held_.try_emplace({partitions->elems[i].topic, partitions->elems[i].partition});
    }
    // Ours, and nothing is read of it until it is started.
    rd_kafka_assign(client, MakePartitions(0).get());
  } else {
    rd_kafka_assign(client, nullptr);
  }
  rd_kafka_yield(client);
}

absl::Status KafkaConsumer::CheckHeld(const TopicPartition& partition, absl::string_view what) const {
  if (held_.contains(partition) && told_.contains(partition)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(what, " ", partition.topic, "/", partition.partition, ": not assigned to this consumer"));
}

absl::Status KafkaConsumer::Start(const TopicPartition& partition, int64_t offset) {
  RETURN_IF_ERROR(CheckHeld(partition, "start"));
  ASSIGN_OR_RETURN(const std::vector<Extent> found,
                   FindExtents(asker_.get(), {partition}, *options_.clock, options_.ends_timeout));
  const Extent& kept = found[0];
  Place& place = held_.find(partition)->second;
  if (offset != 0 && (offset < kept.oldest || offset > kept.end)) {
    place.next.reset();
    assign_ = true;
    return absl::OutOfRangeError(absl::StrCat("start ", partition.topic, "/", partition.partition, ": offset ", offset,
                                              " is not in ", kept.oldest, " to ", kept.end));
  }
  place.next = std::max(offset, kept.oldest);
  assign_ = true;
  return absl::OkStatus();
}

absl::Status KafkaConsumer::Commit(const TopicPartition& partition, int64_t offset) {
  RETURN_IF_ERROR(CheckHeld(partition, "commit"));
  if (offset < 0) return absl::OutOfRangeError(absl::StrCat("commit ", partition.topic, ": offset ", offset));
  const Partitions list = MakePartitions(1);
  Add(partition, offset, list);
  return StatusOf(rd_kafka_commit(client_.get(), list.get(), /*async=*/1), "commit");
}

absl::Status KafkaConsumer::AssignStarted() {
  if (!assign_) return absl::OkStatus();
  kept_.reset();  // It comes again.
  const Partitions list = MakePartitions(held_.size());
  for (const auto& [partition, place] : held_) {
    if (place.next.has_value()) Add(partition, *place.next, list);
  }
  RETURN_IF_ERROR(StatusOf(rd_kafka_assign(client_.get(), list.get()), "assign"));
  assign_ = false;
  return absl::OkStatus();
}

void KafkaConsumer::TakeError(const rd_kafka_message_t& message) {
  if (message.rkt == nullptr || message.partition < 0) {
    LogEvent(LogLevel::kWarning, "consumer", {{"group", group_}, {"status", StatusOf(message.err, "poll")}});
    return;
  }
  const auto held = held_.find(PlaceOf(message));
  if (held == held_.end() || !held->second.next.has_value()) return;
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    held->second.next = std::max(*held->second.next, message.offset);
    return;
  }
  LogEvent(LogLevel::kWarning, "partition cannot be read",
           {{"group", group_},
            {"topic", held->first.topic},
            {"partition", held->first.partition},
            {"status", StatusOf(message.err, "poll")}});
  // Records that we have not read are gone, or the topic is.
  const bool gone = message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                    message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
                    message.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (gone) TakeAway(held->first, held->second);
}

// Start says what is wrong, to whom it concerns.
void KafkaConsumer::TakeAway(const TopicPartition& partition, Place& place) {
  place.next.reset();
  place.behind.reset();
  to_start_again_.push_back(partition);
  assign_ = true;
}

// librdkafka goes on in a topic of the same name as if nothing had happened. While there is none a question for ends
// has no answer, and one for the topic has.
void KafkaConsumer::TakeAwayLostTopics() {
  std::map<std::string, bool> lost;
  for (auto& [partition, place] : held_) {
    if (!place.next.has_value()) continue;
    const auto [topic, unasked] = lost.try_emplace(partition.topic, false);
    if (unasked) {
      const auto partitions = CountPartitions(asker_.get(), partition.topic, options_.ends_timeout);
      if (!partitions.ok()) return;  // Nobody answers at all.
      topic->second = !partitions->has_value();
    }
    if (!topic->second) continue;
    LogEvent(LogLevel::kError, "a topic is gone",
             {{"group", group_}, {"topic", partition.topic}, {"partition", partition.partition}});
    TakeAway(partition, place);
  }
}

void KafkaConsumer::TakeRecord(Record record, const PollLimits& limits, Polled& polled, int64_t& bytes) {
  const auto held = held_.find(record.from);
  if (held == held_.end() || !held->second.next.has_value() || record.offset < *held->second.next) return;
  bytes += BytesOf(record);
  if (bytes > limits.bytes_max && !polled.records.empty()) {
    kept_ = std::move(record);
    return;
  }
  held->second.next = record.offset + 1;
  held->second.behind.reset();
  polled.records.push_back(std::move(record));
}

bool KafkaConsumer::Take(absl::Duration wait, const PollLimits& limits, Polled& polled, int64_t& bytes) {
  const MessagePtr message(rd_kafka_consumer_poll(client_.get(), Millis(wait)), rd_kafka_message_destroy);
  if (message == nullptr) return false;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    TakeRecord(RecordOf(*message), limits, polled, bytes);
  } else {
    TakeError(*message);
  }
  return true;
}

// Asks the brokers: what was acknowledged before this Poll began lies before the ends that they tell now.
void KafkaConsumer::FindEnds(bool client_empty, Polled& polled) {
  const absl::Duration began = options_.clock->Elapsed();
  if (began < (client_empty ? ask_ends_at_ : look_for_stalls_at_)) return;
  look_for_stalls_at_ = began + options_.stall_timeout / kStallLooks;
  std::vector<TopicPartition> started;
  for (const auto& [partition, place] : held_) {
    if (place.next.has_value()) started.push_back(partition);
  }
  if (started.empty()) return;
  const auto ends = AskOffsets(asker_.get(), started, RD_KAFKA_OFFSET_END, options_.ends_timeout);
  const absl::Duration now = options_.clock->Elapsed();
  ask_ends_at_ = now + (ends.ok() ? options_.ends_interval : kEndsBackOff);
  if (!ends.ok() || ends->size() < started.size()) TakeAwayLostTopics();
  if (!ends.ok()) return;
  for (const auto& [partition, end] : *ends) {
    Place& place = held_[partition];
    if (!place.next.has_value()) continue;  // Taken away just now.
    if (*place.next >= end) {
      polled.ends.push_back(partition);
      place.behind.reset();
    } else {
      if (!place.behind.has_value()) place.behind = {.since = now};
      place.behind->client_empty |= client_empty;
    }
  }
}

void KafkaConsumer::TellAssignment(Polled& polled) {
  if (rebalanced_) {
    polled.records.clear();  // They come again to whom they belong now.
    polled.ends.clear();
    polled.revoked.assign(told_.begin(), told_.end());
    told_.clear();
    for (const auto& [partition, place] : held_) {
      polled.assigned.push_back(partition);
      told_.insert(partition);
    }
    rebalanced_ = false;
    return;
  }
  polled.revoked = to_start_again_;
  polled.assigned = std::move(to_start_again_);
  to_start_again_.clear();
}

const TopicPartition* KafkaConsumer::FindStalled() const {
  const absl::Duration latest = options_.clock->Elapsed() - options_.stall_timeout;
  for (const auto& [partition, place] : held_) {
    if (!place.behind.has_value() || place.behind->since > latest) continue;
    if (place.behind->client_empty || place.behind->bytes > kQueuedBytesMax) return &partition;
  }
  return nullptr;
}

// What nobody has asked for cannot come.
void KafkaConsumer::ForgetWaiting() {
  const absl::Duration now = options_.clock->Elapsed();
  const bool away = now - std::exchange(polled_at_, now) > options_.stall_timeout / kStallLooks;
  if (!away) return;
  for (auto& [partition, place] : held_) place.behind.reset();
}

void KafkaConsumer::CloseIfBroken() {
  if (client_ == nullptr) return;
  const absl::Status failed = FatalError(client_.get());
  const TopicPartition* stalled = FindStalled();
  if (failed.ok() && stalled == nullptr) return;
  LogEvent(LogLevel::kWarning, "consumer is replaced",
           {{"group", group_},
            {"status", failed},
            {"stands", stalled == nullptr ? "" : absl::StrCat(stalled->topic, "/", stalled->partition)}});
  if (rd_kafka_fatal_error(client_.get(), nullptr, 0) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
    // Taking it back would begin a quarrel: each takes it from the other for ever.
    LogEvent(LogLevel::kError, "another program reads under the name of this one, which goes on without a name",
             {{"group", group_}, {"member", member_}});
    member_.clear();
  }
  Close();
}

// What the files hold while they are being replaced may not fit together. What is there goes on until it does.
void KafkaConsumer::CloseIfFilesChanged() {
  if (client_ == nullptr || !files_.Changed()) return;
  CertificateFiles files(options_.settings, options_.clock);
  if (const absl::Status usable = MakeAsker().status(); !usable.ok()) {
    LogEvent(LogLevel::kWarning, "files of bus.kafka_properties have changed and cannot be used",
             {{"group", group_}, {"status", usable}});
    return;
  }
  LogEvent(LogLevel::kInfo, "files of bus.kafka_properties have changed, consumer is replaced", {{"group", group_}});
  files_ = std::move(files);
  Close();
  asker_.reset();
}

absl::StatusOr<Polled> KafkaConsumer::Poll(const PollLimits& limits) {
  if (limits.records_max < 1 || limits.bytes_max < 1) return absl::InvalidArgumentError("poll: a limit below 1");
  ForgetWaiting();
  CloseIfBroken();
  CloseIfFilesChanged();
  if (client_ == nullptr) RETURN_IF_ERROR(Join());
  Polled polled;
  if (!rebalanced_) RETURN_IF_ERROR(AssignStarted());
  int64_t bytes = 0;
  if (kept_.has_value()) TakeRecord(*std::exchange(kept_, std::nullopt), limits, polled, bytes);
  bool empty = false;
  while (!rebalanced_ && !empty && !kept_.has_value() && static_cast<int>(polled.records.size()) < limits.records_max) {
    empty = !Take(polled.records.empty() ? limits.wait : absl::ZeroDuration(), limits, polled, bytes);
  }
  for (auto& [partition, place] : held_) {
    if (place.behind.has_value()) place.behind->bytes += bytes;
  }
  if (!rebalanced_) FindEnds(empty, polled);
  TellAssignment(polled);
  return polled;
}

}  // namespace polku::bus::kafka
