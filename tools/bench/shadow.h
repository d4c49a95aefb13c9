// The raw part under a service's database: a second file that gets the same rows by hand.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "libs/store/database.h"
#include "libs/store/sqlite/connection.h"

namespace polku::bench {

// One prepared statement with its values.
struct RawWrite {
  store::sqlite::Statement* statement = nullptr;
  std::string owner;  // The client it belongs to; empty when unknown.
  std::vector<store::Value> values;
};

// Begins as a copy of the product's file, then follows it: Take finds what the product has written since, Write
// writes that to the copy, with the same pragmas, cache and checkpoints as the product. Content stays sealed as it
// is, so sealing costs the raw part nothing. Thread-compatible.
class Shadow {
 public:
  // The product's file must be closed.
  Shadow(const std::string& product_path, const std::string& path);

  // A new row is an INSERT; of a row that is there, an UPDATE sets only the columns that differ. In the order of
  // tables and keys, the cheapest one. Public journal rows bring their outbox row along.
  std::vector<RawWrite> Take();
  // One transaction, durable on return.
  void Write(absl::Span<const RawWrite> writes);
  // Ends the program unless both files hold the same rows.
  void CheckSame();

 private:
  struct Table {
    std::string name;
    std::vector<std::string> columns;
    std::vector<size_t> key;  // Ordinals of the primary key's columns.
    std::string owner;        // The column that says whose row it is; empty when none does.
    bool appended = false;    // New rows have a higher rowid.
    int64_t last = 0;
  };
  void ReadTables();
  void TakeAppended(Table& table, std::vector<RawWrite>& writes);
  void TakeChanged(const Table& table, int64_t after, std::vector<RawWrite>& writes);
  void LearnOwners();
  std::string OwnerOf(const Table& table, const store::Row& row) const;
  store::sqlite::Statement* Insert(const Table& table);

  std::string product_path_;
  std::unique_ptr<store::sqlite::Connection> raw_;
  std::unique_ptr<store::sqlite::Connection> product_;  // For reading.
  std::vector<Table> tables_;
  std::map<int64_t, std::string> owners_;  // By key_id, those of the last Take.
  int64_t journal_seen_ = 0;
};

}  // namespace polku::bench
