// The file of the embedded bus: an SQLite database (WAL, synchronous=FULL) to which records are
// only ever appended, each with a checksum over everything it says and its place.
#ifndef POLKU_LIBS_BUS_EMBEDDED_RECORD_FILE_H_
#define POLKU_LIBS_BUS_EMBEDDED_RECORD_FILE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/bus/bus.h"
#include "libs/bus/embedded/sqlite.h"

namespace polku::bus {

// A partition as the file knows it.
struct PartitionPlace {
  int64_t id = 0;
  TopicPartition name;
};

// A record on its way into the file. `message` is borrowed.
struct NewRecord {
  PartitionPlace place;
  int64_t offset = 0;
  const Message* message = nullptr;
};

// How much a read may still hand out. The first record comes whatever its size.
struct ReadBudget {
  int records = 0;
  int64_t bytes = 0;
  bool spent = false;  // A record did not fit.
};

// (group, topic, partition) to the offset up to which the group says it is done.
using AdvisoryOffsets = std::map<std::tuple<std::string, std::string, int>, int64_t>;

class RecordFile {
 public:
  struct Options {
    std::string path;
    std::string vfs;             // Empty: SQLite's default.
    int64_t file_bytes_max = 0;  // 0: as far as the disk goes.
  };
  struct Partition {
    PartitionPlace place;
    int64_t end = 0;  // The offset that the next record gets.
  };

  // Opens or creates the file. Errors: kFailedPrecondition (not a bus file, or of a newer version,
  // or a vfs that cannot do WAL), kDataLoss, kUnavailable, kResourceExhausted.
  static absl::StatusOr<std::unique_ptr<RecordFile>> Open(const Options& options);

  // One thread at a time calls these three. After an error of AddTopics or Append nothing was kept; but after a
  // failed fsync that is unknown, every later call (Read too) gives kInternal, and the process must end.
  absl::StatusOr<std::vector<Partition>> ReadPartitions();
  absl::StatusOr<std::vector<PartitionPlace>> AddTopics(absl::Span<const TopicSpec> topics);
  // Returns when everything is on the disk.
  absl::Status Append(absl::Span<const NewRecord> records, absl::Time append_time, const AdvisoryOffsets& offsets);

  // Appends records from `from` to before `end` as far as `budget` goes. Every offset of that range
  // must be there. Thread-safe; waits for another reader. After kDataLoss `records` holds what came
  // before the damage.
  absl::Status Read(const PartitionPlace& place, int64_t from, int64_t end, ReadBudget& budget,
                    std::vector<Record>& records);

 private:
  explicit RecordFile(std::string path) : path_(std::move(path)) {}
  absl::Status Prepare(const Options& options);
  absl::Status CheckAndCreate();
  absl::StatusOr<std::vector<PartitionPlace>> InsertTopics(absl::Span<const TopicSpec> topics);
  absl::Status Insert(absl::Span<const NewRecord> records, absl::Time append_time, const AdvisoryOffsets& offsets);
  // Runs `work` in a transaction of the writing connection.
  template <class Work>
  absl::Status InTransaction(Work work);
  // Not OK once the disk has failed to keep what it was given: the system may have dropped pages that it could not
  // write, so a later success would say nothing.
  absl::Status Usable() const;
  absl::Status Damaged(const PartitionPlace& place, int64_t offset, absl::string_view cause) const;

  const std::string path_;
  std::atomic<bool> disk_failed_ = false;
  SqliteConnection writer_;
  SqliteStatement insert_record_;
  SqliteStatement insert_offset_;

  absl::Mutex read_mutex_;
  SqliteConnection reader_ ABSL_GUARDED_BY(read_mutex_);
  SqliteStatement select_records_ ABSL_GUARDED_BY(read_mutex_);
};

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_EMBEDDED_RECORD_FILE_H_
