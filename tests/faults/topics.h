// The broker as an outsider sees it: every record of a topic, what groups have committed, and records of any shape.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/bus/kafka/client.h"

namespace polku::faults {

// A record of any shape, also of those that our own producer refuses.
struct RawRecord {
  int partition = -1;  // -1: the broker's client chooses one.
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
};

// "TOPIC/PARTITION/OFFSET"
std::string PlaceOf(const std::string& topic, int partition, int64_t offset);

// Thread-compatible. What fails because the broker is away is kUnavailable.
class Topics {
 public:
  explicit Topics(std::string bootstrap_servers) : bootstrap_servers_(std::move(bootstrap_servers)) {}

  // Everything that the topic holds, partition by partition in its order.
  absl::StatusOr<std::vector<RawRecord>> ReadAll(const std::string& topic) const;
  // Returns the place of each.
  absl::StatusOr<std::vector<std::string>> Write(const std::string& topic, const std::vector<RawRecord>& records) const;
  // By "TOPIC/PARTITION"; partitions without are left out.
  absl::StatusOr<std::map<std::string, int64_t>> Committed(const std::string& group,
                                                           const std::set<std::string>& topics) const;
  // Waits until every partition has all its replicas in step again. Errors: kUnavailable after a minute.
  absl::Status AwaitReplicas() const;
  // To the oldest record. Nobody may be a member of the group.
  absl::Status ResetGroup(const std::string& group, const std::set<std::string>& topics) const;

 private:
  absl::StatusOr<bus::kafka::Client> Connect(rd_kafka_type_t type, const bus::kafka::Settings& settings) const;
  absl::StatusOr<bus::kafka::Partitions> PartitionsOf(rd_kafka_t* client, const std::set<std::string>& topics) const;

  const std::string bootstrap_servers_;
};

}  // namespace polku::faults
