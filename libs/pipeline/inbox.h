// The bus side of a corridor: reads peers' topics from the positions kept in our database, and
// knows up to which instant everything published has been read.
#pragma once

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/bus/bus.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/wire.h"
#include "libs/store/database.h"

namespace polku::pipeline {

struct Received {
  PeerFact fact;
  absl::Time append_time;
  absl::Status problem;  // Not OK: the record could not be decoded.
};

// What one Fill brought. It counts only once Committed says so.
struct Intake {
  std::vector<std::unique_ptr<Received>> facts;
  std::vector<store::PositionClaim> claims;  // One per partition that `facts` came from.
  std::map<bus::TopicPartition, absl::Time> covered;
};

// Thread-compatible.
class Inbox {
 public:
  // With `read_ahead`, what comes next is read and decoded by a thread of its own while its caller handles a Fill that
  // left records behind. Errors: kNotFound when a topic does not exist.
  static absl::StatusOr<std::unique_ptr<Inbox>> Create(absl::string_view service,
                                                       const std::vector<std::string>& subscriptions,
                                                       const std::vector<Feed>& feeds, bus::Bus& bus,
                                                       store::Database& database, const Clock& clock, bool read_ahead);

  // Takes what is there without waiting. Fill again only after Committed or Rewind.
  // Errors: kUnavailable; kDataLoss when the bus is damaged.
  absl::StatusOr<Intake> Fill(int records_max, int64_t bytes_max);
  // The claims of `intake` are in the database now.
  void Committed(const Intake& intake);
  // Nothing of the last Fill was kept: read it again. Positions are read from the database anew.
  absl::Status Rewind();

  // Everything that was published before this instant has been read and committed: by us and, where the database is
  // shared, by the programs that read the other partitions. InfinitePast until the end of every partition was seen
  // once; InfiniteFuture without subscriptions.
  absl::Time covered_until() const;
  // Once `intake` is Committed, covered_until is the instant of its Fill.
  bool CatchesUp(const Intake& intake) const {
    return stuck_.empty() && unstarted_.empty() && intake.covered.size() == next_.size();
  }
  // The last Fill found nothing more to read.
  bool at_end() const { return at_end_; }
  // The end of every partition that we read has been seen.
  bool caught_up() const;

  // For programs that share a database.
  // What we have covered, for the others.
  std::vector<store::Coverage> coverage() const;
  // What the others have.
  void LearnCoverage(const std::vector<store::PositionRow>& rows);
  // How many partitions there are, from the bus. Errors: kUnavailable; kNotFound.
  absl::Status CountPartitions();
  // Never changes.
  const std::vector<std::string>& topics() const { return topics_; }
  bool Reads(const bus::TopicPartition& partition) const { return next_.contains(partition); }
  // Thread-safe. How many partitions cannot be read from our position.
  int stuck() const { return stuck_count_; }
  // True once after partitions were started: what others knew of their keys is ours to know now.
  bool TakeStarted() { return std::exchange(started_, false); }

 private:
  Inbox(bus::Bus& bus, store::Database& database, const Clock& clock, bool read_ahead)
      : bus_(bus), database_(database), clock_(clock), read_ahead_(read_ahead) {}

  // Up to where a partition has been read.
  struct Place {
    int64_t next = 0;                             // Committed.
    absl::Time last_time = absl::InfinitePast();  // Of the record before it; see PositionClaim.
    // It is to come first. Until then the topic may be another of the same name.
    bool last_awaited = false;
  };
  // What one poll brought, on its way into batches.
  struct Haul {
    absl::Time before;                             // Of the poll.
    bus::Polled polled;                            // Without its records.
    std::vector<std::unique_ptr<Received>> facts;  // They, decoded, in order.
    size_t taken = 0;                              // Of `facts`, by Fills.
  };
  // Touches the consumer and nothing else of this object that changes.
  absl::StatusOr<Haul> Poll(const bus::PollLimits& limits) const;
  // Which partitions are ours from now on.
  void Assign(const bus::Polled& polled);
  void TellBus();
  // Starts what is in `unstarted_` from the positions in the database.
  absl::Status StartFromDatabase();
  // From the record before the position, where it is still kept.
  absl::Status Start(const bus::TopicPartition& partition, Place& place);
  void Shut(const bus::TopicPartition& partition, int64_t next, const absl::Status& why);
  // False for the record before the position: it has been handled. Shuts the partition when it is another one.
  bool IsNew(const Received& received, Place& place);

  // Errors: those of DecodeEvent.
  absl::Status Decode(bus::Record record, PeerFact& fact) const;

  bus::Bus& bus_;
  store::Database& database_;
  const Clock& clock_;
  const bool read_ahead_;
  std::vector<std::string> topics_;
  std::map<std::string, Feed> feeds_;          // By topic.
  std::unique_ptr<bus::Consumer> consumer_;    // Null without subscriptions.
  std::map<bus::TopicPartition, Place> next_;  // Assigned and started.
  std::set<bus::TopicPartition> unstarted_;    // Assigned, or to be read again; not started yet.
  absl::Time start_again_at_ = absl::InfinitePast();
  std::set<bus::TopicPartition> stuck_;  // Assigned, but their position is not one of the topic.
  std::atomic<int> stuck_count_ = 0;
  std::map<bus::TopicPartition, absl::Time> covered_;
  std::map<bus::TopicPartition, absl::Time> covered_by_others_;  // Of all partitions, where the database is shared.
  bool started_ = false;
  std::map<bus::TopicPartition, int64_t> advice_;  // Committed positions that the bus has not been told.
  bool at_end_ = false;
  Haul haul_;
  // While it is valid the consumer is its own. Last, because its destructor waits.
  std::future<absl::StatusOr<Haul>> ahead_;
};

}  // namespace polku::pipeline
