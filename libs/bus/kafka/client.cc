#include "libs/bus/kafka/client.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"

namespace polku::bus::kafka {
namespace {

// Room for what Kafka puts around a message.
constexpr int kEnvelopeBytes = 64 << 10;
constexpr absl::Duration kAskAgain = absl::Milliseconds(10);
constexpr char kGapless[] = "enable.gapless.guarantee";

// Set here and nowhere else: order, durability and positions hang on them.
constexpr std::array kOwn = {"acks",
                             "allow.auto.create.topics",
                             "auto.offset.reset",
                             "bootstrap.servers",
                             "enable.auto.commit",
                             "enable.auto.offset.store",
                             kGapless,
                             "enable.idempotence",
                             "enable.partition.eof",
                             "group.id",
                             "group.instance.id",
                             "message.max.bytes",
                             "message.timeout.ms",
                             "metadata.broker.list",
                             "partition.assignment.strategy",
                             "partitioner",
                             "request.required.acks",
                             "retries",
                             "session.timeout.ms"};

void Log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (absl::StrContains(text, kGapless)) return;  // "Experimental", at each start. We know, and rely on it.
  // An error to librdkafka is mostly a broker that is away for a moment.
  const LogLevel of_ours = level <= 2   ? LogLevel::kError
                           : level <= 4 ? LogLevel::kWarning
                           : level <= 6 ? LogLevel::kInfo
                                        : LogLevel::kDebug;
  LogEvent(of_ours, "librdkafka", {{"client", rd_kafka_name(client)}, {"facility", facility}, {"text", text}});
}

absl::Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 256> why{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) {
    return absl::OkStatus();
  }
  // Not the value: it may be a password.
  return absl::InvalidArgumentError(absl::StrCat("kafka setting ", name, " is unknown or has a bad value"));
}

absl::Status Answers(rd_kafka_event_t* event) {
  if (event == nullptr) return absl::UnavailableError("create topics: no answer");
  RETURN_IF_ERROR(StatusOf(rd_kafka_event_error(event), "create topics"));
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;  // By somebody else at the same time.
    RETURN_IF_ERROR(StatusOf(error, absl::StrCat("create topic ", rd_kafka_topic_result_name(results[i]))));
  }
  return absl::OkStatus();
}

std::string TextOf(const void* bytes, size_t size) {
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

}  // namespace

int Millis(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

absl::StatusOr<Conf> MakeConf(const KafkaBusOptions& options, const Settings& own) {
  Conf conf(rd_kafka_conf_new(), rd_kafka_conf_destroy);
  rd_kafka_conf_set_log_cb(conf.get(), Log);
  for (const auto& [name, value] : options.settings) {
    if (std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end()) {
      return absl::InvalidArgumentError(absl::StrCat("kafka setting ", name, " is not for others to set"));
    }
    RETURN_IF_ERROR(Set(conf.get(), name, value));
  }
  const Settings common = {{"bootstrap.servers", options.bootstrap_servers},
                           {"allow.auto.create.topics", "false"},
                           {"socket.nagle.disable", "true"},
                           {"reconnect.backoff.ms", "50"},
                           {"reconnect.backoff.max.ms", "2000"},
                           {"message.max.bytes", absl::StrCat(options.message_bytes_max + kEnvelopeBytes)}};
  for (const auto& [name, value] : common) RETURN_IF_ERROR(Set(conf.get(), name, value));
  for (const auto& [name, value] : own) RETURN_IF_ERROR(Set(conf.get(), name, value));
  return conf;
}

absl::StatusOr<Client> MakeClient(rd_kafka_type_t type, Conf conf) {
  std::array<char, 256> why{};
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), why.data(), why.size());
  if (client == nullptr) return absl::InvalidArgumentError(absl::StrCat("kafka client: ", why.data()));
  conf.release();  // It is the client's now.
  return Client(client, rd_kafka_destroy);
}

Partitions MakePartitions(size_t size) {
  return {rd_kafka_topic_partition_list_new(static_cast<int>(size)), rd_kafka_topic_partition_list_destroy};
}

absl::Status StatusOf(rd_kafka_resp_err_t error, absl::string_view what) {
  const std::string text = absl::StrCat(what, ": ", rd_kafka_err2str(error));
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return absl::NotFoundError(text);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return absl::InvalidArgumentError(text);
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return absl::OutOfRangeError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status FatalError(rd_kafka_t* client) {
  std::array<char, 256> why{};
  const rd_kafka_resp_err_t error = rd_kafka_fatal_error(client, why.data(), why.size());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("kafka client failed for good: ", why.data()));
}

absl::StatusOr<std::optional<int>> CountPartitions(rd_kafka_t* client, const std::string& topic,
                                                   absl::Duration timeout) {
  const std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)> named(
      rd_kafka_topic_new(client, topic.c_str(), nullptr), rd_kafka_topic_destroy);
  if (named == nullptr) return StatusOf(rd_kafka_last_error(), absl::StrCat("topic ", topic));
  const rd_kafka_metadata_t* found = nullptr;
  RETURN_IF_ERROR(
      StatusOf(rd_kafka_metadata(client, 0, named.get(), &found, Millis(timeout)), absl::StrCat("topic ", topic)));
  const std::unique_ptr<const rd_kafka_metadata_t, decltype(&rd_kafka_metadata_destroy)> metadata(
      found, rd_kafka_metadata_destroy);
  if (metadata->topic_cnt != 1) return std::optional<int>();
  const rd_kafka_metadata_topic& one = metadata->topics[0];
  if (one.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::optional<int>();
  RETURN_IF_ERROR(StatusOf(one.err, absl::StrCat("topic ", topic)));
  for (int i = 0; i < one.partition_cnt; ++i) {
    RETURN_IF_ERROR(StatusOf(one.partitions[i].err, absl::StrCat("topic ", topic, ", partition ", i)));
  }
  return std::optional<int>(one.partition_cnt);
}

absl::Status CreateTopics(rd_kafka_t* client, const KafkaBusOptions& options, absl::Span<const TopicWanted> topics) {
  std::vector<rd_kafka_NewTopic_t*> wanted;
  std::array<char, 256> why{};
  for (const TopicWanted& topic : topics) {
    rd_kafka_NewTopic_t* one =
        rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication_factor, why.data(), why.size());
    if (one == nullptr) break;
    rd_kafka_NewTopic_set_config(one, "max.message.bytes",
                                 absl::StrCat(options.message_bytes_max + kEnvelopeBytes).c_str());
    for (const auto& [name, value] : topic.settings) rd_kafka_NewTopic_set_config(one, name.c_str(), value.c_str());
    wanted.push_back(one);
  }
  absl::Status status;
  if (wanted.size() < topics.size()) {
    status = absl::InvalidArgumentError(absl::StrCat("create topic ", topics[wanted.size()].name, ": ", why.data()));
  } else {
    const Queue queue(rd_kafka_queue_new(client), rd_kafka_queue_destroy);
    rd_kafka_CreateTopics(client, wanted.data(), wanted.size(), nullptr, queue.get());
    const Event event(rd_kafka_queue_poll(queue.get(), Millis(options.request_timeout)), rd_kafka_event_destroy);
    status = Answers(event.get());
  }
  rd_kafka_NewTopic_destroy_array(wanted.data(), wanted.size());
  RETURN_IF_ERROR(status);
  std::vector<TopicPartition> made;
  for (const TopicWanted& topic : topics) {
    for (int i = 0; i < topic.partitions; ++i) made.push_back({topic.name, i});
  }
  return FindExtents(client, made, *options.clock, options.request_timeout).status();
}

absl::StatusOr<std::map<TopicPartition, int64_t>> AskOffsets(rd_kafka_t* client,
                                                             absl::Span<const TopicPartition> partitions, int64_t which,
                                                             absl::Duration timeout) {
  const Partitions list = MakePartitions(partitions.size());
  for (const TopicPartition& each : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(), each.partition)->offset = which;
  }
  RETURN_IF_ERROR(StatusOf(rd_kafka_offsets_for_times(client, list.get(), Millis(timeout)), "ask for offsets"));
  std::map<TopicPartition, int64_t> answers;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    if (each.err == RD_KAFKA_RESP_ERR_NO_ERROR && each.offset >= 0) {
      answers[{each.topic, each.partition}] = each.offset;
    }
  }
  return answers;
}

// Not by rd_kafka_query_watermark_offsets: when one of its two requests fails and is repeated, it has been seen to give
// the end for both.
absl::StatusOr<std::vector<Extent>> FindExtents(rd_kafka_t* client, absl::Span<const TopicPartition> partitions,
                                                const MonotonicClock& clock, absl::Duration timeout) {
  const absl::Duration end = clock.Elapsed() + timeout;
  while (true) {
    const auto oldest =
        AskOffsets(client, partitions, RD_KAFKA_OFFSET_BEGINNING, std::max(end - clock.Elapsed(), kAskAgain));
    const auto newest = AskOffsets(client, partitions, RD_KAFKA_OFFSET_END, std::max(end - clock.Elapsed(), kAskAgain));
    const absl::Status asked = oldest.ok() ? newest.status() : oldest.status();
    if (asked.ok() && oldest->size() == partitions.size() && newest->size() == partitions.size()) {
      std::vector<Extent> extents;
      for (const TopicPartition& each : partitions) extents.push_back({oldest->at(each), newest->at(each)});
      return extents;
    }
    if (clock.Elapsed() + kAskAgain > end) {
      return absl::UnavailableError(absl::StrCat("extent of ", partitions[0].topic, "/", partitions[0].partition,
                                                 partitions.size() > 1 ? " and more" : "", ": no answer",
                                                 asked.ok() ? "" : ": ", asked.message()));
    }
    absl::SleepFor(kAskAgain);
  }
}

TopicPartition PlaceOf(const rd_kafka_message_t& message) {
  return {rd_kafka_topic_name(message.rkt), message.partition};
}

Record RecordOf(const rd_kafka_message_t& message) {
  Record record;
  record.from = PlaceOf(message);
  record.offset = message.offset;
  record.key = TextOf(message.key, message.key_len);
  record.value = TextOf(message.payload, message.len);
  record.append_time = absl::FromUnixMillis(rd_kafka_message_timestamp(&message, nullptr));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.push_back({name, TextOf(value, size)});
  }
  return record;
}

}  // namespace polku::bus::kafka
