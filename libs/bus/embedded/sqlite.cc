#include "libs/bus/embedded/sqlite.h"

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::bus {
namespace {

// A foreign tool that looks at the file (a backup, a shell) may hold a lock for a moment.
constexpr int kBusyWaitMilliseconds = 1000;
constexpr int kLogPagesMax = 1000;

int KeepLogPages(void* kept, sqlite3* /*db*/, const char* /*name*/, int pages) {
  *static_cast<int*>(kept) = pages;
  return SQLITE_OK;
}

bool IsSyncFailure(int extended) { return extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC; }

absl::StatusCode CodeOf(sqlite3* db, int result) {
  if (result == SQLITE_IOERR_DATA || result == SQLITE_IOERR_CORRUPTFS) return absl::StatusCode::kDataLoss;
  switch (result & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: {
      // Growing the shared-memory file reports a full disk as an I/O error.
      const int system_error = sqlite3_system_errno(db);
      const bool full = system_error == ENOSPC || system_error == EDQUOT;
      return full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kUnavailable;
    }
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status ErrorOf(sqlite3* db, absl::string_view file, absl::string_view doing) {
  return absl::Status(CodeOf(db, sqlite3_extended_errcode(db)),
                      absl::StrCat(doing, ": ", file, ": ", sqlite3_errmsg(db)));
}

}  // namespace

absl::Status SqliteError(sqlite3* db, absl::string_view doing) {
  const char* file = sqlite3_db_filename(db, "main");
  return ErrorOf(db, file == nullptr ? "" : file, doing);
}

void SqliteStatement::Bind(int64_t value) {
  const int result = sqlite3_bind_int64(statement_.get(), ++bound_, value);
  if (bind_result_ == SQLITE_OK) bind_result_ = result;
}

void SqliteStatement::BindText(absl::string_view value) {
  const char* start = value.empty() ? "" : value.data();
  const int result = sqlite3_bind_text64(statement_.get(), ++bound_, start, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (bind_result_ == SQLITE_OK) bind_result_ = result;
}

void SqliteStatement::BindBlob(absl::string_view value) {
  // A null pointer would store NULL instead of an empty blob.
  const char* start = value.empty() ? "" : value.data();
  const int result = sqlite3_bind_blob64(statement_.get(), ++bound_, start, value.size(), SQLITE_STATIC);
  if (bind_result_ == SQLITE_OK) bind_result_ = result;
}

absl::StatusOr<bool> SqliteStatement::Step(absl::string_view doing) {
  sqlite3* db = sqlite3_db_handle(statement_.get());
  if (bind_result_ != SQLITE_OK) return SqliteError(db, doing);
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return SqliteError(db, doing);
  }
}

int64_t SqliteStatement::Number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

absl::string_view SqliteStatement::Bytes(int column) const {
  const void* start = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return start == nullptr ? absl::string_view() : absl::string_view(static_cast<const char*>(start), size);
}

void SqliteStatement::Reset() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bound_ = 0;
  bind_result_ = SQLITE_OK;
}

absl::StatusOr<SqliteConnection> SqliteConnection::Open(const std::string& path, const std::string& vfs) {
  SqliteConnection connection;
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path.c_str(), &db, flags, vfs.empty() ? nullptr : vfs.c_str());
  connection.db_.reset(db);
  if (db == nullptr) return absl::UnavailableError(absl::StrCat("open bus file: ", path, ": out of memory"));
  if (result != SQLITE_OK) return ErrorOf(db, path, "open bus file");
  sqlite3_busy_timeout(db, kBusyWaitMilliseconds);
  connection.log_pages_ = std::make_unique<int>(0);
  // Replaces SQLite's own checkpoint after a commit, which keeps quiet about its errors.
  sqlite3_wal_hook(db, KeepLogPages, connection.log_pages_.get());
  return connection;
}

absl::Status SqliteConnection::Run(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return absl::OkStatus();
  return SqliteError(db_.get(), sql);
}

absl::StatusOr<SqliteStatement> SqliteConnection::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
  if (result != SQLITE_OK) return SqliteError(db_.get(), sql);
  return SqliteStatement(statement);
}

absl::StatusOr<int64_t> SqliteConnection::ReadNumber(absl::string_view sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool found, statement.Step(sql));
  if (!found) return absl::InternalError(absl::StrCat(sql, ": no row"));
  return statement.Number(0);
}

absl::StatusOr<std::string> SqliteConnection::ReadText(absl::string_view sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool found, statement.Step(sql));
  if (!found) return absl::InternalError(absl::StrCat(sql, ": no row"));
  return std::string(statement.Bytes(0));
}

bool SqliteConnection::SyncFailed() const { return IsSyncFailure(sqlite3_extended_errcode(db_.get())); }

bool SqliteConnection::CheckpointIfLong() {
  if (*log_pages_ < kLogPagesMax) return true;
  // Busy: a reader still needs the log; the next commit tries again.
  const int result = sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  return result == SQLITE_OK || !SyncFailed();
}

void SqliteConnection::RollBack() {
  // Some errors have rolled back already; then there is nothing to end.
  if (sqlite3_get_autocommit(db_.get()) == 0) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace polku::bus
