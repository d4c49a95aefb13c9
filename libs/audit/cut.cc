#include "libs/audit/cut.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/columns.h"
#include "libs/audit/seal.h"
#include "libs/audit/verify.h"
#include "libs/base/hash.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"

namespace polku::audit {
namespace {

// Row kTurn is held by whoever cuts; it says nothing.
constexpr int64_t kTurn = 0;
constexpr int64_t kCut = 1;
const store::TableShape kCutTable{
    "audit_cut", {"number"}, {"seal", "row_count", "last_id", "link", "before_time", "time", "signature"}};
const store::TableShape kSealKey{"audit_seal", {"number"}, {}};
const store::TableShape kRowKey{"audit", {"id"}, {}};
// Looked at in one transaction: of a quiet service a seal has few rows.
constexpr int kSealsMax = 200;

absl::Time ToMicros(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

store::Row RowOf(int64_t number, const Cut& cut) {
  return {number,
          cut.seal,
          cut.rows,
          cut.last_row,
          store::Blob{cut.link},
          absl::ToUnixMicros(cut.before),
          absl::ToUnixMicros(cut.time),
          store::Blob{cut.signature}};
}

std::string TextOf(const Cut& cut, absl::string_view service) {
  return absl::StrCat("polku audit cut\n", service, "\n", cut.seal, "\n", cut.rows, "\n", cut.last_row, "\n",
                      HexOf(cut.link), "\n", absl::ToUnixMicros(cut.before), "\n", absl::ToUnixMicros(cut.time));
}

// Of the seals behind the cut as many as have `rows_max` rows, or one that has more.
absl::StatusOr<int> SealsFor(store::Reader& reader, const Cut& cut, int64_t rows_max) {
  ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      reader.Query("SELECT COUNT(*) FROM audit_seal WHERE number > $1 AND number <= $2 AND row_count <= $3",
                   {cut.seal, cut.seal + kSealsMax, cut.rows + rows_max}));
  return static_cast<int>(std::max<int64_t>(1, IntAt(rows.at(0), 0)));
}

// Seals that can go: none is the newest of all.
absl::StatusOr<bool> AnyBehind(store::Reader& reader, const Cut& cut) {
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                   reader.Query("SELECT number FROM audit_seal WHERE number > $1 AND number < (SELECT MAX(number) FROM "
                                "audit_seal) LIMIT 1",
                                {cut.seal}));
  return !rows.empty();
}

// Seals behind the newest cut that are found good, but for the newest of all.
absl::StatusOr<std::vector<Seal>> GoodSeals(store::Reader& reader, const Trust& trust, const Cut& cut,
                                            int64_t rows_max) {
  ASSIGN_OR_RETURN(const int seals_max, SealsFor(reader, cut, rows_max));
  ASSIGN_OR_RETURN(const Verified verified, Verify(reader, trust, cut.seal, seals_max));
  if (verified.problem.has_value()) {
    return WithReason(absl::FailedPreconditionError(
                          absl::StrCat("the audit is not as it was written (row ", verified.problem->row, ", seal ",
                                       verified.problem->seal, "): nothing is cut; see what VerifyAudit says")),
                      "AUDIT_NOT_WHOLE");
  }
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                   reader.Query(absl::StrCat("SELECT ", kSealColumns,
                                             " FROM audit_seal WHERE number > $1 AND number <= $2 AND number < (SELECT "
                                             "MAX(number) FROM audit_seal) ORDER BY number"),
                                {cut.seal, verified.seals.empty() ? cut.seal : verified.seals.back().number}));
  std::vector<Seal> seals;
  for (const store::Row& row : rows) {
    ASSIGN_OR_RETURN(Seal seal, SealOf(row));
    seals.push_back(std::move(seal));
  }
  return seals;
}

absl::StatusOr<bool> AreOlder(store::Reader& reader, const Seal& seal, absl::Time before) {
  const auto [first, last] = std::minmax_element(seal.ids.begin(), seal.ids.end());
  ASSIGN_OR_RETURN(
      const std::vector<store::Row> young,
      reader.Query("SELECT a.id FROM audit a WHERE a.id >= $1 AND a.id <= $2 AND (a.time IS NULL OR a.time >= $3)",
                   {*first, *last, absl::ToUnixMicros(before)}));
  // On PostgreSQL seals overlap a little.
  const std::set<int64_t> ids(seal.ids.begin(), seal.ids.end());
  return std::none_of(young.begin(), young.end(), [&](const store::Row& row) { return ids.contains(IntAt(row, 0)); });
}

}  // namespace

bool IsSigned(const Cut& cut, absl::string_view service, const std::vector<std::string>& public_keys) {
  return IsSignedBy(public_keys, TextOf(cut, service), cut.signature);
}

Cut Signed(Cut cut, absl::string_view service, const SigningKeys& keys) {
  cut.signature = keys.Sign(TextOf(cut, service));
  return cut;
}

absl::StatusOr<Cut> NewestCut(store::Reader& reader) {
  ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      reader.Query(
          "SELECT seal, row_count, last_id, link, before_time, time, signature FROM audit_cut WHERE number = $1",
          {kCut}));
  Cut cut;
  cut.link = FirstLink();
  if (rows.empty()) return cut;
  cut.seal = IntAt(rows[0], 0);
  cut.rows = IntAt(rows[0], 1);
  cut.last_row = IntAt(rows[0], 2);
  cut.link = BytesAt(rows[0], 3);
  cut.before = absl::FromUnixMicros(IntAt(rows[0], 4));
  cut.time = absl::FromUnixMicros(IntAt(rows[0], 5));
  cut.signature = BytesAt(rows[0], 6);
  return cut;
}

absl::StatusOr<CutDone> CutRows(store::Database& database, const SigningKeys& keys, CutOrder order) {
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Transaction> transaction, database.Begin());
  // Another program that cuts has ended before anything is read.
  Cut nothing;
  nothing.before = nothing.time = absl::UnixEpoch();
  RETURN_IF_ERROR(transaction->Upsert(kCutTable, {RowOf(kTurn, nothing)}));
  CutDone done;
  ASSIGN_OR_RETURN(done.cut, NewestCut(*transaction));
  ASSIGN_OR_RETURN(
      const std::vector<Seal> seals,
      GoodSeals(*transaction, {database.hash_key(), order.service, keys.public_keys()}, done.cut, order.rows_max));
  Cut cut = done.cut;
  std::vector<store::Row> rows;
  std::vector<store::Row> numbers;
  for (const Seal& seal : seals) {
    ASSIGN_OR_RETURN(const bool older, AreOlder(*transaction, seal, order.before));
    if (!older) break;
    numbers.push_back({seal.number});
    for (const int64_t id : seal.ids) {
      rows.push_back({id});
      cut.last_row = std::max(cut.last_row, id);
    }
    cut.seal = seal.number;
    cut.rows = seal.rows;
    cut.link = seal.link;
  }
  if (rows.empty()) return done;
  if (numbers.size() == seals.size()) {
    ASSIGN_OR_RETURN(done.more, AnyBehind(*transaction, cut));
  }
  cut.before = std::max(cut.before, ToMicros(order.before));
  cut.time = ToMicros(order.by.time);
  done.cut = Signed(std::move(cut), order.service, keys);
  done.rows = static_cast<int64_t>(rows.size());
  order.by.resource = absl::StrCat("services/", order.service, "/audit-cuts/", done.cut.seal);
  RETURN_IF_ERROR(transaction->Upsert(kCutTable, {RowOf(kCut, done.cut)}));
  RETURN_IF_ERROR(transaction->Delete(kRowKey, rows));
  RETURN_IF_ERROR(transaction->Delete(kSealKey, numbers));
  RETURN_IF_ERROR(transaction->AppendAudit({order.by}));
  RETURN_IF_ERROR(transaction->Commit());
  return done;
}

}  // namespace polku::audit
