// Topics as a file wants them, and as the brokers have them.
#ifndef POLKU_LIBS_BUS_KAFKA_TOPICS_H_
#define POLKU_LIBS_BUS_KAFKA_TOPICS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/bus/kafka/kafka_bus.h"

namespace polku::bus {

struct TopicWanted {
  std::string name;
  int partitions = 1;
  int replication_factor = -1;                  // -1: as the brokers are set.
  std::map<std::string, std::string> settings;  // retention.ms, min.insync.replicas, ...
};

struct TopicPlan {
  std::vector<TopicWanted> missing;
  // One line each: what an existing topic has otherwise. Nobody changes that by the way: other partitions put known
  // keys elsewhere, another retention drops records.
  std::vector<std::string> differences;
};

// Errors: kUnavailable, kInvalidArgument (settings of the connection).
absl::StatusOr<TopicPlan> PlanTopics(const KafkaBusOptions& options, absl::Span<const TopicWanted> wanted);
// Makes them. Errors: as PlanTopics; kInvalidArgument naming a topic that the brokers do not take.
absl::Status MakeTopics(const KafkaBusOptions& options, absl::Span<const TopicWanted> topics);

// A file of librdkafka's settings as its own tools take them: name=value on each line, # before a remark.
// Errors: kInvalidArgument naming the line.
absl::StatusOr<std::map<std::string, std::string>> ReadKafkaProperties(const std::string& path);

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_KAFKA_TOPICS_H_
