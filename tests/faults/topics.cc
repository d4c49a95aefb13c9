#include "tests/faults/topics.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"

namespace polku::faults {
namespace {

using bus::kafka::Client;
using bus::kafka::Partitions;
using bus::kafka::StatusOf;

constexpr int kTimeoutMillis = 10000;
constexpr absl::Duration kReadMax = absl::Seconds(60);
constexpr int kPollMillis = 200;

using Message = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;

std::optional<std::string> Text(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(bytes), size);
}

RawRecord RecordOf(const rd_kafka_message_t& message) {
  RawRecord record{message.partition, Text(message.key, message.key_len), Text(message.payload, message.len), {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.emplace_back(name, Text(value, size).value_or(""));
  }
  return record;
}

// The place that each record got, or why not.
void Delivered(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto* place = static_cast<absl::StatusOr<std::string>*>(message->_private);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    *place = StatusOf(message->err, "write a record");
  } else {
    *place = PlaceOf(rd_kafka_topic_name(message->rkt), message->partition, message->offset);
  }
}

absl::Status Send(rd_kafka_t* client, const std::string& topic, const RawRecord& record,
                  absl::StatusOr<std::string>* place) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  const std::string key = record.key.value_or("");
  std::string value = record.value.value_or("");
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
      RD_KAFKA_V_KEY(record.key.has_value() ? key.data() : nullptr, key.size()),
      RD_KAFKA_V_VALUE(record.value.has_value() ? value.data() : nullptr, value.size()),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(place), RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return StatusOf(error, "write a record");
}

}  // namespace

std::string PlaceOf(const std::string& topic, int partition, int64_t offset) {
  return absl::StrCat(topic, "/", partition, "/", offset);
}

absl::StatusOr<Client> Topics::Connect(rd_kafka_type_t type, const bus::kafka::Settings& settings) const {
  bus::KafkaBusOptions options;
  options.bootstrap_servers = bootstrap_servers_;
  ASSIGN_OR_RETURN(bus::kafka::Conf conf, bus::kafka::MakeConf(options, settings));
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), Delivered);
  return bus::kafka::MakeClient(type, std::move(conf));
}

absl::StatusOr<Partitions> Topics::PartitionsOf(rd_kafka_t* client, const std::set<std::string>& topics) const {
  Partitions partitions = bus::kafka::MakePartitions(topics.size());
  for (const std::string& topic : topics) {
    const SystemMonotonicClock clock;
    absl::StatusOr<std::optional<int>> count;
    do {  // A broker that was away for a moment looks for leaders first.
      count = bus::kafka::CountPartitions(client, topic, absl::Milliseconds(kTimeoutMillis));
    } while (absl::IsUnavailable(count.status()) && clock.Elapsed() < kReadMax);
    RETURN_IF_ERROR(count.status());
    for (int i = 0; i < count->value_or(0); ++i) rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), i);
  }
  return partitions;
}

absl::StatusOr<std::vector<RawRecord>> Topics::ReadAll(const std::string& topic) const {
  ASSIGN_OR_RETURN(const Client client, Connect(RD_KAFKA_CONSUMER, {{"group.id", "faults"},
                                                                    {"enable.auto.commit", "false"},
                                                                    {"enable.partition.eof", "true"},
                                                                    {"auto.offset.reset", "earliest"}}));
  rd_kafka_poll_set_consumer(client.get());
  ASSIGN_OR_RETURN(const Partitions partitions, PartitionsOf(client.get(), {topic}));
  for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
  RETURN_IF_ERROR(StatusOf(rd_kafka_assign(client.get(), partitions.get()), "assign"));
  std::map<int, std::vector<RawRecord>> by_partition;
  std::set<int> ended;
  const SystemMonotonicClock clock;
  while (static_cast<int>(ended.size()) < partitions->cnt) {
    if (clock.Elapsed() > kReadMax) return absl::UnavailableError(absl::StrCat("the end of ", topic, " does not come"));
    const Message message(rd_kafka_consumer_poll(client.get(), kPollMillis), &rd_kafka_message_destroy);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ended.insert(message->partition);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) by_partition[message->partition].push_back(RecordOf(*message));
  }
  std::vector<RawRecord> records;
  for (auto& [partition, some] : by_partition) records.insert(records.end(), some.begin(), some.end());
  rd_kafka_consumer_close(client.get());
  return records;
}

absl::StatusOr<std::vector<std::string>> Topics::Write(const std::string& topic,
                                                       const std::vector<RawRecord>& records) const {
  ASSIGN_OR_RETURN(const Client client, Connect(RD_KAFKA_PRODUCER, {{"partitioner", "murmur2_random"}}));
  std::vector<absl::StatusOr<std::string>> answers(records.size(), absl::UnavailableError("no answer"));
  for (size_t i = 0; i < records.size(); ++i) RETURN_IF_ERROR(Send(client.get(), topic, records[i], &answers[i]));
  RETURN_IF_ERROR(StatusOf(rd_kafka_flush(client.get(), kTimeoutMillis), "flush"));
  std::vector<std::string> places;
  for (const absl::StatusOr<std::string>& answer : answers) {
    RETURN_IF_ERROR(answer.status());
    places.push_back(*answer);
  }
  return places;
}

absl::StatusOr<std::map<std::string, int64_t>> Topics::Committed(const std::string& group,
                                                                 const std::set<std::string>& topics) const {
  ASSIGN_OR_RETURN(const Client client,
                   Connect(RD_KAFKA_CONSUMER, {{"group.id", group}, {"enable.auto.commit", "false"}}));
  ASSIGN_OR_RETURN(const Partitions partitions, PartitionsOf(client.get(), topics));
  RETURN_IF_ERROR(
      StatusOf(rd_kafka_committed(client.get(), partitions.get(), kTimeoutMillis), "ask what is committed"));
  std::map<std::string, int64_t> committed;
  for (int i = 0; i < partitions->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = partitions->elems[i];
    if (each.offset >= 0) committed[absl::StrCat(each.topic, "/", each.partition)] = each.offset;
  }
  return committed;
}

absl::Status Topics::AwaitReplicas() const {
  ASSIGN_OR_RETURN(const Client client, Connect(RD_KAFKA_PRODUCER, {}));
  const SystemMonotonicClock clock;
  while (clock.Elapsed() < kReadMax) {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client.get(), 1, nullptr, &metadata, kTimeoutMillis) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    bool whole = true;
    for (int topic = 0; topic < metadata->topic_cnt; ++topic) {
      for (int i = 0; i < metadata->topics[topic].partition_cnt; ++i) {
        const rd_kafka_metadata_partition_t& partition = metadata->topics[topic].partitions[i];
        whole = whole && partition.leader >= 0 && partition.isr_cnt == partition.replica_cnt;
      }
    }
    rd_kafka_metadata_destroy(metadata);
    if (whole) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(kPollMillis));
  }
  return absl::UnavailableError("replicas do not come into step");
}

absl::Status Topics::ResetGroup(const std::string& group, const std::set<std::string>& topics) const {
  ASSIGN_OR_RETURN(const Client client,
                   Connect(RD_KAFKA_CONSUMER, {{"group.id", group}, {"enable.auto.commit", "false"}}));
  ASSIGN_OR_RETURN(const Partitions partitions, PartitionsOf(client.get(), topics));
  for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = 0;
  return StatusOf(rd_kafka_commit(client.get(), partitions.get(), /*async=*/0), "reset the group");
}

}  // namespace polku::faults
