#include "libs/testing/sim_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace polku::testing {
namespace {

struct CloseConnection {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

Connection Open(const SimVfs& disk, const std::string& path = "a.db") {
  sqlite3* db = nullptr;
  sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk.name().c_str());
  return Connection(db);
}

bool Do(const Connection& db, const std::string& sql) {
  return sqlite3_exec(db.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::string Ask(const Connection& db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return sqlite3_errmsg(db.get());
  std::string answer = "none";
  if (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    answer = text == nullptr ? "" : text;
  }
  sqlite3_finalize(statement);
  return answer;
}

int ToNumber(const std::string& text) {
  int number = -1;
  return absl::SimpleAtoi(text, &number) ? number : -1;
}

// With a rollback journal SQLite syncs the folder after the deletion of the journal only at EXTRA.
constexpr char kDurable[] = "PRAGMA synchronous=EXTRA; PRAGMA wal_autocheckpoint=20; PRAGMA cache_size=5";

void Configure(const Connection& db, const std::string& mode) {
  ASSERT_EQ(Ask(db, absl::StrCat("PRAGMA journal_mode=", mode)), mode);
  ASSERT_TRUE(Do(db, kDurable));
}

std::string Insert(int number) { return absl::StrCat("INSERT INTO t VALUES (", number, ", randomblob(900))"); }

// Commits rows until the power goes at some operation; what was committed is there afterwards,
// what was not is whole or absent, and the file is sound. `mode` is SQLite's journal mode.
void LosePowerSomewhere(uint64_t seed, const std::string& mode) {
  SeededRandom random(seed);
  SimVfs disk(absl::StrCat("sim-test-", mode, seed));
  {
    const Connection db = Open(disk);
    Configure(db, mode);
    ASSERT_TRUE(Do(db, "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)"));
  }
  int committed = 0;
  for (int round = 0; round < 4; ++round) {
    disk.LosePowerAfter(1 + static_cast<int64_t>(random.Next() % 120));
    {
      const Connection db = Open(disk);
      Ask(db, "PRAGMA journal_mode");
      Do(db, kDurable);
      while (disk.has_power()) {
        const int rows = 1 + static_cast<int>(random.Next() % 8);
        if (!Do(db, "BEGIN IMMEDIATE")) break;
        bool ok = true;
        for (int i = 1; ok && i <= rows; ++i) ok = Do(db, Insert(committed + i));
        if (!ok || !Do(db, "COMMIT")) break;
        committed += rows;
      }
    }
    ASSERT_FALSE(disk.has_power());
    disk.Crash(random, random.Next() % 2 == 0 ? SimVfs::Unsynced::kLost : SimVfs::Unsynced::kSomeKept);
    const Connection db = Open(disk);
    ASSERT_EQ(Ask(db, "PRAGMA integrity_check"), "ok") << "seed " << seed;
    const std::string rows = Ask(db, "SELECT count(*) FROM t");
    ASSERT_EQ(rows, Ask(db, "SELECT coalesce(max(n), 0) FROM t")) << "seed " << seed;
    // The last transaction may have reached the disk although nobody was told.
    ASSERT_GE(ToNumber(rows), committed) << "seed " << seed;
    ASSERT_LE(ToNumber(rows), committed + 8) << "seed " << seed;
    committed = ToNumber(rows);
  }
}

TEST(SimVfs, KeepsCommittedTransactionsOfAWriteAheadLog) {
  for (uint64_t seed = 1; seed <= 150; ++seed) LosePowerSomewhere(seed, "wal");
}

TEST(SimVfs, KeepsCommittedTransactionsOfARollbackJournal) {
  for (uint64_t seed = 1; seed <= 150; ++seed) LosePowerSomewhere(seed, "delete");
}

TEST(SimVfs, LosesWhatWasNotSynced) {
  SeededRandom random(1);
  SimVfs disk("sim-test-unsynced");
  Connection db = Open(disk);
  Configure(db, "wal");
  ASSERT_TRUE(Do(db, "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)"));
  ASSERT_TRUE(Do(db, "PRAGMA synchronous=OFF"));
  ASSERT_TRUE(Do(db, Insert(1)));
  EXPECT_NE(disk.Current("a.db-wal"), disk.Durable("a.db-wal"));
  disk.Crash(random, SimVfs::Unsynced::kLost);
  EXPECT_EQ(Ask(Open(disk), "SELECT count(*) FROM t"), "0");
}

TEST(SimVfs, CutsOldConnectionsOff) {
  SeededRandom random(1);
  SimVfs disk("sim-test-old");
  const Connection before = Open(disk);
  Configure(before, "wal");
  ASSERT_TRUE(Do(before, "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)"));
  ASSERT_TRUE(Do(before, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1, '')"));
  disk.Crash(random, SimVfs::Unsynced::kLost);
  const Connection after = Open(disk);
  ASSERT_TRUE(Do(after, "INSERT INTO t VALUES (2, '')"));
  EXPECT_FALSE(Do(before, "COMMIT"));
  EXPECT_EQ(Ask(after, "SELECT group_concat(n) FROM t"), "2");
}

TEST(SimVfs, CountsFilesUntilTheyAreClosed) {
  SimVfs disk("counts");
  Connection first = Open(disk);
  ASSERT_TRUE(Do(first, "CREATE TABLE t(number)"));
  EXPECT_GT(disk.open_files(), 0);
  SeededRandom random(1);
  disk.Crash(random, SimVfs::Unsynced::kLost);
  EXPECT_GT(disk.open_files(), 0);
  first.reset();
  EXPECT_EQ(disk.open_files(), 0);
}

TEST(SimVfs, LetsTwoConnectionsShareALog) {
  SimVfs disk("sim-test-two");
  const Connection writer = Open(disk);
  Configure(writer, "wal");
  ASSERT_TRUE(Do(writer, "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)"));
  const Connection reader = Open(disk);
  ASSERT_TRUE(Do(reader, "BEGIN"));
  EXPECT_EQ(Ask(reader, "SELECT count(*) FROM t"), "0");
  ASSERT_TRUE(Do(writer, Insert(1)));
  EXPECT_EQ(Ask(reader, "SELECT count(*) FROM t"), "0");  // Its snapshot.
  ASSERT_TRUE(Do(reader, "COMMIT"));
  EXPECT_EQ(Ask(reader, "SELECT count(*) FROM t"), "1");
  ASSERT_TRUE(Do(writer, "BEGIN IMMEDIATE"));
  EXPECT_FALSE(Do(reader, "BEGIN IMMEDIATE"));
  ASSERT_TRUE(Do(writer, "COMMIT"));
  EXPECT_TRUE(Do(reader, "BEGIN IMMEDIATE"));
}

TEST(SimVfs, DoesTheSameForTheSameSeed) {
  std::vector<std::string> files;
  for (const char* name : {"sim-test-same-1", "sim-test-same-2"}) {
    SeededRandom random(5);
    SimVfs disk(name);
    const Connection db = Open(disk);
    Configure(db, "delete");
    ASSERT_TRUE(Do(db, "PRAGMA synchronous=OFF; CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)"));
    for (int i = 1; i <= 20; ++i) ASSERT_TRUE(Do(db, absl::StrCat("INSERT INTO t VALUES (", i, ", zeroblob(900))")));
    disk.Crash(random, SimVfs::Unsynced::kSomeKept);
    files.push_back(disk.Durable("a.db"));
  }
  EXPECT_EQ(files[0], files[1]);
}

}  // namespace
}  // namespace polku::testing
