// How a transaction writes the rows of services' own tables.
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"
#include "libs/store/postgres/transaction.h"

namespace polku::store::postgres {
namespace {

constexpr char kColumnTypes[] =
    "SELECT a.attname, COALESCE(NULLIF(t.typbasetype, 0), t.oid)::BIGINT FROM pg_attribute a "
    "JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped";

// "unnest($1, $2)", as many as there are columns.
std::string Unnest(size_t columns) {
  std::vector<std::string> parameters;
  for (size_t i = 1; i <= columns; ++i) parameters.push_back(absl::StrCat("$", i));
  return absl::StrCat("unnest(", absl::StrJoin(parameters, ", "), ")");
}

std::string UpsertSql(const TableShape& shape) {
  std::vector<std::string> columns = shape.key_columns;
  columns.insert(columns.end(), shape.value_columns.begin(), shape.value_columns.end());
  std::vector<std::string> sets;
  for (const std::string& column : shape.value_columns) sets.push_back(absl::StrCat(column, " = excluded.", column));
  return absl::StrCat("INSERT INTO ", shape.table, "(", absl::StrJoin(columns, ", "), ") SELECT * FROM ",
                      Unnest(columns.size()), " ON CONFLICT (", absl::StrJoin(shape.key_columns, ", "),
                      sets.empty() ? ") DO NOTHING" : ") DO UPDATE SET ", absl::StrJoin(sets, ", "));
}

std::string DeleteSql(const TableShape& shape) {
  return absl::StrCat("DELETE FROM ", shape.table, " WHERE (", absl::StrJoin(shape.key_columns, ", "),
                      ") IN (SELECT * FROM ", Unnest(shape.key_columns.size()), ")");
}

}  // namespace

absl::StatusOr<const KnownShape*> PostgresTransaction::ShapeOf(const TableShape& shape) {
  KnownShape& known = session()->shapes[&shape];
  if (known.shape == shape && !known.upsert.empty()) return &known;
  ASSIGN_OR_RETURN(const Result found, session()->connection->Run(kColumnTypes, Parameter::Text(shape.table)));
  std::map<std::string, Oid, std::less<>> types;
  for (int row = 0; row < found.rows(); ++row) {
    types.emplace(std::string(found.Text(row, 0)), static_cast<Oid>(found.Int(row, 1)));
  }
  KnownShape read;
  read.shape = shape;
  for (const auto* columns : {&shape.key_columns, &shape.value_columns}) {
    for (const std::string& column : *columns) {
      const auto type = types.find(column);
      if (type == types.end() || (type->second != kNumber && type->second != kText && type->second != kBytes)) {
        return absl::InternalError(
            absl::StrCat("table ", shape.table, " has no column ", column, " of type TEXT, BIGINT or BLOB"));
      }
      read.types.push_back(type->second);
    }
  }
  read.upsert = UpsertSql(shape);
  read.remove = DeleteSql(shape);
  known = std::move(read);
  return &known;
}

absl::Status PostgresTransaction::RunRows(const KnownShape& known, const std::string& sql, size_t columns,
                                          absl::Span<const Row> rows) {
  const TableShape& shape = known.shape;
  const auto keys = static_cast<std::ptrdiff_t>(shape.key_columns.size());
  // In order of the key; of equal keys the last one is kept: one statement cannot write a row twice.
  std::map<absl::Span<const Value>, const Row*> order;
  for (const Row& row : rows) {
    RETURN_IF_ERROR(CheckRow(shape, columns, row));
    order.insert_or_assign(absl::MakeConstSpan(row).first(keys), &row);
  }
  std::vector<Array> arrays;
  for (size_t i = 0; i < columns; ++i) arrays.emplace_back(known.types[i]);
  const bool by_key = IsByKey(shape);
  if (by_key) {
    std::vector<absl::string_view> owners;
    owners.reserve(order.size());
    for (const auto& [key, row] : order) owners.push_back(std::get<std::string>(key[0]));
    ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(owners, true));
    for (const int64_t id : ids) arrays[0].Add(id);
  }
  for (const auto& [key, row] : order) {
    for (size_t i = by_key ? 1 : 0; i < columns; ++i) {
      if (arrays[i].AddValue((*row)[i])) continue;
      return absl::InvalidArgumentError(absl::StrCat("row of ", shape.table, ": column ", i, " has another type"));
    }
  }
  std::vector<const Parameter*> parameters;
  for (const Array& array : arrays) parameters.push_back(&array);
  return session()->connection->SendText(sql, parameters);
}

absl::Status PostgresTransaction::Upsert(const TableShape& shape, absl::Span<const Row> rows) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const KnownShape* known, ShapeOf(shape));
  return RunRows(*known, known->upsert, shape.key_columns.size() + shape.value_columns.size(), rows);
}

absl::Status PostgresTransaction::Delete(const TableShape& shape, absl::Span<const Row> keys) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const KnownShape* known, ShapeOf(shape));
  return RunRows(*known, known->remove, shape.key_columns.size(), keys);
}

}  // namespace polku::store::postgres
