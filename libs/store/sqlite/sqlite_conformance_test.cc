// The conformance suite on SQLite.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/random.h"
#include "libs/store/conformance/database_factory.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"

namespace polku::store {
namespace {

namespace fs = std::filesystem;

class SqliteFactory final : public DatabaseFactory {
 public:
  SqliteFactory() { MakeFolder(); }

  absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options) override {
    SqliteOptions sqlite;
    sqlite.base = options;
    sqlite.path = (Folder() / "database" / "service.db").string();
    sqlite.key_path = (Folder() / "keys" / "service.keys").string();
    sqlite.ledger_path = (Folder() / "ledger" / "service.ledger").string();
    sqlite.random = &random_;
    sqlite.checkpoint_pages = 50;
    sqlite.cached_keys_max = 1000;
    return OpenSqlite(sqlite);
  }
  // Copies what is on the disk while the database still runs, and goes on with the copy. The
  // shared memory file does not outlive a machine.
  void Crash(std::unique_ptr<Database> database) override {
    const fs::path before = Folder();
    ++crashes_;
    MakeFolder();
    for (const char* part : {"database", "keys", "ledger"}) Copy(before / part, Folder() / part);
    database = nullptr;
    fs::remove_all(before);
  }
  void Backup() override {
    for (const char* part : {"database", "keys"}) Copy(Folder() / part, root() / "backup" / part);
  }
  void Restore(Parts parts) override {
    for (const std::string part : {"database", "keys"}) {
      if (parts != Parts::kBoth && (parts == Parts::kKeys) != (part == "keys")) continue;
      fs::remove_all(Folder() / part);
      Copy(root() / "backup" / part, Folder() / part);
    }
  }
  std::string RawBytes() override {
    std::string bytes;
    for (const auto& entry : fs::directory_iterator(Folder() / "database")) {
      std::ifstream file(entry.path(), std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(file), {});
    }
    return bytes;
  }

 private:
  fs::path root() const { return folder_.path(); }
  fs::path Folder() const { return root() / absl::StrCat("life", crashes_); }
  void MakeFolder() {
    for (const char* part : {"database", "keys", "ledger"}) fs::create_directories(Folder() / part);
  }
  static void Copy(const fs::path& from, const fs::path& to) {
    fs::create_directories(to);
    for (const auto& entry : fs::directory_iterator(from)) {
      if (!entry.path().string().ends_with("-shm")) fs::copy_file(entry.path(), to / entry.path().filename());
    }
  }

  SystemRandom random_;
  testing::TemporaryFolder folder_;
  int crashes_ = 0;
};

std::unique_ptr<DatabaseFactory> MakeSqliteFactory() { return std::make_unique<SqliteFactory>(); }

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, ::testing::Values(&MakeSqliteFactory));
INSTANTIATE_TEST_SUITE_P(Sqlite, ErasureConformance, ::testing::Values(&MakeSqliteFactory));

}  // namespace
}  // namespace polku::store
