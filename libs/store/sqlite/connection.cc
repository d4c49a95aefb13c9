#include "libs/store/sqlite/connection.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/sqlite/checkpointer.h"

namespace polku::store::sqlite {
namespace {

// Queries are constants of the services; this only bounds a caller that builds texts.
constexpr size_t kTextStatementsMax = 500;
constexpr int kBusyMillis = 5000;
constexpr int kBusyLookMillis = 5;
constexpr int kStepsBetweenLooks = 10'000;  // Of a statement with a limit, at the clock: a millisecond at most.
// How many times `checkpoint_pages` the log may hold before a commit waits until it is moved.
constexpr int kLogFactor = 4;

}  // namespace

absl::Status StatusOf(int result, absl::string_view file, absl::string_view message) {
  const std::string text = absl::StrCat("sqlite file ", file, ": ", message, " (", result, ")");
  // The shared memory file could not grow: the disk is full, not broken.
  if (result == SQLITE_IOERR_SHMSIZE) return absl::ResourceExhaustedError(text);
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::AbortedError(text);
    case SQLITE_INTERRUPT:
      return absl::DeadlineExceededError(text);
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return absl::FailedPreconditionError(text);
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return DiskFailure(text);
    default:
      return absl::InternalError(text);
  }
}

void Statement::BindValue(int index, const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return Bind(index, *number);
  if (const auto* text = std::get_if<std::string>(&value)) return BindText(index, *text);
  if (const auto* blob = std::get_if<Blob>(&value)) return BindBlob(index, blob->bytes);
  BindNull(index);
}

absl::StatusOr<bool> Statement::Step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  sqlite3* database = sqlite3_db_handle(statement_);
  absl::Status status = StatusOf(sqlite3_extended_errcode(database), *file_, sqlite3_errmsg(database));
  sqlite3_reset(statement_);
  return status;
}

absl::Status Statement::Run() {
  ASSIGN_OR_RETURN(const bool row, Step());
  if (row) Reset();
  return absl::OkStatus();
}

absl::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return absl::string_view(text, text == nullptr ? 0 : sqlite3_column_bytes(statement_, column));
}

absl::string_view Statement::Bytes(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return absl::string_view(bytes, bytes == nullptr ? 0 : sqlite3_column_bytes(statement_, column));
}

absl::StatusOr<Value> Statement::ColumnValue(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      return Value(Int(column));
    case SQLITE_TEXT:
      return Value(std::string(Text(column)));
    case SQLITE_BLOB:
      return Value(Blob{std::string(Bytes(column))});
    case SQLITE_NULL:
      return Value();
    default:
      return absl::InvalidArgumentError(absl::StrCat("column ", column, " is a floating point number"));
  }
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  sqlite3* database = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result =
      sqlite3_open_v2(options.path.c_str(), &database, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (result != SQLITE_OK) {
    absl::Status status =
        StatusOf(result, options.path, database == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(database));
    sqlite3_close_v2(database);
    return status;
  }
  auto connection = std::unique_ptr<Connection>(new Connection(database, options.path));
  RETURN_IF_ERROR(connection->Configure(options));
  return connection;
}

absl::Status Connection::Configure(const ConnectionOptions& options) {
  sqlite3_busy_timeout(database_, kBusyMillis);
  // Exclusive comes before WAL: only then SQLite keeps the WAL index in its own memory.
  if (options.exclusive) RETURN_IF_ERROR(Execute("PRAGMA locking_mode=EXCLUSIVE"));
  // SQLite does not wait for who turns the same new file to a write-ahead log at this moment.
  absl::StatusOr<Value> mode = One("PRAGMA journal_mode=WAL");
  for (int waited = 0; absl::IsAborted(mode.status()) && waited < kBusyMillis; waited += kBusyLookMillis) {
    sqlite3_sleep(kBusyLookMillis);
    mode = One("PRAGMA journal_mode=WAL");
  }
  RETURN_IF_ERROR(mode.status());
  if (*mode != Value(std::string("wal"))) {
    return absl::FailedPreconditionError(absl::StrCat("sqlite file ", path_, ": cannot use a write-ahead log"));
  }
  RETURN_IF_ERROR(Execute(
      absl::StrCat("PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA cache_size=-", options.cache_kib)));
  checkpoint_pages_ = options.checkpoint_pages;
  // Replaces SQLite's own checkpoint after a commit, which keeps quiet about its errors.
  sqlite3_wal_hook(database_, OnCommit, this);
  return options.read_only ? Execute("PRAGMA query_only=ON") : absl::OkStatus();
}

Connection::~Connection() {
  constant_.clear();
  text_.clear();
  sqlite3_close_v2(database_);
}

absl::Status Connection::Execute(const std::string& sql) {
  const int result = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? absl::OkStatus() : StatusOf(result, path_, sqlite3_errmsg(database_));
}

absl::StatusOr<std::unique_ptr<Statement>> Connection::Prepare(absl::string_view sql, bool keep) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int result = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                        keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, &rest);
  if (result == SQLITE_ERROR) return absl::InvalidArgumentError(absl::StrCat(sqlite3_errmsg(database_), ": ", sql));
  if (result != SQLITE_OK) return StatusOf(result, path_, sqlite3_errmsg(database_));
  auto prepared = std::make_unique<Statement>(statement, &path_);
  const absl::string_view left = absl::StripAsciiWhitespace(sql.substr(rest - sql.data()));
  if (statement == nullptr || !left.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("not exactly one statement: ", sql));
  }
  return prepared;
}

absl::StatusOr<Statement*> Connection::Get(const char* sql) {
  if (auto it = constant_.find(sql); it != constant_.end()) {
    it->second->Reset();
    return it->second.get();
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement, Prepare(sql, true));
  return (constant_[sql] = std::move(statement)).get();
}

absl::StatusOr<Statement*> Connection::GetText(absl::string_view sql) {
  if (auto it = text_.find(sql); it != text_.end()) {
    it->second->Reset();
    return it->second.get();
  }
  if (text_.size() >= kTextStatementsMax) text_.clear();
  ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement, Prepare(sql, true));
  return (text_[std::string(sql)] = std::move(statement)).get();
}

absl::StatusOr<Value> Connection::One(const std::string& sql) {
  ASSIGN_OR_RETURN(std::unique_ptr<Statement> statement, Prepare(sql, false));
  ASSIGN_OR_RETURN(const bool row, statement->Step());
  if (!row) return Value();
  return statement->ColumnValue(0);
}

int Connection::OnProgress(void* self) {
  const Connection& connection = *static_cast<const Connection*>(self);
  return connection.clock_.Elapsed() > connection.end_ ? 1 : 0;
}

void Connection::LimitTo(absl::Duration longest) {
  end_ = clock_.Elapsed() + longest;
  sqlite3_progress_handler(database_, kStepsBetweenLooks, OnProgress, this);
}

void Connection::Rollback() {
  sqlite3_progress_handler(database_, 0, nullptr, nullptr);
  for (sqlite3_stmt* it = sqlite3_next_stmt(database_, nullptr); it != nullptr; it = sqlite3_next_stmt(database_, it)) {
    if (sqlite3_stmt_busy(it)) sqlite3_reset(it);
  }
  if (in_transaction()) sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
}

absl::Status Connection::Commit() {
  ASSIGN_OR_RETURN(Statement * commit, Get("COMMIT"));
  log_pages_ = 0;
  absl::Status status = commit->Run();
  if (!status.ok()) {
    Rollback();
    return status;
  }
  CheckpointAfterCommit();
  return status;
}

void Connection::CheckpointAfterCommit() {
  if (log_pages_ < checkpoint_pages_) return;
  if (checkpointer_ != nullptr) {
    // While commits go on the log is never moved to its end, so that it cannot begin anew: now and then one waits
    // and moves the rest, which is little.
    if (log_pages_ < begun_pages_) begun_pages_ = 0;
    if (log_pages_ - begun_pages_ < checkpoint_pages_) return;
    begun_pages_ = log_pages_;
    if (log_pages_ < kLogFactor * checkpoint_pages_) return checkpointer_->Begin();
    checkpointer_->Await();
  }
  checkpoint_status_.Update(Checkpoint());
}

absl::Status Connection::Checkpoint() {
  const int result = sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // Busy: a reader still needs the log. Full: what was committed is safe in the log, which can still be
  // used again. In both cases a later commit tries again.
  const int kind = result & 0xff;
  if (kind == SQLITE_OK || kind == SQLITE_BUSY || kind == SQLITE_FULL) return absl::OkStatus();
  return StatusOf(result, path_, "checkpoint failed");
}

absl::Status Connection::checkpoint_status() const {
  absl::Status status = checkpoint_status_;
  if (checkpointer_ != nullptr) status.Update(checkpointer_->status());
  return status;
}

absl::Status Connection::CopyTo(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> copy(raw, sqlite3_close_v2);
  if (opened != SQLITE_OK) return StatusOf(opened, path, sqlite3_errstr(opened));
  sqlite3_backup* backup = sqlite3_backup_init(copy.get(), "main", database_, "main");
  if (backup == nullptr) return StatusOf(sqlite3_extended_errcode(copy.get()), path, sqlite3_errmsg(copy.get()));
  const int stepped = sqlite3_backup_step(backup, -1);
  const int ended = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) return StatusOf(stepped, path, sqlite3_errstr(stepped));
  return ended == SQLITE_OK ? absl::OkStatus() : StatusOf(ended, path, sqlite3_errstr(ended));
}

int Connection::OnCommit(void* self, sqlite3* database, const char* name, int pages) {
  static_cast<Connection*>(self)->log_pages_ = pages;
  return SQLITE_OK;
}

}  // namespace polku::store::sqlite
