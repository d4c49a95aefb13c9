#include "tests/faults/query.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace polku::faults {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr int kBusyMillis = 10000;

absl::StatusOr<Rows> QueryPostgres(const std::string& target, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(target.c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return absl::UnavailableError(absl::StrCat(sql, ": ", PQerrorMessage(connection.get())));
  }
  Rows rows(static_cast<size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      rows[row].emplace_back(PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
}

absl::StatusOr<Rows> QuerySqlite(const std::string& file, const std::string& sql) {
  sqlite3* opened = nullptr;
  int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database(opened, &sqlite3_close);
  sqlite3_busy_timeout(opened, kBusyMillis);
  sqlite3_stmt* prepared = nullptr;
  if (code == SQLITE_OK) code = sqlite3_prepare_v2(opened, sql.c_str(), -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, &sqlite3_finalize);
  Rows rows;
  if (code == SQLITE_OK) code = sqlite3_step(prepared);
  for (; code == SQLITE_ROW; code = sqlite3_step(prepared)) {
    std::vector<std::string>& row = rows.emplace_back();
    for (int column = 0; column < sqlite3_column_count(prepared); ++column) {
      const void* bytes = sqlite3_column_blob(prepared, column);
      const auto size = static_cast<size_t>(sqlite3_column_bytes(prepared, column));
      row.emplace_back(bytes == nullptr ? "" : static_cast<const char*>(bytes), size);
    }
  }
  if (code != SQLITE_DONE) return absl::UnavailableError(absl::StrCat(file, ": ", sql, ": ", sqlite3_errmsg(opened)));
  return rows;
}

}  // namespace

absl::StatusOr<Rows> Query(const std::string& target, const std::string& sql) {
  return absl::StartsWith(target, "/") ? QuerySqlite(target, sql) : QueryPostgres(target, sql);
}

}  // namespace polku::faults
