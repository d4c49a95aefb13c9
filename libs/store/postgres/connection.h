// The few libpq calls that the store uses, with errors as absl::Status.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/store/database.h"
#include "libs/store/postgres/parameter.h"

namespace polku::store::postgres {

// The rows of one statement, in binary format.
class Result {
 public:
  Result() = default;
  explicit Result(PGresult* result) : result_(result, &PQclear) {}

  int rows() const { return PQntuples(result_.get()); }
  int columns() const { return PQnfields(result_.get()); }
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  int64_t Int(int row, int column) const;
  absl::string_view Text(int row, int column) const;
  // Errors: kInvalidArgument for a type that the contract does not have.
  absl::StatusOr<Value> ColumnValue(int row, int column) const;
  // Rows that the statement wrote.
  int64_t changes() const;
  // What the server says was done: a COMMIT of a failed transaction is a ROLLBACK.
  absl::string_view done() const { return PQcmdStatus(result_.get()); }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_{nullptr, &PQclear};
};

// One connection in pipeline mode. What is sent is answered when the next Run or Await comes: many
// statements take one round trip. After an error those behind it are skipped. Thread-compatible.
class Connection {
 public:
  // `target` is a libpq connection string. Errors: kUnavailable.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& target);
  ~Connection() { PQfinish(connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Statements without parameters, by the simple protocol.
  absl::Status Execute(const std::string& sql);
  // `sql` is a constant of the program, known by its address. Its error is told by the next Run or Await.
  template <class... P>
  absl::Status Send(const char* sql, const P&... parameters) {
    return SendPrepared(sql, {&parameters...});
  }
  // Waits for all that was sent and gives the rows of the last.
  template <class... P>
  absl::StatusOr<Result> Run(const char* sql, const P&... parameters) {
    if (absl::Status status = SendPrepared(sql, {&parameters...}); !status.ok()) return status;
    return Collect();
  }
  // As Send, for text that was put together.
  absl::Status SendText(const std::string& sql, absl::Span<const Parameter* const> parameters);
  // For what was sent, if anything was.
  absl::Status Await() { return sent_ ? Collect().status() : absl::OkStatus(); }
  // The rows of the statement before the last `skip` ones. One round trip, also when nothing was sent.
  absl::StatusOr<Result> Collect(int skip = 0);

  bool in_transaction() const { return PQtransactionStatus(connection_) != PQTRANS_IDLE; }
  bool alive() const { return !lost_ && PQstatus(connection_) == CONNECTION_OK; }
  // Ends the transaction, if any, with all that was sent.
  void Rollback();
  // Host and database.
  const std::string& name() const { return name_; }
  // Of the last error, five characters.
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  explicit Connection(PGconn* connection);
  absl::Status SendPrepared(const char* sql, std::initializer_list<const Parameter*> parameters);
  absl::Status StatusOf(const PGresult* result);
  absl::Status Lost() const;

  PGconn* const connection_;
  std::string name_;
  std::string sqlstate_;
  bool lost_ = false;
  bool sent_ = false;                                       // Something that Collect has not been asked for.
  absl::flat_hash_map<const char*, std::string> prepared_;  // Statement names.
  std::vector<const char*> preparing_;                      // Not known to have succeeded.
  int names_ = 0;
};

}  // namespace polku::store::postgres
