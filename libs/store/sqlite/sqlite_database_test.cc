// What is particular to SQLite: files, damage, limits.
#include "libs/store/sqlite/sqlite_database.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/store/erasure_ledger.h"
#include "libs/store/sqlite/checkpointer.h"
#include "libs/store/sqlite/connection.h"

namespace polku::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Code = absl::StatusCode;
namespace fs = std::filesystem;

class SqliteDatabaseTest : public testing::Test {
 protected:
  SqliteDatabaseTest() {
    std::string name = (fs::temp_directory_path() / "polku-sqlite-XXXXXX").string();
    POLKU_CHECK(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    options_.base.service = "referral";
    options_.base.sealed_prefixes = {"clients/"};
    options_.path = (folder_ / "service.db").string();
    options_.key_path = (folder_ / "service.keys").string();
    options_.random = &random_;
  }
  ~SqliteDatabaseTest() override { fs::remove_all(folder_); }

  absl::Status Open() {
    database_ = nullptr;
    ASSIGN_OR_RETURN(database_, OpenSqlite(options_));
    return absl::OkStatus();
  }
  // One aggregate with one public event.
  absl::Status Put(const std::string& key, const std::string& content) {
    ASSIGN_OR_RETURN(auto transaction, database_->Begin());
    RETURN_IF_ERROR(transaction->Save({{0, {key, 1, 1, 1, content, absl::FromUnixSeconds(5)}}}));
    RETURN_IF_ERROR(transaction->AppendJournal({{key, 1, 1, "type", content, absl::FromUnixSeconds(5)}}));
    return transaction->Commit();
  }
  absl::Status Load(const std::string& key) {
    ASSIGN_OR_RETURN(auto reader, database_->Read());
    return reader->Load({key}).status();
  }
  // Changes a file behind the back of the store.
  static void Change(const std::string& path, const std::string& sql) {
    sqlite3* file = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &file), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(file, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(file);
    sqlite3_close(file);
  }
  // SQL that turns over the last bit of byte `at` (from 1) of a content column.
  static std::string Flip(const std::string& table, const std::string& at) {
    const std::string hex = absl::StrCat("hex(substr(content, ", at, ", 1))");
    return absl::StrCat("UPDATE ", table, " SET content = CAST(substr(content, 1, ", at, " - 1) || CASE WHEN ", hex,
                        " = '41' THEN x'42' ELSE x'41' END || substr(content, ", at, " + 1) AS BLOB)");
  }

  SystemRandom random_;
  fs::path folder_;
  SqliteOptions options_;
  std::unique_ptr<Database> database_;
};

TEST_F(SqliteDatabaseTest, RefusesADamagedRowNamingFileTableAndKey) {
  for (const std::string key : {"clients/A", "coordinators/A"}) {
    for (const std::string at : {"1", "2", "40", "length(content)"}) {
      SCOPED_TRACE(key + " " + at);
      database_ = nullptr;
      fs::remove_all(folder_);
      fs::create_directory(folder_);
      ASSERT_THAT(Open(), IsOk());
      ASSERT_THAT(Put(key, "content that is long enough to be changed in several places"), IsOk());
      ASSERT_THAT(Load(key), IsOk());
      Change(options_.path, Flip("aggregate", at));
      EXPECT_THAT(Load(key),
                  StatusIs(Code::kDataLoss, AllOf(HasSubstr(options_.path), HasSubstr("aggregate"), HasSubstr(key))));
      Change(options_.path, Flip("journal", at));
      auto reader = database_->Read();
      ASSERT_THAT(reader, IsOk());
      const auto refused =
          StatusIs(Code::kDataLoss, AllOf(HasSubstr(options_.path), HasSubstr("journal"), HasSubstr(key)));
      EXPECT_THAT((*reader)->ReadJournal(key, 0, 1).status(), refused);
      EXPECT_THAT((*reader)->ScanJournal(0, 1).status(), refused);
      EXPECT_THAT((*reader)->ReadOutbox(1).status(), refused);
    }
  }
}

TEST_F(SqliteDatabaseTest, RefusesAChangedColumnBesideTheContent) {
  ASSERT_THAT(Open(), IsOk());
  for (const std::string key : {"clients/A", "coordinators/A"}) ASSERT_THAT(Put(key, "content"), IsOk());
  for (const std::string column : {"version", "public_version", "schema", "due_at"}) {
    Change(options_.path, absl::StrCat("UPDATE aggregate SET ", column, " = ", column, " + 1"));
    EXPECT_THAT(Load("clients/A"), StatusIs(Code::kDataLoss)) << column;
    EXPECT_THAT(Load("coordinators/A"), StatusIs(Code::kDataLoss)) << column;
    Change(options_.path, absl::StrCat("UPDATE aggregate SET ", column, " = ", column, " - 1"));
    EXPECT_THAT(Load("clients/A"), IsOk());
  }
}

TEST_F(SqliteDatabaseTest, RefusesContentOfAnotherRow) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  ASSERT_THAT(Put("clients/B", "content"), IsOk());
  Change(options_.path, "UPDATE aggregate SET content = (SELECT content FROM aggregate ORDER BY key_id LIMIT 1)");
  EXPECT_THAT(Load("clients/A"), IsOk());
  EXPECT_THAT(Load("clients/B"), StatusIs(Code::kDataLoss));
}

TEST_F(SqliteDatabaseTest, RefusesABrokenChainOfJournalRows) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  ASSERT_THAT(Put("clients/B", "content"), IsOk());
  for (const std::string damage :
       {"UPDATE aggregate SET last_sequence = 99", "UPDATE aggregate SET last_sequence = 3 - last_sequence",
        "UPDATE journal SET previous = sequence"}) {
    Change(options_.path, damage);
    auto reader = database_->Read();
    ASSERT_THAT(reader, IsOk());
    EXPECT_THAT((*reader)->ReadJournal("clients/A", 0, 9).status(),
                StatusIs(Code::kDataLoss, AllOf(HasSubstr("journal"), HasSubstr("clients/A"))))
        << damage;
    Change(options_.path, "UPDATE aggregate SET last_sequence = key_id");
  }
}

// Left out, it would be an event that nobody is ever told.
TEST_F(SqliteDatabaseTest, RefusesAnOutboxRowWhoseEventIsLost) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  Change(options_.path, "DELETE FROM journal");
  auto reader = database_->Read();
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->ReadOutbox(1).status(), StatusIs(Code::kDataLoss, HasSubstr("outbox")));
}

// Keys are written beside the rest of a transaction; its commit must wait for them.
TEST_F(SqliteDatabaseTest, CommitsNothingWhoseKeyDidNotComeToTheDisk) {
  ASSERT_THAT(Open(), IsOk());
  Change(options_.key_path, "CREATE TRIGGER broken BEFORE INSERT ON data_key BEGIN SELECT RAISE(ABORT, 'no'); END");
  EXPECT_FALSE(Put("clients/A", "content").ok());
  Change(options_.key_path, "DROP TRIGGER broken");
  ASSERT_THAT(Put("clients/B", "content"), IsOk());
  auto reader = database_->Read();
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->ScanJournal(0, 10), IsOkAndHolds(SizeIs(1)));
}

TEST_F(SqliteDatabaseTest, RefusesADamagedKeyFile) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  database_ = nullptr;
  Change(options_.key_path,
         "UPDATE data_key SET key = CAST(CASE substr(key, 1, 1) WHEN x'41' THEN x'42' ELSE x'41' END"
         " || substr(key, 2) AS BLOB) WHERE owner <> '.'");
  ASSERT_THAT(Open(), IsOk());
  EXPECT_THAT(Load("clients/A"), StatusIs(Code::kDataLoss, HasSubstr(options_.key_path)));
}

TEST_F(SqliteDatabaseTest, RefusesASecondOpenerAndNamesTheFile) {
  ASSERT_THAT(Open(), IsOk());
  EXPECT_THAT(OpenSqlite(options_).status(), StatusIs(Code::kFailedPrecondition, HasSubstr(options_.path + ".lock")));
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(SqliteDatabaseTest, RefusesANewerCoreNamingBothVersions) {
  ASSERT_THAT(Open(), IsOk());
  database_ = nullptr;
  Change(options_.path, "UPDATE meta SET value = 42 WHERE name = 'core_schema'");
  EXPECT_THAT(Open(),
              StatusIs(Code::kFailedPrecondition, AllOf(HasSubstr(options_.path), HasSubstr("42"), HasSubstr("2"))));
}

TEST_F(SqliteDatabaseTest, RefusesAForeignFileAndAFileThatIsNone) {
  Change(options_.path, "CREATE TABLE other(x)");
  EXPECT_THAT(Open(), StatusIs(Code::kFailedPrecondition, HasSubstr(options_.path)));
  fs::resize_file(options_.path, 0);
  fs::resize_file(options_.path, 5000);
  fs::remove(options_.path + "-wal");
  EXPECT_THAT(Open(), StatusIs(Code::kDataLoss, HasSubstr(options_.path)));
}

TEST_F(SqliteDatabaseTest, RefusesAMissingOrForeignKeyFile) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  database_ = nullptr;
  const std::string kept = options_.key_path + ".kept";
  fs::rename(options_.key_path, kept);
  EXPECT_THAT(Open(), StatusIs(Code::kFailedPrecondition, HasSubstr(options_.key_path)));
  EXPECT_FALSE(fs::exists(options_.key_path));
  SqliteOptions other = options_;
  other.path += ".other";
  ASSERT_THAT(OpenSqlite(other), IsOk());
  EXPECT_THAT(Open(), StatusIs(Code::kFailedPrecondition, HasSubstr(options_.path)));
  fs::rename(kept, options_.key_path);
  EXPECT_THAT(Open(), IsOk());
  EXPECT_THAT(Load("clients/A"), IsOk());
  database_ = nullptr;
  fs::remove(options_.path);
  EXPECT_THAT(Open(), StatusIs(Code::kFailedPrecondition, HasSubstr(options_.key_path)));
}

TEST_F(SqliteDatabaseTest, TheKeyFileIsPrivate) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (!entry.path().string().starts_with(options_.key_path)) continue;
    struct stat status;
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(SqliteDatabaseTest, AFullDiskKeepsNothingAndTheDatabaseGoesOn) {
  options_.pages_max = 100;
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  EXPECT_THAT(Put("clients/B", std::string(1 << 20, 'x')), StatusIs(Code::kResourceExhausted));
  {
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    EXPECT_EQ((*(*transaction)->Load({"clients/B"}))[0].version, 0);
    EXPECT_THAT((*transaction)->Save({{0, {"clients/B", 1, 1, 1, std::string(1 << 20, 'x')}}}),
                StatusIs(Code::kResourceExhausted));
    // SQLite may have rolled back: what follows must not be kept by itself.
    if (!(*transaction)->Load({"clients/A"}).ok()) {
      EXPECT_THAT((*transaction)->Save({{0, {"clients/C", 1, 1, 1, "x"}}}), StatusIs(Code::kFailedPrecondition));
      EXPECT_THAT((*transaction)->Commit(), StatusIs(Code::kFailedPrecondition));
    }
  }
  EXPECT_THAT(Put("clients/B", "small"), IsOk());
  EXPECT_THAT(Load("clients/B"), IsOk());
}

// Once it was taken for a broken disk, and the process ended.
TEST_F(SqliteDatabaseTest, ADiskTooFullForSharedMemoryIsNotABrokenOne) {
  EXPECT_THAT(sqlite::StatusOf(SQLITE_IOERR_SHMSIZE, "file", "why"), StatusIs(Code::kResourceExhausted));
  const absl::Status broken = sqlite::StatusOf(SQLITE_IOERR_FSYNC, "file", "why");
  EXPECT_THAT(broken, StatusIs(Code::kInternal));
  EXPECT_TRUE(IsDiskFailure(broken));
  EXPECT_FALSE(IsDiskFailure(sqlite::StatusOf(SQLITE_CONSTRAINT_NOTNULL, "file", "why")));
}

TEST_F(SqliteDatabaseTest, SharesOneConnectionWithoutReaders) {
  options_.reader_connections = 0;
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(Put("clients/A", "content"), IsOk());
  EXPECT_FALSE(fs::exists(options_.path + "-shm"));
  auto reader = database_->Read();
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->Load({"clients/A"}), IsOk());
  // Waiting here would be for ever.
  EXPECT_THAT(database_->Begin().status(), StatusIs(Code::kFailedPrecondition));
  *reader = nullptr;
  EXPECT_THAT(database_->Begin(), IsOk());
  EXPECT_THAT(Open(), IsOk());
  EXPECT_THAT(Load("clients/A"), IsOk());
}

TEST_F(SqliteDatabaseTest, ALedgerThatOthersMakeAtThisMomentIsWaitedFor) {
  constexpr int kFiles = 20;
  for (int file = 0; file < kFiles; ++file) {
    ErasureLedgerOptions options;
    options.path = (folder_ / absl::StrCat(file, ".ledger")).string();
    options.database_id = "database";
    std::atomic<bool> begun = false;
    std::atomic<bool> opened = false;
    std::thread other([&] {
      sqlite3* same = nullptr;
      sqlite3_open(options.path.c_str(), &same);
      while (!opened) {
        sqlite3_exec(same, "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS other (id INTEGER)", nullptr, nullptr, nullptr);
        begun = true;
        sqlite3_exec(same, "COMMIT", nullptr, nullptr, nullptr);
      }
      sqlite3_close(same);
    });
    while (!begun) std::this_thread::yield();
    EXPECT_THAT(ErasureLedger::Open(options), IsOk());
    opened = true;
    other.join();
  }
}

TEST_F(SqliteDatabaseTest, TheLogMovesIntoTheFileBesideTheCommits) {
  sqlite::ConnectionOptions file;
  file.path = options_.path;
  file.checkpoint_pages = 20;
  auto beside = sqlite::Connection::Open(file);
  ASSERT_THAT(beside, IsOk());
  sqlite::Checkpointer checkpointer(*std::move(beside));
  auto writer = sqlite::Connection::Open(file);
  ASSERT_THAT(writer, IsOk());
  (*writer)->CheckpointBeside(checkpointer);
  ASSERT_THAT((*writer)->Execute("CREATE TABLE t (content BLOB)"), IsOk());
  const auto put = [&](int pages) {
    ASSERT_THAT((*writer)->Execute("BEGIN IMMEDIATE"), IsOk());
    ASSERT_THAT((*writer)->Execute(absl::StrCat("INSERT INTO t VALUES (zeroblob(", pages * 4096, "))")), IsOk());
    ASSERT_THAT((*writer)->Commit(), IsOk());
  };
  put(10);
  checkpointer.Await();
  const auto before = fs::file_size(options_.path);
  put(20);
  checkpointer.Await();
  EXPECT_GT(fs::file_size(options_.path), before + 25 * 4096);
  EXPECT_THAT((*writer)->checkpoint_status(), IsOk());
}

TEST_F(SqliteDatabaseTest, TheLogStaysShortWhenNobodyReads) {
  options_.checkpoint_pages = 20;
  ASSERT_THAT(Open(), IsOk());
  for (int i = 0; i < 200; ++i) ASSERT_THAT(Put(absl::StrCat("clients/", i), std::string(1000, 'x')), IsOk());
  EXPECT_LT(fs::file_size(options_.path + "-wal"), 100u * 4200u);
}

}  // namespace
}  // namespace polku::store
