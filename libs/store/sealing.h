// Keys per person and what they protect. Shared by all dialects.
#pragma once

#include <array>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "libs/base/random.h"
#include "libs/store/bounded_cache.h"
#include "libs/store/owner.h"
#include "libs/store/sqlite/connection.h"

namespace polku::store {

// True for the error that Open, Seal and EnsureKeys give when the owner's key was destroyed
// (its code is kNotFound, so that nobody pages a person for it).
bool IsErased(const absl::Status& status);

// What a stored value is bound to: a value moved to another row or table does not open there.
// Reusable: Start() begins a new one in the same memory.
class Place {
 public:
  Place& Start(absl::string_view table);
  Place& Text(absl::string_view text);
  Place& Number(int64_t number);
  absl::string_view bytes() const { return bytes_; }
  absl::string_view table() const { return absl::string_view(bytes_).substr(sizeof(uint64_t), table_bytes_); }

 private:
  std::string bytes_;
  size_t table_bytes_ = 0;
};

struct KeyRingOptions {
  std::string path;
  std::string vfs;
  Random* random = nullptr;  // Keys and nonces come from here: SystemRandom in production.
  bool create = false;       // Otherwise a missing file is an error.
  bool exclusive = false;    // See sqlite::ConnectionOptions.
  size_t cached_keys_max = 200000;
};

// The key file: an SQLite file of its own, to be backed up apart from the database that it
// opens. Thread-safe.
class KeyRing {
 public:
  // Errors: kFailedPrecondition when the file is missing and not to be created.
  static absl::StatusOr<std::unique_ptr<KeyRing>> Open(const KeyRingOptions& options);

  // Makes the keys that do not exist yet. They can be used at once, and are written beside what the caller does
  // next. Errors: erased, for any of them; those of an earlier write that Settle has not told.
  absl::Status EnsureKeys(absl::Span<const absl::string_view> owners);
  // Reads the keys that are not held in memory in one go, for what is opened next: one by one is twice as dear.
  absl::Status ReadAhead(absl::Span<const absl::string_view> owners);
  // Every key that was made is on the disk when this returns; to be called before rows that are sealed with one are
  // committed. Errors: a key could not be written (kAborted: another program made one for the same owner); it is gone,
  // and what was sealed with it never opens.
  absl::Status Settle();
  // Appends nonce, ciphertext and tag to `out`. Errors: kInternal when the owner has no key yet; erased.
  absl::Status Seal(absl::string_view owner, absl::string_view place, absl::string_view plain, std::string& out);
  // Errors: erased; kDataLoss when `sealed` is not what was sealed for this owner and place.
  absl::StatusOr<std::string> Open(absl::string_view owner, absl::string_view place, absl::string_view sealed);
  // Durable when it returns. The owners' rows never open again, and they never get other keys.
  absl::Status DestroyKeys(absl::Span<const std::string> owners);
  absl::StatusOr<bool> IsDestroyed(absl::string_view owner);
  // For programs that share the file: keys that another one has destroyed do not work here either from now on.
  absl::Status ForgetDestroyed();

  // 32 random bytes, made with the file.
  const std::string& hash_key() const { return hash_key_; }
  // The same in the key file and in its database: a key file of another database is noticed.
  const std::string& database_id() const { return database_id_; }
  // Owners that have or had a key.
  absl::StatusOr<int64_t> CountOwners();

 private:
  // Wiped when it goes: it lives in caches and on stacks.
  struct DataKey {
    DataKey() = default;
    DataKey(const DataKey&) = default;
    DataKey& operator=(const DataKey&) = default;
    ~DataKey();
    std::array<unsigned char, 32> bytes{};
  };

  KeyRing(std::unique_ptr<sqlite::Connection> connection, const KeyRingOptions& options)
      : random_(options.random),
        beside_(options.vfs.empty()),
        connection_(std::move(connection)),
        cache_(options.cached_keys_max) {}
  // Keys on their way to the disk.
  struct Written {
    std::vector<std::string> owners;
    std::vector<DataKey> keys;
  };

  absl::Status Prepare() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Write(const Written& made);
  // The connection is ours again. A failed write is kept for Settle or EnsureKeys to tell.
  void AwaitWritten() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::string> ReadSecret(const char* name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Null when the owner never had a key. Good until the next call.
  absl::StatusOr<const DataKey*> Find(absl::string_view owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Destroy(absl::Span<const std::string> owners) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CopyKey(absl::string_view owner, DataKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DrawNonce(unsigned char* nonce) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Random* const random_;
  std::string hash_key_;
  std::string database_id_;
  const bool beside_;  // Otherwise keys are written where they are made: simulated disks have one thread.
  absl::Mutex mutex_;
  // While `writing_` is valid its thread has the connection; else who holds the mutex.
  const std::unique_ptr<sqlite::Connection> connection_;
  std::future<absl::Status> writing_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Written> on_the_way_ ABSL_GUARDED_BY(mutex_);  // Shared with that thread.
  absl::Status not_written_ ABSL_GUARDED_BY(mutex_);
  BoundedCache<DataKey> cache_ ABSL_GUARDED_BY(mutex_);
  Value seen_change_ ABSL_GUARDED_BY(mutex_);
  Value seen_destructions_ ABSL_GUARDED_BY(mutex_);
  // Random bytes drawn ahead: one system call for many nonces.
  std::array<unsigned char, 24 * 64> nonces_ ABSL_GUARDED_BY(mutex_);
  size_t nonces_used_ ABSL_GUARDED_BY(mutex_) = sizeof(nonces_);
};

// Turns content into what the database holds, and back. A value says itself what it is: sealed for
// the owner of its key, sealed for the service, or plain with a checksum, so that damage is refused
// in all three. Thread-safe.
class RowSealer {
 public:
  // `database` names the file or server in errors.
  RowSealer(KeyRing* keys, std::vector<std::string> sealed_prefixes, std::string database)
      : keys_(keys), sealed_prefixes_(std::move(sealed_prefixes)), database_(std::move(database)) {}

  // Before the Unwraps of a batch: reads their data keys in one go.
  absl::Status ReadAhead(absl::Span<const absl::string_view> keys) const;
  // Before the Wraps of a batch: makes the data keys that are missing.
  absl::Status Prepare(absl::Span<const absl::string_view> keys) const;
  absl::Status PrepareForeign(absl::Span<const absl::string_view> keys) const;
  absl::Status PrepareKept() const;                        // Once, when the database is opened.
  absl::Status Settle() const { return keys_->Settle(); }  // Before the commit of what was wrapped.
  // Sealed when the key begins with one of the prefixes, else plain. Replaces `out`. `key` is the aggregate's.
  absl::Status Wrap(absl::string_view key, const Place& place, absl::string_view plain, std::string& out) const;
  // Sealed for the owner of any key: for records of others.
  absl::Status WrapForeign(absl::string_view key, const Place& place, absl::string_view plain, std::string& out) const;
  // Sealed for the service: opens when the owner's key was destroyed.
  absl::Status WrapKept(const Place& place, absl::string_view plain, std::string& out) const;
  // Errors: kDataLoss naming database, table and key; erased (see IsErased).
  absl::StatusOr<std::string> Unwrap(absl::string_view key, const Place& place, absl::string_view stored) const;
  absl::Status Damaged(absl::string_view table, absl::string_view key, absl::string_view what) const;
  // True for keys of sealed kinds whose owner's key was destroyed.
  absl::StatusOr<bool> IsErasedKey(absl::string_view key) const;
  // WrapKept made it.
  static bool IsKept(absl::string_view stored);
  bool IsSealed(absl::string_view key) const;

 private:
  std::vector<absl::string_view> SealedOwnersOf(absl::Span<const absl::string_view> keys) const;

  KeyRing* const keys_;
  const std::vector<std::string> sealed_prefixes_;
  const std::string database_;
};

}  // namespace polku::store
