// Ownership and absl::Status around the SQLite C API, as far as the embedded bus needs it.
#ifndef POLKU_LIBS_BUS_EMBEDDED_SQLITE_H_
#define POLKU_LIBS_BUS_EMBEDDED_SQLITE_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace polku::bus {

// The last error of `db` in terms of what a caller can do:
// kResourceExhausted (no space), kDataLoss (damaged file), kUnavailable (anything that may pass).
absl::Status SqliteError(sqlite3* db, absl::string_view doing);

// A prepared statement. Bound bytes are not copied: they must live until Step or Reset.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  // Binds the next parameter. A failure shows in the next Step.
  void Bind(int64_t value);
  void BindText(absl::string_view value);
  void BindBlob(absl::string_view value);

  // True if there is a row.
  absl::StatusOr<bool> Step(absl::string_view doing);
  int64_t Number(int column) const;
  // Valid until the next Step or Reset.
  absl::string_view Bytes(int column) const;

  // Ends the statement (and its read transaction) and forgets what was bound.
  void Reset();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  int bind_result_ = SQLITE_OK;
};

// Resets a statement at the end of a block, whichever way it is left.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(SqliteStatement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.Reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  SqliteStatement& statement_;
};

// Thread-compatible.
class SqliteConnection {
 public:
  SqliteConnection() = default;
  // Creates the file if it does not exist. `vfs` empty: the default one.
  static absl::StatusOr<SqliteConnection> Open(const std::string& path, const std::string& vfs);

  // Runs statements that give no rows of interest.
  absl::Status Run(const std::string& sql);
  absl::StatusOr<SqliteStatement> Prepare(absl::string_view sql);
  // The first column of the first row. kInternal if there is none.
  absl::StatusOr<int64_t> ReadNumber(absl::string_view sql);
  absl::StatusOr<std::string> ReadText(absl::string_view sql);
  // Ends a transaction that a failure left open.
  void RollBack();
  // Whether the last call failed because bytes could not be brought to the disk.
  bool SyncFailed() const;
  // Moves the write-ahead log into the file when the last commit left it long. False when the disk failed.
  bool CheckpointIfLong();

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<int> log_pages_;  // After the last commit. Where SQLite writes it must not move.
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_EMBEDDED_SQLITE_H_
