#include "libs/store/postgres/postgres_database.h"

#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"
#include "libs/store/erasure_ledger.h"
#include "libs/store/postgres/connection.h"
#include "libs/store/postgres/reads.h"
#include "libs/store/postgres/schema.h"
#include "libs/store/postgres/session.h"
#include "libs/store/postgres/transaction.h"
#include "libs/store/sealing.h"

namespace polku::store {
namespace postgres {
namespace {

// Readers look up few keys each.
constexpr size_t kReaderKeysMax = 10000;
constexpr int kReappliedAtOnce = 500;
constexpr char kBeginWriting[] = "BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr char kBeginReading[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
// The first read takes the snapshot: it is that of this moment, not of the first use.
constexpr char kTakeSnapshot[] = "SELECT 1";

class PostgresReader final : public Reads<Reader> {
 public:
  PostgresReader(Session* session, std::function<void()> done) : Reads<Reader>(session), done_(std::move(done)) {}
  ~PostgresReader() override {
    session()->Rollback();
    done_();
  }

 private:
  const std::function<void()> done_;
};

class PostgresDatabase final : public Database {
 public:
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Open(const PostgresOptions& options);

  absl::StatusOr<std::unique_ptr<Transaction>> Begin() override;
  absl::StatusOr<std::unique_ptr<Reader>> Read() override;
  bool shared() const override { return true; }
  int64_t epoch() const override { return epoch_; }
  absl::string_view hash_key() const override { return keys_->hash_key(); }
  absl::Status RecordErasures(absl::Span<const Erasure> erasures) override;
  absl::Status DestroyKeys(absl::Span<const std::string> owners) override { return keys_->DestroyKeys(owners); }

 private:
  explicit PostgresDatabase(const PostgresOptions& options) : options_(options) {}
  absl::Status OpenTables();
  absl::Status OpenLedger();
  absl::Status Reapply(absl::Span<const Erasure> erasures);
  absl::StatusOr<std::unique_ptr<Connection>> Connect() const;
  // A session on a new connection to the database that was opened.
  absl::StatusOr<std::unique_ptr<Session>> NewSession(size_t cached_keys_max) const;
  // Begins a transaction, on a new connection when the one before is lost.
  absl::Status BeginOn(std::unique_ptr<Session>& session, const char* begin, size_t cached_keys_max) const;
  // Waits for the writing session and begins a transaction on it.
  absl::Status TakeWriter();
  void GiveWriter();

  const PostgresOptions options_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<RowSealer> sealer_;
  absl::Mutex ledger_mutex_;
  std::unique_ptr<ErasureLedger> ledger_ ABSL_GUARDED_BY(ledger_mutex_);  // Null without a path.
  int64_t epoch_ = 0;
  std::vector<OwnedColumn> owned_columns_;
  std::unique_ptr<Session> writer_;                // Of who has taken it.
  std::vector<std::unique_ptr<Session>> readers_;  // Each of who has taken it.

  absl::Mutex mutex_;
  bool writer_taken_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread::id writer_thread_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> free_readers_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Open(const PostgresOptions& options) {
  auto database = std::unique_ptr<PostgresDatabase>(new PostgresDatabase(options));
  RETURN_IF_ERROR(database->OpenTables());
  return database;
}

absl::StatusOr<std::unique_ptr<Connection>> PostgresDatabase::Connect() const {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(options_.target));
  RETURN_IF_ERROR(connection->Execute(absl::StrCat(
      "SET search_path = public; SET client_encoding = 'UTF8'; SET synchronous_commit = on; "
      "SET lock_timeout = ",
      absl::ToInt64Milliseconds(options_.lock_wait_max),
      "; SET idle_in_transaction_session_timeout = ", absl::ToInt64Milliseconds(options_.standstill_max))));
  return connection;
}

absl::Status PostgresDatabase::OpenTables() {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connect());
  RETURN_IF_ERROR(TakeTurn(*connection));
  ASSIGN_OR_RETURN(const bool is_new, IsNew(*connection));
  if (is_new) RETURN_IF_ERROR(CheckNoTables(connection->name(), options_.base));
  KeyRingOptions key_file;
  key_file.path = options_.key_path;
  key_file.random = options_.random;
  key_file.create = is_new;
  key_file.cached_keys_max = options_.cached_keys_max;
  ASSIGN_OR_RETURN(keys_, KeyRing::Open(key_file));
  if (is_new) {
    ASSIGN_OR_RETURN(const int64_t owners, keys_->CountOwners());
    if (owners > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("database ", connection->name(), " is empty, but key file ", options_.key_path, " holds keys"));
    }
    RETURN_IF_ERROR(CreateCore(*connection, options_.base.service, keys_->database_id()));
  }
  ASSIGN_OR_RETURN(const Meta meta, ReadMeta(*connection));
  RETURN_IF_ERROR(CheckCore(*connection, meta, options_.base, keys_->database_id()));
  RETURN_IF_ERROR(UpgradeCore(*connection, meta));
  RETURN_IF_ERROR(Migrate(*connection, options_.base));
  epoch_ = meta.epoch;
  ASSIGN_OR_RETURN(owned_columns_, ReadOwnedColumns(*connection));
  sealer_ = std::make_unique<RowSealer>(keys_.get(), options_.base.sealed_prefixes, connection->name());
  RETURN_IF_ERROR(sealer_->PrepareKept());
  connection = nullptr;
  ASSIGN_OR_RETURN(writer_, NewSession(options_.cached_keys_max));
  RETURN_IF_ERROR(OpenLedger());
  absl::MutexLock lock(&mutex_);
  for (int i = 0; i < options_.reader_connections; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<Session> reader, NewSession(kReaderKeysMax));
    free_readers_.push_back(readers_.size());
    readers_.push_back(std::move(reader));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Session>> PostgresDatabase::NewSession(size_t cached_keys_max) const {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connect());
  ASSIGN_OR_RETURN(const Meta meta, ReadMeta(*connection));
  RETURN_IF_ERROR(CheckCore(*connection, meta, options_.base, keys_->database_id()));
  if (meta.epoch != epoch_) {
    return absl::FailedPreconditionError(absl::StrCat("database ", connection->name(), " has epoch ", meta.epoch,
                                                      " and had ", epoch_, ": it was restored, open it again"));
  }
  auto session = std::make_unique<Session>(std::move(connection), sealer_.get(), cached_keys_max);
  if (!options_.program.empty()) session->program = absl::StrCat(options_.program, "/");
  session->owned_columns = owned_columns_;
  return session;
}

absl::Status PostgresDatabase::OpenLedger() {
  if (options_.ledger_path.empty()) return absl::OkStatus();
  ErasureLedgerOptions file;
  file.path = options_.ledger_path;
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
absl::Status PostgresDatabase::Reapply(absl::Span<const Erasure> erasures) {
  std::vector<std::string> alive;
  for (const Erasure& erasure : erasures) {
    const std::string owner(OwnerOf(erasure.key));
    ASSIGN_OR_RETURN(const bool destroyed, keys_->IsDestroyed(owner));
    if (!destroyed) alive.push_back(owner);
  }
  RETURN_IF_ERROR(keys_->DestroyKeys(alive));
  RETURN_IF_ERROR(TakeWriter());
  PostgresTransaction transaction(writer_.get(), [this](const absl::Status&) { GiveWriter(); });
  for (const Erasure& erasure : erasures) RETURN_IF_ERROR(transaction.Reapply(erasure));
  return transaction.Commit();
}

absl::Status PostgresDatabase::RecordErasures(absl::Span<const Erasure> erasures) {
  absl::MutexLock lock(&ledger_mutex_);
  return ledger_ == nullptr ? absl::OkStatus() : ledger_->Append(erasures);
}

absl::Status PostgresDatabase::BeginOn(std::unique_ptr<Session>& session, const char* begin,
                                       size_t cached_keys_max) const {
  if (session->connection->alive()) {
    RETURN_IF_ERROR(session->connection->Send(begin));
    const absl::Status status = session->connection->Run(kTakeSnapshot).status();
    if (status.ok() || session->connection->alive()) return status;
  }
  // Nothing was asked of it yet: a connection that broke while it was idle is replaced without a word.
  ASSIGN_OR_RETURN(session, NewSession(cached_keys_max));
  RETURN_IF_ERROR(session->connection->Send(begin));
  return session->connection->Run(kTakeSnapshot).status();
}

absl::Status PostgresDatabase::TakeWriter() {
  {
    absl::MutexLock lock(&mutex_);
    if (writer_taken_ && writer_thread_ == std::this_thread::get_id()) {
      return absl::FailedPreconditionError("this thread holds a transaction already");
    }
    const auto writer_free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writer_taken_; };
    mutex_.Await(absl::Condition(&writer_free));
    writer_taken_ = true;
    writer_thread_ = std::this_thread::get_id();
  }
  absl::Status status = keys_->ForgetDestroyed();
  if (status.ok()) status = BeginOn(writer_, kBeginWriting, options_.cached_keys_max);
  if (!status.ok()) GiveWriter();
  return status;
}

void PostgresDatabase::GiveWriter() {
  absl::MutexLock lock(&mutex_);
  writer_taken_ = false;
}

absl::StatusOr<std::unique_ptr<Transaction>> PostgresDatabase::Begin() {
  RETURN_IF_ERROR(TakeWriter());
  return std::make_unique<PostgresTransaction>(writer_.get(), [this](const absl::Status&) { GiveWriter(); });
}

absl::StatusOr<std::unique_ptr<Reader>> PostgresDatabase::Read() {
  size_t taken = 0;
  {
    absl::MutexLock lock(&mutex_);
    const auto reader_free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !free_readers_.empty(); };
    mutex_.Await(absl::Condition(&reader_free));
    taken = free_readers_.back();
    free_readers_.pop_back();
  }
  const auto give = [this, taken] {
    absl::MutexLock lock(&mutex_);
    free_readers_.push_back(taken);
  };
  absl::Status status = keys_->ForgetDestroyed();
  if (status.ok()) status = BeginOn(readers_[taken], kBeginReading, kReaderKeysMax);
  if (!status.ok()) {
    give();
    return status;
  }
  return std::make_unique<PostgresReader>(readers_[taken].get(), give);
}

}  // namespace
}  // namespace postgres

absl::StatusOr<std::unique_ptr<Database>> OpenPostgres(const PostgresOptions& options) {
  POLKU_CHECK(options.random != nullptr);
  POLKU_CHECK(options.reader_connections > 0);
  return postgres::PostgresDatabase::Open(options);
}

}  // namespace polku::store
