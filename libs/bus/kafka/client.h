// One client of librdkafka, its settings and its errors.
#ifndef POLKU_LIBS_BUS_KAFKA_CLIENT_H_
#define POLKU_LIBS_BUS_KAFKA_CLIENT_H_

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka/kafka_bus.h"
#include "libs/bus/kafka/topics.h"

namespace polku::bus::kafka {

using Settings = std::vector<std::pair<std::string, std::string>>;
using Conf = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;
using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;
using Queue = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>;

// Those of the bus, then `own`. Errors: kInvalidArgument, naming a setting that librdkafka does not know or that is
// not for others to set.
absl::StatusOr<Conf> MakeConf(const KafkaBusOptions& options, const Settings& own);
absl::StatusOr<Client> MakeClient(rd_kafka_type_t type, Conf conf);

Partitions MakePartitions(size_t size);

// kOk for no error. What a person must mend at the broker counts as kUnavailable, too: the loops wait for it.
absl::Status StatusOf(rd_kafka_resp_err_t error, absl::string_view what);
// Whether the client is of no more use.
absl::Status FatalError(rd_kafka_t* client);

int Millis(absl::Duration duration);

using MessagePtr = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;
TopicPartition PlaceOf(const rd_kafka_message_t& message);
Record RecordOf(const rd_kafka_message_t& message);

// How many partitions a topic has; nothing if it does not exist.
absl::StatusOr<std::optional<int>> CountPartitions(rd_kafka_t* client, const std::string& topic,
                                                   absl::Duration timeout);
// The broker's answer for each, RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END; those without one are left out.
absl::StatusOr<std::map<TopicPartition, int64_t>> AskOffsets(rd_kafka_t* client,
                                                             absl::Span<const TopicPartition> partitions, int64_t which,
                                                             absl::Duration timeout);
// One for each of `partitions`. Asks again while a leader is just being found, as long as there is time.
absl::StatusOr<std::vector<Extent>> FindExtents(rd_kafka_t* client, absl::Span<const TopicPartition> partitions,
                                                const MonotonicClock& clock, absl::Duration timeout);
// Waits until all partitions have leaders that answer.
absl::Status CreateTopics(rd_kafka_t* client, const KafkaBusOptions& options, absl::Span<const TopicWanted> topics);

}  // namespace polku::bus::kafka

#endif  // POLKU_LIBS_BUS_KAFKA_CLIENT_H_
