#include "libs/bus/kafka/topic_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/bus/kafka/client.h"

namespace polku::bus {
namespace {

using kafka::Client;
using kafka::Partitions;

constexpr absl::Duration kServe = absl::Milliseconds(100);
constexpr size_t kRecordsAtOnce = 1000;

absl::StatusOr<std::vector<Extent>> Ask(rd_kafka_t* client, const KafkaBusOptions& options, const std::string& topic) {
  ASSIGN_OR_RETURN(const std::optional<int> count, kafka::CountPartitions(client, topic, options.request_timeout));
  if (!count.has_value()) return absl::NotFoundError(absl::StrCat("no topic ", topic));
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < *count; ++i) partitions.push_back({topic, i});
  return kafka::FindExtents(client, partitions, *options.clock, options.request_timeout);
}

}  // namespace

absl::Status ReadTopic(const KafkaBusOptions& options, const std::string& topic, int64_t newest_max,
                       absl::FunctionRef<absl::Status(std::vector<Record>)> take) {
  // Of no group: partitions are assigned by hand and nothing is committed.
  ASSIGN_OR_RETURN(kafka::Conf conf, kafka::MakeConf(options, {{"group.id", "polku-reader"},
                                                               {"enable.auto.commit", "false"},
                                                               {"enable.auto.offset.store", "false"},
                                                               {"auto.offset.reset", "error"},
                                                               {"enable.partition.eof", "true"},
                                                               {"check.crcs", "true"},
                                                               {"fetch.wait.max.ms", "100"}}));
  ASSIGN_OR_RETURN(const Client client, kafka::MakeClient(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(client.get());
  ASSIGN_OR_RETURN(const std::vector<Extent> extents, Ask(client.get(), options, topic));
  const Partitions wanted = kafka::MakePartitions(extents.size());
  std::map<int, int64_t> ends;  // Of the partitions that are not read yet.
  for (int i = 0; i < static_cast<int>(extents.size()); ++i) {
    const Extent& extent = extents[i];
    if (extent.oldest == extent.end) continue;
    ends[i] = extent.end;
    const int64_t first = newest_max == 0 ? extent.oldest : std::max(extent.oldest, extent.end - newest_max);
    rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), i)->offset = first;
  }
  if (ends.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(kafka::StatusOf(rd_kafka_assign(client.get(), wanted.get()), "assign"));
  std::vector<Record> records;
  absl::Duration last = options.clock->Elapsed();
  while (!ends.empty()) {
    const kafka::MessagePtr message(rd_kafka_consumer_poll(client.get(), kafka::Millis(kServe)),
                                    &rd_kafka_message_destroy);
    const bool ended = message != nullptr && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (!ended && (message == nullptr || message->err != RD_KAFKA_RESP_ERR_NO_ERROR)) {
      if (options.clock->Elapsed() - last < options.request_timeout) continue;
      return absl::UnavailableError(absl::StrCat("the end of ", topic, " does not come"));
    }
    last = options.clock->Elapsed();
    const auto end = ends.find(message->partition);
    if (end == ends.end()) continue;
    if (!ended && message->offset < end->second) records.push_back(kafka::RecordOf(*message));
    if (ended || message->offset + 1 >= end->second) ends.erase(end);
    if (records.empty() || (records.size() < kRecordsAtOnce && !ends.empty())) continue;
    RETURN_IF_ERROR(take(std::move(records)));
    records.clear();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<TopicPartition, int64_t>> ReadCommitted(const KafkaBusOptions& options,
                                                                const std::string& group,
                                                                const std::set<std::string>& topics) {
  ASSIGN_OR_RETURN(kafka::Conf conf, kafka::MakeConf(options, {{"group.id", group}, {"enable.auto.commit", "false"}}));
  ASSIGN_OR_RETURN(const Client client, kafka::MakeClient(RD_KAFKA_CONSUMER, std::move(conf)));
  const Partitions partitions = kafka::MakePartitions(topics.size());
  for (const std::string& topic : topics) {
    ASSIGN_OR_RETURN(const std::optional<int> count,
                     kafka::CountPartitions(client.get(), topic, options.request_timeout));
    for (int i = 0; i < count.value_or(0); ++i) rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), i);
  }
  RETURN_IF_ERROR(
      kafka::StatusOf(rd_kafka_committed(client.get(), partitions.get(), kafka::Millis(options.request_timeout)),
                      "ask what is committed"));
  std::map<TopicPartition, int64_t> committed;
  for (int i = 0; i < partitions->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = partitions->elems[i];
    if (each.offset >= 0) committed[{each.topic, each.partition}] = each.offset;
  }
  return committed;
}

}  // namespace polku::bus
