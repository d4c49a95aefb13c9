// What a dialect gives to the conformance suite. To run the suite, link polku::store_conformance
// and instantiate it once:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(&MakeSqliteFactory));
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ErasureConformance, testing::Values(&MakeSqliteFactory));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"

namespace polku::store {

// One database in a place of its own, empty at first, removed with the factory.
class DatabaseFactory {
 public:
  virtual ~DatabaseFactory() = default;
  // Opens it, or opens it again. The one before is gone by then.
  virtual absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options) = 0;
  // Ends `database` as a killed process would: nothing is closed in order, and what Open finds
  // afterwards is what the database had on its disk at that moment.
  virtual void Crash(std::unique_ptr<Database> database) = 0;
  // All bytes that the database keeps on its disk, its key file and erasure ledger apart.
  virtual std::string RawBytes() = 0;
  // Copies the database, which is open, and its key file; not its erasure ledger.
  virtual void Backup() = 0;
  // Puts the copy back. The database is closed.
  enum class Parts { kBoth, kDatabase, kKeys };
  virtual void Restore(Parts parts) = 0;
};

using MakeFactory = std::unique_ptr<DatabaseFactory> (*)();

class StoreConformance : public testing::TestWithParam<MakeFactory> {
 public:
  // Three tables: item (key id, values text, number, bytes), pair (key a, b) and keyed (key key_id, part, value text).
  static const TableShape& Item();
  static const TableShape& Pair();
  static const TableShape& Keyed();

 protected:
  StoreConformance();
  // Aborts the test when the database does not open.
  void Open();
  void Reopen();
  void Crash();

  static Options DefaultOptions();

  Database& database() { return *database_; }
  // Runs `write` in a transaction and commits it.
  template <class Write>
  absl::Status InTransaction(Write write) {
    absl::StatusOr<std::unique_ptr<Transaction>> transaction = database_->Begin();
    if (!transaction.ok()) return transaction.status();
    if (absl::Status status = write(**transaction); !status.ok()) return status;
    return (*transaction)->Commit();
  }
  std::unique_ptr<Reader> Read();

  const std::unique_ptr<DatabaseFactory> factory_;
  std::unique_ptr<Database> database_;
};

// Clients A and B, of whom A is erased.
class ErasureConformance : public StoreConformance {
 protected:
  absl::Status PutBoth();
  absl::Status DecideA();
  absl::Status Destroy();
  // In transactions that look at `rows_max` rows each; how many they were.
  absl::StatusOr<int> Sweep(int rows_max);
  // No content of A, its tombstone is there, and B has everything.
  void ExpectErased();
  void ExpectSwept();
};

// A change of one aggregate from `expected` to `expected` + 1.
AggregateWrite WriteOf(absl::string_view key, int64_t expected, absl::string_view state);
JournalRow EventOf(absl::string_view key, int64_t version, int64_t public_version, absl::string_view payload);
std::string ClientKey(int number);
absl::Time At(int seconds);

}  // namespace polku::store
