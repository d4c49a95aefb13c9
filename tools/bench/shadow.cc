#include "tools/bench/shadow.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "tools/bench/measure.h"

namespace polku::bench {
namespace {

using store::Row;
using store::Value;
using store::sqlite::Connection;
using store::sqlite::Statement;

// Where the key of a row is told; `aggregate` is known by its key alone.
constexpr char kTouched[] = "(SELECT DISTINCT key_id FROM journal WHERE sequence > ?1)";
constexpr char kTouchedTexts[] =
    "(SELECT text FROM aggregate_key WHERE id IN (SELECT DISTINCT key_id FROM journal WHERE sequence > ?1))";

std::vector<Row> Rows(Connection& connection, const std::string& sql, const std::vector<Value>& parameters) {
  Statement* statement = Must(connection.GetText(sql));
  for (size_t i = 0; i < parameters.size(); ++i) statement->BindValue(static_cast<int>(i) + 1, parameters[i]);
  std::vector<Row> rows;
  while (Must(statement->Step())) {
    Row row;
    for (int i = 0; i < statement->columns(); ++i) row.push_back(Must(statement->ColumnValue(i)));
    rows.push_back(std::move(row));
  }
  return rows;
}

int64_t Number(const Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

std::unique_ptr<Connection> OpenLike(const std::string& path, bool read_only) {
  const store::SqliteOptions product;
  store::sqlite::ConnectionOptions options;
  options.path = path;
  options.read_only = read_only;
  options.cache_kib = read_only ? product.reader_cache_kib : product.cache_kib;
  options.checkpoint_pages = product.checkpoint_pages;
  return Must(Connection::Open(options));
}

std::string Parameters(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 1; i <= count; ++i) names.push_back(absl::StrCat("?", i));
  return absl::StrJoin(names, ",");
}

}  // namespace

Shadow::Shadow(const std::string& product_path, const std::string& path) : product_path_(product_path) {
  std::filesystem::copy_file(product_path, path, std::filesystem::copy_options::overwrite_existing);
  raw_ = OpenLike(path, false);
  ReadTables();
}

void Shadow::ReadTables() {
  // The seals of the audit are nobody's rows, and who writes by hand has none: what they cost is the product's.
  const std::set<std::string> others = {"audit_cut", "audit_seal", "audit_unsealed", "kind",    "meta",
                                        "migration", "name",       "outbox",         "position"};
  for (const Row& row : Rows(*raw_, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", {})) {
    Table table;
    table.name = std::get<std::string>(row[0]);
    if (others.contains(table.name) || table.name.starts_with("sqlite_")) continue;
    std::vector<std::pair<int64_t, size_t>> key;
    for (const Row& column : Rows(*raw_, absl::StrCat("PRAGMA table_info(", table.name, ")"), {})) {
      const std::string name = std::get<std::string>(column[1]);
      if (Number(column[5]) > 0) key.emplace_back(Number(column[5]), table.columns.size());
      for (const char* owner : {"key_id", "client", "resource"}) {
        if (name == owner) table.owner = name;
      }
      if (table.name == "aggregate_key" && name == "text") table.owner = name;
      table.columns.push_back(name);
    }
    std::sort(key.begin(), key.end());
    for (const auto& [order, ordinal] : key) table.key.push_back(ordinal);
    const auto has_rowid = raw_->GetText(absl::StrCat("SELECT COALESCE(MAX(rowid), 0) FROM ", table.name));
    table.appended = has_rowid.ok() && table.name != "aggregate";
    if (table.appended) {
      table.last = Number(Rows(*raw_, absl::StrCat("SELECT COALESCE(MAX(rowid), 0) FROM ", table.name), {})[0][0]);
    }
    if (table.name == "journal") journal_seen_ = table.last;
    tables_.push_back(std::move(table));
  }
}

Statement* Shadow::Insert(const Table& table) {
  return Must(raw_->GetText(absl::StrCat("INSERT INTO ", table.name, "(", absl::StrJoin(table.columns, ","),
                                         ") VALUES(", Parameters(table.columns.size()), ")")));
}

std::string Shadow::OwnerOf(const Table& table, const Row& row) const {
  const auto at = std::find(table.columns.begin(), table.columns.end(), table.owner);
  if (at == table.columns.end()) return "";
  const Value& value = row[static_cast<size_t>(at - table.columns.begin())];
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto known = owners_.find(Number(value));
  return known == owners_.end() ? "" : known->second;
}

void Shadow::LearnOwners() {
  owners_.clear();
  for (const Row& row :
       Rows(*product_, absl::StrCat("SELECT id, text FROM aggregate_key WHERE id IN ", kTouched), {journal_seen_})) {
    owners_[Number(row[0])] = std::get<std::string>(row[1]);
  }
}

void Shadow::TakeAppended(Table& table, std::vector<RawWrite>& writes) {
  Statement* insert = Insert(table);
  const std::string select = absl::StrCat("SELECT rowid, ", absl::StrJoin(table.columns, ","), " FROM ", table.name,
                                          " WHERE rowid > ?1 ORDER BY rowid");
  for (Row& row : Rows(*product_, select, {table.last})) {
    table.last = Number(row[0]);
    row.erase(row.begin());
    writes.push_back({insert, OwnerOf(table, row), row});
    if (table.name != "journal" || Number(row[4]) == 0) continue;
    Statement* announce = Must(raw_->GetText("INSERT INTO outbox(sequence) VALUES(?1)"));
    writes.push_back({announce, writes.back().owner, {row[0]}});
  }
}

void Shadow::TakeChanged(const Table& table, int64_t after, std::vector<RawWrite>& writes) {
  if (table.owner != "key_id" && table.owner != "client") return;
  const std::string all = absl::StrCat("SELECT ", absl::StrJoin(table.columns, ","), " FROM ", table.name, " WHERE ");
  std::vector<std::string> matches;
  for (size_t i = 0; i < table.key.size(); ++i) {
    matches.push_back(absl::StrCat(table.columns[table.key[i]], " = ?", i + 1));
  }
  const std::string one = absl::StrCat(all, absl::StrJoin(matches, " AND "));
  const std::string touched =
      absl::StrCat(all, table.owner, " IN ", table.owner == "client" ? kTouchedTexts : kTouched);
  for (const Row& row : Rows(*product_, touched, {after})) {
    Row key;
    for (const size_t ordinal : table.key) key.push_back(row[ordinal]);
    const std::vector<Row> before = Rows(*raw_, one, key);
    if (before.empty()) {
      // An appended row is taken by its rowid.
      if (!table.appended) writes.push_back({Insert(table), OwnerOf(table, row), row});
      continue;
    }
    std::vector<std::string> sets;
    Row values;
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i] == before[0][i]) continue;
      values.push_back(row[i]);
      sets.push_back(absl::StrCat(table.columns[i], " = ?", values.size()));
    }
    if (sets.empty()) continue;
    std::vector<std::string> where;
    for (size_t i = 0; i < key.size(); ++i) {
      values.push_back(key[i]);
      where.push_back(absl::StrCat(table.columns[table.key[i]], " = ?", values.size()));
    }
    Statement* update = Must(raw_->GetText(absl::StrCat("UPDATE ", table.name, " SET ", absl::StrJoin(sets, ", "),
                                                        " WHERE ", absl::StrJoin(where, " AND "))));
    writes.push_back({update, OwnerOf(table, row), std::move(values)});
  }
}

std::vector<RawWrite> Shadow::Take() {
  if (product_ == nullptr) product_ = OpenLike(product_path_, true);
  std::vector<RawWrite> writes;
  LearnOwners();
  for (Table& table : tables_) {
    // Rows that are there change only with an event; the journal itself is append-only.
    if (table.name != "journal" && !table.key.empty()) TakeChanged(table, journal_seen_, writes);
    if (table.appended) TakeAppended(table, writes);
  }
  for (const Table& table : tables_) {
    if (table.name == "journal") journal_seen_ = table.last;
  }
  return writes;
}

void Shadow::Write(absl::Span<const RawWrite> writes) {
  Must(raw_->Execute("BEGIN IMMEDIATE"));
  for (const RawWrite& write : writes) {
    for (size_t i = 0; i < write.values.size(); ++i) {
      write.statement->BindValue(static_cast<int>(i) + 1, write.values[i]);
    }
    Must(write.statement->Run());
  }
  Must(raw_->Commit());
}

void Shadow::CheckSame() {
  for (const Table& table : tables_) {
    const std::string count = absl::StrCat("SELECT COUNT(*) FROM ", table.name);
    const int64_t ours = Number(Rows(*product_, count, {})[0][0]);
    const int64_t raw = Number(Rows(*raw_, count, {})[0][0]);
    if (ours == raw) continue;
    std::fprintf(stderr, "polku-bench: table %s has %ld rows, its copy %ld\n", table.name.c_str(), ours, raw);
    std::exit(1);
  }
}

}  // namespace polku::bench
