// The few SQLite calls that the store uses, with errors as absl::Status.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/store/database.h"

namespace polku::store::sqlite {

// A prepared statement. Bound text and bytes are not copied: they must live until Step or Run
// has returned false. Columns are good until the next Step.
class Statement {
 public:
  Statement(sqlite3_stmt* statement, const std::string* file) : statement_(statement), file_(file) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void Bind(int index, int64_t value) { sqlite3_bind_int64(statement_, index, value); }
  void BindNull(int index) { sqlite3_bind_null(statement_, index); }
  void BindText(int index, absl::string_view text) {
    // A null pointer would bind NULL.
    sqlite3_bind_text64(statement_, index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void BindBlob(int index, absl::string_view bytes) {
    sqlite3_bind_blob64(statement_, index, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
  }
  void BindValue(int index, const Value& value);

  // True when there is a row. After the last row the statement is ready for the next use.
  absl::StatusOr<bool> Step();
  // For statements without rows.
  absl::Status Run();
  void Reset() { sqlite3_reset(statement_); }

  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  absl::string_view Text(int column) const;
  absl::string_view Bytes(int column) const;
  // Errors: kInvalidArgument for a floating point number: the contract has none.
  absl::StatusOr<Value> ColumnValue(int column) const;
  int columns() const { return sqlite3_column_count(statement_); }
  int parameters() const { return sqlite3_bind_parameter_count(statement_); }
  bool read_only() const { return sqlite3_stmt_readonly(statement_) != 0; }

 private:
  sqlite3_stmt* const statement_;
  const std::string* const file_;
};

class Checkpointer;

struct ConnectionOptions {
  std::string path;
  std::string vfs;  // Empty = the machine's files.
  bool create = true;
  bool read_only = false;  // The statements must be; the file is still opened for locking.
  bool exclusive = false;  // No shared memory, no other connection: for file layers that have neither.
  int cache_kib = 2048;
  int checkpoint_pages = 1000;  // A commit that leaves this many pages in the log moves them to the file.
};

// One connection with its prepared statements. Thread-compatible.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);
  ~Connection();

  // Runs statements that give no rows of interest.
  absl::Status Execute(const std::string& sql);
  // `sql` is a constant of the program, known by its address. Ready to be bound.
  absl::StatusOr<Statement*> Get(const char* sql);
  // As Get, for text that was put together. Errors: kInvalidArgument when it does not parse.
  absl::StatusOr<Statement*> GetText(absl::string_view sql);
  // The first column of the first row; NULL when there is no row.
  absl::StatusOr<Value> One(const std::string& sql);

  // After an error SQLite may have rolled back by itself.
  bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }
  int64_t last_row_id() const { return sqlite3_last_insert_rowid(database_); }
  int64_t changes() const { return sqlite3_changes64(database_); }
  // Statements that still run then are broken off with kDeadlineExceeded; until the end of the transaction.
  void LimitTo(absl::Duration longest);
  // Ends every statement that is still on a row, then the transaction, if any.
  void Rollback();
  // The data reaches the disk before this returns.
  // Errors: kResourceExhausted (rolled back), kAborted (rolled back), kInternal: the outcome is unknown.
  absl::Status Commit();
  // Moves what the log holds to the file, as far as no reader needs it. What could not be moved now is left to a
  // later one. Errors: as checkpoint_status.
  absl::Status Checkpoint();
  // From now on `checkpointer` does that, which must live as long; a commit waits for it when the log has grown
  // to several times `checkpoint_pages`.
  void CheckpointBeside(Checkpointer& checkpointer) { checkpointer_ = &checkpointer; }
  // The error of a checkpoint after a commit. That commit is safe, but after a failed fsync
  // nothing more can be trusted: the system may have dropped the pages it could not write.
  absl::Status checkpoint_status() const;
  const std::string& path() const { return path_; }
  // Writes what this connection sees into a new file: inside a transaction, what was committed when that began. Durable
  // when it returns. Errors: as Commit, and kInternal.
  absl::Status CopyTo(const std::string& path);

 private:
  Connection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  absl::Status Configure(const ConnectionOptions& options);
  void CheckpointAfterCommit();
  absl::StatusOr<std::unique_ptr<Statement>> Prepare(absl::string_view sql, bool keep);
  static int OnProgress(void* self);
  static int OnCommit(void* self, sqlite3* database, const char* name, int pages);

  sqlite3* const database_;
  const std::string path_;
  int checkpoint_pages_ = 0;
  int log_pages_ = 0;
  int begun_pages_ = 0;  // Of the log when the checkpointer was last asked.
  Checkpointer* checkpointer_ = nullptr;
  absl::Status checkpoint_status_;
  const SystemMonotonicClock clock_;
  absl::Duration end_;  // Of a limit, by `clock_`.
  absl::flat_hash_map<const char*, std::unique_ptr<Statement>> constant_;
  absl::flat_hash_map<std::string, std::unique_ptr<Statement>> text_;
};

// The status for an SQLite result code, naming `file`. What a caller can do: kAborted (busy),
// kResourceExhausted (disk full), kDataLoss (damaged file), kInternal (everything else).
absl::Status StatusOf(int result, absl::string_view file, absl::string_view message);

}  // namespace polku::store::sqlite
