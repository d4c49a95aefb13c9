// The conformance suite on SQLite.
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/random.h"
#include "libs/base/status_macros.h"
#include "libs/store/conformance/database_factory.h"
#include "libs/store/sqlite/sqlite_database.h"

namespace polku::store {
namespace {

namespace fs = std::filesystem;

class SqliteFactory final : public DatabaseFactory {
 public:
  SqliteFactory() {
    std::string name = (fs::temp_directory_path() / "polku-store-XXXXXX").string();
    POLKU_CHECK(mkdtemp(name.data()) != nullptr);
    root_ = name;
    MakeFolder();
  }
  ~SqliteFactory() override { fs::remove_all(root_); }

  absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options) override {
    SqliteOptions sqlite;
    sqlite.base = options;
    sqlite.path = (Folder() / "database" / "service.db").string();
    sqlite.key_path = (Folder() / "keys" / "service.keys").string();
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
    for (const auto& entry : fs::recursive_directory_iterator(before)) {
      if (!entry.is_regular_file() || entry.path().string().ends_with("-shm")) continue;
      fs::copy_file(entry.path(), Folder() / fs::relative(entry.path(), before));
    }
    database = nullptr;
    fs::remove_all(before);
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
  fs::path Folder() const { return root_ / absl::StrCat("life", crashes_); }
  void MakeFolder() {
    fs::create_directories(Folder() / "database");
    fs::create_directories(Folder() / "keys");
  }

  SystemRandom random_;
  fs::path root_;
  int crashes_ = 0;
};

std::unique_ptr<DatabaseFactory> MakeSqliteFactory() { return std::make_unique<SqliteFactory>(); }

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(&MakeSqliteFactory));

}  // namespace
}  // namespace polku::store
