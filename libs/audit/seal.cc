#include "libs/audit/seal.h"

#include <algorithm>
#include <memory>
#include <variant>

#include "absl/strings/str_cat.h"
#include "libs/audit/columns.h"
#include "libs/base/hash.h"
#include "libs/base/status_macros.h"

namespace polku::audit {
namespace {

constexpr char kDomain[] = "audit.link";
constexpr size_t kIdBytes = 8;

const store::TableShape kSealTable{
    "audit_seal", {"number"}, {"row_count", "first_id", "last_id", "ids", "links", "link"}};
const store::TableShape kUnsealedTable{"audit_unsealed", {"id"}, {}};

// Most significant byte first.
void AppendNumber(uint64_t number, std::string& text) {
  for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(number >> shift));
}

int64_t NumberAt(absl::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < kIdBytes; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<int64_t>(number);
}

store::Row RowOf(const Seal& seal) {
  std::string ids;
  std::string links;
  int64_t first = seal.ids.front();
  int64_t last = first;
  for (size_t i = 0; i < seal.ids.size(); ++i) {
    AppendNumber(static_cast<uint64_t>(seal.ids[i]), ids);
    links += seal.links[i];
    first = std::min(first, seal.ids[i]);
    last = std::max(last, seal.ids[i]);
  }
  return {seal.number, seal.rows, first, last, store::Blob{ids}, store::Blob{links}, store::Blob{seal.link}};
}

absl::StatusOr<std::vector<Entry>> ReadUnsealed(store::Reader& reader, int rows_max) {
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                   reader.Query(absl::StrCat("SELECT ", kEntryColumns,
                                             " FROM audit_unsealed u JOIN audit a ON a.id = u.id ORDER BY u.id "
                                             "LIMIT $1"),
                                {int64_t{rows_max}}));
  std::vector<Entry> entries;
  for (const store::Row& row : rows) entries.push_back(EntryOf(row));
  return entries;
}

}  // namespace

Entry EntryOf(const store::Row& row) {
  Entry entry;
  entry.id = IntAt(row, 0);
  entry.row.time = store::ToTime(row.at(1));
  size_t column = 1;
  for (std::string* text :
       {&entry.row.organisation, &entry.row.user, &entry.row.role, &entry.row.purpose, &entry.row.action,
        &entry.row.resource, &entry.row.outcome, &entry.row.request_id, &entry.row.traceparent}) {
    const auto* found = std::get_if<std::string>(&row.at(++column));
    if (found != nullptr) *text = *found;
  }
  return entry;
}

absl::StatusOr<Seal> SealOf(const store::Row& row) {
  Seal seal;
  seal.number = IntAt(row, 0);
  seal.rows = IntAt(row, 1);
  const std::string ids = BytesAt(row, 2);
  const std::string links = BytesAt(row, 3);
  seal.link = BytesAt(row, 4);
  const size_t count = ids.size() / kIdBytes;
  if (count == 0 || ids.size() != count * kIdBytes || links.size() != count * kShortLinkBytes ||
      seal.link.size() != kKeyedHashBytes) {
    return absl::DataLossError(absl::StrCat("audit seal ", seal.number, " is damaged"));
  }
  for (size_t i = 0; i < count; ++i) {
    seal.ids.push_back(NumberAt(absl::string_view(ids).substr(i * kIdBytes)));
    seal.links.push_back(links.substr(i * kShortLinkBytes, kShortLinkBytes));
  }
  return seal;
}

std::string FirstLink() { return std::string(kKeyedHashBytes, '\0'); }

std::string LinkOf(absl::string_view key, absl::string_view before, const Entry& entry) {
  const store::AuditRow& row = entry.row;
  std::string text(before);
  AppendNumber(static_cast<uint64_t>(entry.id), text);
  AppendNumber(static_cast<uint64_t>(IntAt({store::FromTime(row.time)}, 0)), text);
  for (const std::string* part : {&row.organisation, &row.user, &row.role, &row.purpose, &row.action, &row.resource,
                                  &row.outcome, &row.request_id, &row.traceparent}) {
    AppendNumber(part->size(), text);
    text += *part;
  }
  return KeyedHash(key, kDomain, text);
}

absl::StatusOr<Seal> NewestSeal(store::Reader& reader) {
  ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      reader.Query(absl::StrCat("SELECT ", kSealColumns, " FROM audit_seal ORDER BY number DESC LIMIT 1"), {}));
  if (!rows.empty()) return SealOf(rows[0]);
  Seal none;
  none.link = FirstLink();
  return none;
}

absl::StatusOr<Unsealed> CountUnsealed(store::Reader& reader) {
  ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      reader.Query("SELECT (SELECT COUNT(*) FROM audit_unsealed), (SELECT time FROM audit WHERE id = (SELECT MIN(id) "
                   "FROM audit_unsealed))",
                   {}));
  return Unsealed{IntAt(rows.at(0), 0), store::ToTime(rows.at(0).at(1))};
}

absl::StatusOr<int> SealRows(store::Database& database, int rows_max,
                             absl::FunctionRef<absl::Status(store::Transaction&)> hold) {
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<store::Reader> reader, database.Read());
    ASSIGN_OR_RETURN(const std::vector<store::Row> any, reader->Query("SELECT id FROM audit_unsealed LIMIT 1", {}));
    if (any.empty()) return 0;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Transaction> transaction, database.Begin());
  RETURN_IF_ERROR(hold(*transaction));
  ASSIGN_OR_RETURN(const std::vector<Entry> entries, ReadUnsealed(*transaction, rows_max));
  if (entries.empty()) return 0;
  ASSIGN_OR_RETURN(Seal seal, NewestSeal(*transaction));
  ++seal.number;
  seal.ids.clear();
  seal.links.clear();
  std::vector<store::Row> sealed;
  for (const Entry& entry : entries) {
    ++seal.rows;
    seal.link = LinkOf(database.hash_key(), seal.link, entry);
    seal.ids.push_back(entry.id);
    seal.links.push_back(seal.link.substr(0, kShortLinkBytes));
    sealed.push_back({entry.id});
  }
  RETURN_IF_ERROR(transaction->Upsert(kSealTable, {RowOf(seal)}));
  RETURN_IF_ERROR(transaction->Delete(kUnsealedTable, sealed));
  RETURN_IF_ERROR(transaction->Commit());
  return static_cast<int>(entries.size());
}

}  // namespace polku::audit
