#include "libs/store/sqlite/sqlite_database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/private_file.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"
#include "libs/store/erasure_ledger.h"
#include "libs/store/sealing.h"
#include "libs/store/sqlite/checkpointer.h"
#include "libs/store/sqlite/connection.h"
#include "libs/store/sqlite/reads.h"
#include "libs/store/sqlite/schema.h"
#include "libs/store/sqlite/session.h"
#include "libs/store/sqlite/transaction.h"

namespace polku::store {
namespace sqlite {
namespace {

// Readers look up few keys each.
constexpr size_t kReaderKeysMax = 10000;
constexpr int kReappliedAtOnce = 500;

// Held while the database is open. The system lets go of it when the process dies.
class FileLock {
 public:
  static absl::StatusOr<FileLock> Take(const std::string& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return absl::FailedPreconditionError(absl::StrCat("lock file ", path, ": ", std::strerror(errno)));
    FileLock lock(file);
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return lock;
    return absl::FailedPreconditionError(absl::StrCat("lock file ", path, ": the database is open already"));
  }
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileLock() {
    if (file_ >= 0) close(file_);
  }

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_ = -1;
};

class SqliteReader final : public Reads<Reader> {
 public:
  SqliteReader(Session* session, std::function<void()> done) : Reads<Reader>(session), done_(std::move(done)) {}
  ~SqliteReader() override {
    session()->Rollback();
    done_();
  }

 private:
  const std::function<void()> done_;
};

class SqliteDatabase final : public Database {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const SqliteOptions& options);

  absl::StatusOr<std::unique_ptr<Transaction>> Begin() override;
  absl::StatusOr<std::unique_ptr<Reader>> Read() override;
  int64_t epoch() const override { return epoch_; }
  absl::string_view hash_key() const override { return keys_->hash_key(); }
  absl::Status RecordErasures(absl::Span<const Erasure> erasures) override;
  absl::Status DestroyKeys(absl::Span<const std::string> owners) override { return keys_->DestroyKeys(owners); }

 private:
  SqliteDatabase() = default;
  absl::Status OpenFiles(const SqliteOptions& options);
  absl::Status OpenLedger(const SqliteOptions& options);
  absl::Status Reapply(absl::Span<const Erasure> erasures);
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const SqliteOptions& options, bool read_only) const;
  // Waits for the writing session and begins a transaction on it.
  absl::Status TakeWriter(const char* begin);
  void GiveWriter(const absl::Status& status);

  FileLock lock_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<RowSealer> sealer_;
  absl::Mutex ledger_mutex_;
  std::unique_ptr<ErasureLedger> ledger_ ABSL_GUARDED_BY(ledger_mutex_);  // Null without a path.
  int64_t epoch_ = 0;
  std::unique_ptr<Checkpointer> checkpointer_;  // Null on simulated disks, and with one connection only.
  std::unique_ptr<Session> writer_;
  std::vector<std::unique_ptr<Session>> readers_;

  absl::Mutex mutex_;
  bool writer_taken_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread::id writer_thread_ ABSL_GUARDED_BY(mutex_);
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);  // After the disk failed nothing is believed any more.
  std::vector<Session*> free_readers_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const SqliteOptions& options) {
  auto database = std::unique_ptr<SqliteDatabase>(new SqliteDatabase());
  RETURN_IF_ERROR(database->OpenFiles(options));
  return database;
}

absl::StatusOr<std::unique_ptr<Connection>> SqliteDatabase::Connect(const SqliteOptions& options,
                                                                    bool read_only) const {
  ConnectionOptions file;
  file.path = options.path;
  file.vfs = options.vfs;
  file.create = !read_only;
  file.read_only = read_only;
  file.exclusive = options.reader_connections == 0;
  file.cache_kib = read_only ? options.reader_cache_kib : options.cache_kib;
  file.checkpoint_pages = options.checkpoint_pages;
  return Connection::Open(file);
}

absl::Status SqliteDatabase::OpenFiles(const SqliteOptions& options) {
  if (options.vfs.empty()) {
    ASSIGN_OR_RETURN(lock_, FileLock::Take(absl::StrCat(options.path, ".lock")));
    // Its log and shared memory get the same mode from SQLite.
    RETURN_IF_ERROR(MakePrivateFile(options.path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connect(options, false));
  // Index rows and the like hold no content: wiping deleted rows is done where it costs no write.
  RETURN_IF_ERROR(connection->Execute("PRAGMA secure_delete=FAST"));
  if (options.pages_max > 0) {
    RETURN_IF_ERROR(connection->Execute(absl::StrCat("PRAGMA max_page_count=", options.pages_max)));
  }
  ASSIGN_OR_RETURN(const bool is_new, IsNew(*connection));
  if (is_new) RETURN_IF_ERROR(CheckNoTables(options.path, options.base));
  KeyRingOptions key_file;
  key_file.path = options.key_path;
  key_file.vfs = options.vfs;
  key_file.random = options.random;
  key_file.create = is_new;
  key_file.exclusive = options.reader_connections == 0;
  key_file.cached_keys_max = options.cached_keys_max;
  ASSIGN_OR_RETURN(keys_, KeyRing::Open(key_file));
  if (is_new) {
    ASSIGN_OR_RETURN(const int64_t owners, keys_->CountOwners());
    if (owners > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("database ", options.path, " is missing, but key file ", options.key_path, " holds keys"));
    }
    RETURN_IF_ERROR(CreateCore(*connection, options.base.service, keys_->database_id()));
  }
  RETURN_IF_ERROR(CheckCore(*connection, options.base, keys_->database_id()));
  RETURN_IF_ERROR(UpgradeCore(*connection));
  RETURN_IF_ERROR(Migrate(*connection, options.base));
  ASSIGN_OR_RETURN(epoch_, ReadEpoch(*connection));
  sealer_ = std::make_unique<RowSealer>(keys_.get(), options.base.sealed_prefixes, options.path);
  RETURN_IF_ERROR(sealer_->PrepareKept());
  writer_ = std::make_unique<Session>(std::move(connection), sealer_.get(), options.cached_keys_max);
  ASSIGN_OR_RETURN(writer_->owned_columns, ReadOwnedColumns(*writer_->connection));
  if (options.reader_connections > 0 && options.vfs.empty()) {  // Simulated disks have one thread.
    ASSIGN_OR_RETURN(std::unique_ptr<Connection> beside, Connect(options, false));
    checkpointer_ = std::make_unique<Checkpointer>(std::move(beside));
    writer_->connection->CheckpointBeside(*checkpointer_);
  }
  RETURN_IF_ERROR(OpenLedger(options));
  absl::MutexLock lock(&mutex_);
  for (int i = 0; i < options.reader_connections; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, Connect(options, true));
    readers_.push_back(std::make_unique<Session>(std::move(reader), sealer_.get(), kReaderKeysMax));
    free_readers_.push_back(readers_.back().get());
  }
  return absl::OkStatus();
}

absl::Status SqliteDatabase::OpenLedger(const SqliteOptions& options) {
  if (options.ledger_path.empty()) return absl::OkStatus();
  ErasureLedgerOptions file;
  file.path = options.ledger_path;
  file.vfs = options.vfs;
  file.exclusive = options.reader_connections == 0;
  file.database_id = keys_->database_id();
  absl::MutexLock lock(&ledger_mutex_);
  ASSIGN_OR_RETURN(ledger_, ErasureLedger::Open(file));
  std::string after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Erasure> erasures, ledger_->Read(after, kReappliedAtOnce));
    if (erasures.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(Reapply(erasures));
    after = erasures.back().key;
  }
}

// The keys first: if the process dies in between, the rows are still there to tell that it was not done.
absl::Status SqliteDatabase::Reapply(absl::Span<const Erasure> erasures) {
  std::vector<std::string> alive;
  for (const Erasure& erasure : erasures) {
    const std::string owner(OwnerOf(erasure.key));
    ASSIGN_OR_RETURN(const bool destroyed, keys_->IsDestroyed(owner));
    if (!destroyed) alive.push_back(owner);
  }
  RETURN_IF_ERROR(keys_->DestroyKeys(alive));
  RETURN_IF_ERROR(TakeWriter("BEGIN IMMEDIATE"));
  SqliteTransaction transaction(writer_.get(), [this](const absl::Status& status) { GiveWriter(status); });
  for (const Erasure& erasure : erasures) RETURN_IF_ERROR(transaction.Reapply(erasure));
  return transaction.Commit();
}

absl::Status SqliteDatabase::RecordErasures(absl::Span<const Erasure> erasures) {
  absl::MutexLock lock(&ledger_mutex_);
  return ledger_ == nullptr ? absl::OkStatus() : ledger_->Append(erasures);
}

absl::Status SqliteDatabase::TakeWriter(const char* begin) {
  {
    absl::MutexLock lock(&mutex_);
    if (writer_taken_ && writer_thread_ == std::this_thread::get_id()) {
      return absl::FailedPreconditionError("this thread holds a transaction already");
    }
    const auto writer_free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writer_taken_; };
    mutex_.Await(absl::Condition(&writer_free));
    RETURN_IF_ERROR(broken_);
    writer_taken_ = true;
    writer_thread_ = std::this_thread::get_id();
  }
  absl::Status status = writer_->connection->Execute(begin);
  if (!status.ok()) GiveWriter(status);
  return status;
}

void SqliteDatabase::GiveWriter(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (absl::IsInternal(status)) broken_.Update(status);
  broken_.Update(writer_->connection->checkpoint_status());
  writer_taken_ = false;
}

absl::StatusOr<std::unique_ptr<Transaction>> SqliteDatabase::Begin() {
  RETURN_IF_ERROR(TakeWriter("BEGIN IMMEDIATE"));
  return std::make_unique<SqliteTransaction>(writer_.get(), [this](const absl::Status& status) { GiveWriter(status); });
}

absl::StatusOr<std::unique_ptr<Reader>> SqliteDatabase::Read() {
  if (readers_.empty()) {
    RETURN_IF_ERROR(TakeWriter("BEGIN"));
    return std::make_unique<SqliteReader>(writer_.get(), [this] { GiveWriter(absl::OkStatus()); });
  }
  Session* session = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    const auto reader_free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !free_readers_.empty(); };
    mutex_.Await(absl::Condition(&reader_free));
    RETURN_IF_ERROR(broken_);
    session = free_readers_.back();
    free_readers_.pop_back();
  }
  auto reader = std::make_unique<SqliteReader>(session, [this, session] {
    absl::MutexLock lock(&mutex_);
    free_readers_.push_back(session);
  });
  // The first read takes the snapshot: it is that of this moment, not of the first use.
  RETURN_IF_ERROR(session->connection->Execute("BEGIN; SELECT COUNT(*) FROM migration"));
  return reader;
}

}  // namespace
}  // namespace sqlite

absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options) {
  POLKU_CHECK(options.random != nullptr);
  return sqlite::SqliteDatabase::Open(options);
}

}  // namespace polku::store
