// The conformance suite on PostgreSQL.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/random.h"
#include "libs/store/conformance/database_factory.h"
#include "libs/store/postgres/postgres_database.h"
#include "libs/store/postgres/testing/server.h"
#include "libs/testing/temporary_folder.h"

namespace polku::store {
namespace {

namespace fs = std::filesystem;
using postgres::ServerForTests;

class PostgresFactory final : public DatabaseFactory {
 public:
  PostgresFactory() {
    static int factories = 0;
    name_ = absl::StrCat("test", ++factories);
    server_.CreateDatabase(name_);
    for (const char* part : {"keys", "ledger"}) fs::create_directories(Folder() / part);
  }
  ~PostgresFactory() override { server_.DropDatabase(name_); }

  absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options) override {
    PostgresOptions postgres;
    postgres.base = options;
    postgres.target = server_.Target(name_);
    postgres.key_path = (Folder() / "keys" / "service.keys").string();
    postgres.ledger_path = (Folder() / "ledger" / "service.ledger").string();
    postgres.random = &random_;
    postgres.cached_keys_max = 1000;
    return OpenPostgres(postgres);
  }
  // The server ends with it, and the small files go on as the copies that are on the disk now.
  void Crash(std::unique_ptr<Database> database) override {
    const fs::path before = Folder();
    ++crashes_;
    for (const char* part : {"keys", "ledger"}) Copy(before / part, Folder() / part);
    server_.Crash();
    database = nullptr;
    fs::remove_all(before);
  }
  void Backup() override {
    server_.Tool("pg_dump", absl::StrCat("-Fc -f ", Dump(), " ", name_));
    Copy(Folder() / "keys", root() / "backup" / "keys");
  }
  void Restore(Parts parts) override {
    if (parts != Parts::kKeys) {
      server_.DropDatabase(name_);
      server_.CreateDatabase(name_);
      server_.Tool("pg_restore", absl::StrCat("-d ", name_, " ", Dump()));
    }
    if (parts != Parts::kDatabase) {
      fs::remove_all(Folder() / "keys");
      Copy(root() / "backup" / "keys", Folder() / "keys");
    }
  }
  std::string RawBytes() override { return server_.RawBytes(name_); }

 private:
  fs::path root() const { return folder_.path(); }
  fs::path Folder() const { return root() / absl::StrCat("life", crashes_); }
  std::string Dump() const { return (root() / "backup.dump").string(); }
  static void Copy(const fs::path& from, const fs::path& to) {
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(from)) {
      if (!entry.path().string().ends_with("-shm")) fs::copy_file(entry.path(), to / entry.path().filename());
    }
  }

  ServerForTests& server_ = ServerForTests::Get();
  SystemRandom random_;
  testing::TemporaryFolder folder_;
  std::string name_;
  int crashes_ = 0;
};

std::unique_ptr<DatabaseFactory> MakePostgresFactory() { return std::make_unique<PostgresFactory>(); }

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, ::testing::Values(&MakePostgresFactory));
INSTANTIATE_TEST_SUITE_P(Postgres, ErasureConformance, ::testing::Values(&MakePostgresFactory));

}  // namespace
}  // namespace polku::store

// Where the tests cannot run they must not look as if they had.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (polku::store::postgres::ServerForTests::IsInstalled()) return RUN_ALL_TESTS();
  constexpr int kSkipped = 77;
  std::fprintf(stderr, "NOT RUN: PostgreSQL is not installed (tools/dev setup installs it)\n");
  return std::getenv("CI") == nullptr ? kSkipped : 1;
}
