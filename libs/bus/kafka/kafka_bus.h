// The bus on Apache Kafka, through librdkafka.
//
// Guards against defects of librdkafka 2.0.2 (what each is, and since when it is mended: libs/bus/README.md):
// records are taken one at a time; a partition is started by a new assignment, never by a seek; assignment is eager; a
// client that failed for good, or that stands still, is replaced.
#ifndef POLKU_LIBS_BUS_KAFKA_KAFKA_BUS_H_
#define POLKU_LIBS_BUS_KAFKA_KAFKA_BUS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/bus/bus.h"

namespace polku::bus {

struct KafkaBusOptions {
  std::string bootstrap_servers;  // "host:port,host:port"; three or more in production.
  // Settings of librdkafka for the way to the brokers: security.protocol, sasl.*, ssl.*, socket.* and the like.
  // What decides about order, durability and positions is not for others to set and is refused. Files that
  // ssl.*.location name are watched: when they change, new clients are made with what they hold then.
  std::map<std::string, std::string> settings;
  int message_bytes_max = 1 << 20;  // 1 to 256 MiB; topics made by EnsureTopics take as much.
  int replication_factor = -1;      // Of topics made by EnsureTopics; -1: as the brokers are set.
  // Publish gives up then, with kUnavailable.
  absl::Duration publish_timeout = absl::Seconds(30);
  // Longest wait for an answer to a question: metadata, watermarks, creating a topic.
  absl::Duration request_timeout = absl::Seconds(10);
  // A member that is silent for so long loses its partitions to others. Brokers take no less than 6 s unless they are
  // set otherwise.
  absl::Duration session_timeout = absl::Seconds(6);
  // The name of this program among those that read for the same group, the same after each restart: a process that was
  // killed and starts again within the session timeout has its partitions back at once, and the others notice nothing.
  // Without one it waits for the end of its own session. 1 to 249 of [a-zA-Z0-9._-], or empty.
  std::string member;
  // A Poll that brought nothing asks the brokers where partitions end, not more often than this, and waits so long for
  // the answer; when there was none it does not ask for a while.
  absl::Duration ends_interval = absl::Milliseconds(50);
  absl::Duration ends_timeout = absl::Milliseconds(500);
  // A consumer that is behind in a partition and gets nothing of it for so long is replaced by a new one.
  absl::Duration stall_timeout = absl::Seconds(60);
  const MonotonicClock* clock = nullptr;  // Outlives the bus.
};

// Connects when it is used, not before. Errors: kInvalidArgument, naming the option or setting.
absl::StatusOr<std::unique_ptr<Bus>> OpenKafkaBus(const KafkaBusOptions& options);

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_KAFKA_KAFKA_BUS_H_
