// Reads a topic as a whole, beside every group of consumers: for whoever wants to know what was published.
#ifndef POLKU_LIBS_BUS_KAFKA_TOPIC_READER_H_
#define POLKU_LIBS_BUS_KAFKA_TOPIC_READER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka/kafka_bus.h"

namespace polku::bus {

// Hands out what the topic held when it was asked, in order per partition and some records at a time; of each partition
// the `newest_max` last ones, or all (0). Errors: kNotFound; kUnavailable; what `take` says.
absl::Status ReadTopic(const KafkaBusOptions& options, const std::string& topic, int64_t newest_max,
                       absl::FunctionRef<absl::Status(std::vector<Record>)> take);

// What the group has told the brokers of `topics`; partitions of which it has told nothing are left out.
// Errors: kUnavailable.
absl::StatusOr<std::map<TopicPartition, int64_t>> ReadCommitted(const KafkaBusOptions& options,
                                                                const std::string& group,
                                                                const std::set<std::string>& topics);

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_KAFKA_TOPIC_READER_H_
