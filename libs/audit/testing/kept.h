// For tests: a database with audit rows, and a way to do to it what a service would not.
#pragma once

#include <libpq-fe.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/audit/seal.h"
#include "libs/audit/verify.h"
#include "libs/base/random.h"
#include "libs/base/status_macros.h"
#include "libs/store/postgres/postgres_database.h"
#include "libs/store/postgres/testing/server.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"

namespace polku::audit {

enum class Dialect { kSqlite, kPostgres };

class Kept {
 public:
  static bool IsInstalled(Dialect dialect) {
    return dialect == Dialect::kSqlite || store::postgres::ServerForTests::IsInstalled();
  }

  explicit Kept(Dialect dialect) : dialect_(dialect) {
    if (dialect_ == Dialect::kPostgres) {
      static int databases = 0;
      name_ = absl::StrCat("audit_", ++databases);
      store::postgres::ServerForTests::Get().CreateDatabase(name_);
    }
    Open();
  }
  ~Kept() {
    database_ = nullptr;
    if (!name_.empty()) store::postgres::ServerForTests::Get().DropDatabase(name_);
  }

  void Close() { database_ = nullptr; }
  void Open() { database_ = OpenAnother(); }
  // As another program of the service has it, of a database that several may have.
  std::unique_ptr<store::Database> OpenAnother() {
    if (dialect_ == Dialect::kSqlite) {
      store::SqliteOptions options;
      options.base.service = "referral";
      options.path = folder_.path() + "/referral.db";
      options.key_path = folder_.path() + "/referral.keys";
      options.random = &random_;
      return MustBe(store::OpenSqlite(options));
    }
    store::PostgresOptions options;
    options.base.service = "referral";
    options.target = store::postgres::ServerForTests::Get().Target(name_);
    options.key_path = folder_.path() + "/referral.keys";
    options.random = &random_;
    return MustBe(store::OpenPostgres(options));
  }

  store::Database& database() { return *database_; }
  // Of a service that has signed nothing, or with these keys.
  Trust Trusted(std::vector<std::string> public_keys = {}) const {
    return {database_->hash_key(), "referral", std::move(public_keys)};
  }
  std::string File(const std::string& name) const { return absl::StrCat(folder_.path(), "/", name); }

  // Rows of user "uN" about "clients/cN", N rising from 1.
  void Append(int count) {
    std::vector<store::AuditRow> rows;
    for (int i = 0; i < count; ++i) {
      ++rows_;
      rows.push_back({absl::FromUnixSeconds(1'700'000'000 + rows_), "organisations/o", absl::StrCat("u", rows_), "lead",
                      "care", "GetJourney", absl::StrCat("clients/c", rows_), "view", absl::StrCat("request-", rows_),
                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
    }
    auto transaction = MustBe(database_->Begin());
    POLKU_CHECK(transaction->AppendAudit(rows).ok());
    POLKU_CHECK(transaction->Commit().ok());
  }
  absl::StatusOr<int> SealAtMost(int rows) {
    return SealRows(*database_, rows, [](store::Transaction&) { return absl::OkStatus(); });
  }
  void Seal() { POLKU_CHECK(MustBe(SealAtMost(1000)) > 0); }

  // Behind the service's back.
  void Run(const std::string& sql) {
    if (dialect_ == Dialect::kPostgres) return RunOn(*Session(), sql);
    sqlite3* file = nullptr;
    POLKU_CHECK(sqlite3_open(File("referral.db").c_str(), &file) == SQLITE_OK);
    POLKU_CHECK(sqlite3_exec(file, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(file);
  }
  using Connection = std::unique_ptr<PGconn, void (*)(PGconn*)>;
  Connection Session() const {
    return Connection(PQconnectdb(store::postgres::ServerForTests::Get().Target(name_).c_str()), &PQfinish);
  }
  static void RunOn(PGconn& session, const std::string& sql) {
    PGresult* const done = PQexec(&session, sql.c_str());
    POLKU_CHECK(PQresultStatus(done) == PGRES_COMMAND_OK);
    PQclear(done);
  }

 private:
  template <class T>
  static T MustBe(absl::StatusOr<T> value) {
    POLKU_CHECK(value.ok());
    return *std::move(value);
  }

  const Dialect dialect_;
  const testing::TemporaryFolder folder_;
  SystemRandom random_;
  std::string name_;
  std::unique_ptr<store::Database> database_;
  int rows_ = 0;
};

}  // namespace polku::audit
