// The bus contract: keyed records in partitioned topics, pulled by consumer groups.
//
// What every implementation promises (checked by libs/bus/conformance):
// - Records of one key come in the order in which they were acknowledged.
// - An acknowledged record survives a crash of this process and of the machine.
// - A record is delivered again until its reader moves on; where to read from is decided by
//   the reader (`Consumer::Start`), not by the bus. Nothing is delivered exactly once.
// - An assignment may be lost at any time; the group shares the partitions of its topics.
#ifndef POLKU_LIBS_BUS_BUS_H_
#define POLKU_LIBS_BUS_BUS_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace polku::bus {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

// What a producer sends. The key decides the partition; an empty key is refused.
struct Message {
  std::string topic;
  std::string key;
  std::string value;
  std::vector<Header> headers;
};

struct TopicPartition {
  std::string topic;
  int partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
  bool operator==(const TopicPartition&) const = default;
};

struct Record {
  TopicPartition from;
  int64_t offset = 0;  // Rises within a partition; gaps are allowed.
  std::string key;
  std::string value;
  std::vector<Header> headers;
  absl::Time append_time;
};

// Of a partition: the offset of the oldest record that is kept, and that of the next record to come. Equal when it is
// empty.
struct Extent {
  int64_t oldest = 0;
  int64_t end = 0;
  bool operator==(const Extent&) const = default;
};

struct TopicSpec {
  std::string topic;
  int partitions = 1;
};

struct PollLimits {
  int records_max = 1000;                      // At least 1.
  int64_t bytes_max = 4 << 20;                 // At least one record comes even if it alone is larger.
  absl::Duration wait = absl::ZeroDuration();  // How long to wait when nothing is there.
};

struct Polled {
  // Partitions this consumer got since the last Poll. Answer each with Start() before the
  // next Poll; until then no record of it comes.
  std::vector<TopicPartition> assigned;
  // Partitions it lost, to be taken before `assigned`: one that is in both lists needs Start() again.
  // Records of them may still be in `records` of earlier polls.
  std::vector<TopicPartition> revoked;
  std::vector<Record> records;
  // Started partitions of which, after `records`, everything has been handed out that was
  // acknowledged before this Poll began.
  std::vector<TopicPartition> ends;
};

// Thread-compatible; one thread polls.
class Consumer {
 public:
  virtual ~Consumer() = default;
  // An error loses nothing: `assigned` and `revoked` never come with one, and no record is passed
  // over. After kDataLoss other partitions go on with the next Poll.
  // Errors: kInvalidArgument (a limit below 1), kUnavailable (try again later), kDataLoss (damage;
  // names the place), kInternal (as Publish).
  virtual absl::StatusOr<Polled> Poll(const PollLimits& limits) = 0;
  // Reads `partition` from `offset` (the offset of the next record wanted; 0 = the oldest kept) from
  // the next Poll on. May be called again at any time to go back.
  // Errors: kFailedPrecondition if the partition is not assigned to this consumer (any more); kOutOfRange
  // if records at and after `offset` are already gone or never were (never a silent jump).
  virtual absl::Status Start(const TopicPartition& partition, int64_t offset) = 0;
  // Tells lag tools that everything before `offset` is done. Never decides where reading starts.
  // May be kept in memory for a while. Errors: as Start; a caller may ignore them all.
  virtual absl::Status Commit(const TopicPartition& partition, int64_t offset) = 0;
};

// Thread-safe.
class Producer {
 public:
  virtual ~Producer() = default;
  // Blocks until each message is durable or given up; one status per message, in order. After a
  // failed message no later message of the same key in the same call succeeds. A failed message
  // may nevertheless have been stored (the acknowledgement was lost).
  // Errors per message: kInvalidArgument (no key, larger than the limit), kNotFound (no such topic),
  // kUnavailable, kResourceExhausted (disk full), kDataLoss (damage; names the file), kInternal (an fsync
  // failed: nothing more can be trusted, the process must end). A message that failed only because an earlier one of
  // its key did has the code of that one.
  virtual std::vector<absl::Status> Publish(absl::Span<const Message> messages) = 0;
};

// What an implementation can do beyond the contract; the conformance suite reads this table.
struct Capabilities {
  bool several_processes = false;       // Producers and consumers in other processes.
  bool survives_reopen = true;          // Closing and opening the bus again finds every record.
  bool retention = false;               // Old records may disappear.
  int64_t message_bytes_max = 1 << 20;  // Key, value, header names and values together.
};

// Thread-safe. Outlives its producers and consumers.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual Capabilities capabilities() const = 0;
  // Creates the topics that do not exist. Errors: kFailedPrecondition if one exists with another
  // number of partitions; kInvalidArgument if a name is not 1 to 249 of [a-zA-Z0-9._-] or a number
  // is not 1 to 1000. Nothing is created then.
  virtual absl::Status EnsureTopics(absl::Span<const TopicSpec> topics) = 0;
  // What each partition of the topic holds, by its number: everything acknowledged before the call is in it. Waits
  // about `longest` for an answer. Errors: kNotFound; kUnavailable.
  virtual absl::StatusOr<std::vector<Extent>> Extents(const std::string& topic, absl::Duration longest) = 0;
  virtual absl::StatusOr<std::unique_ptr<Producer>> NewProducer() = 0;
  // Joins `group`; the consumer leaves it when it is destroyed.
  // Errors: kNotFound if a topic does not exist; kInvalidArgument without a group or a topic.
  virtual absl::StatusOr<std::unique_ptr<Consumer>> NewConsumer(absl::string_view group,
                                                                absl::Span<const std::string> topics) = 0;
};

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_BUS_H_
