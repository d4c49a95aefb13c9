#include "libs/audit/verify.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/columns.h"
#include "libs/audit/seal.h"
#include "libs/base/status_macros.h"

namespace polku::audit {
namespace {

constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();

// One call of Verify.
class Verifier {
 public:
  Verifier(store::Reader& reader, const Trust& trust) : reader_(reader), trust_(trust) {}

  absl::StatusOr<Verified> Run(int64_t after_seal, int seals_max) {
    RETURN_IF_ERROR(Begin(after_seal));
    ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                     reader_.Query(absl::StrCat("SELECT ", kSealColumns,
                                                " FROM audit_seal WHERE number > $1 ORDER BY number LIMIT $2"),
                                   {number_, int64_t{seals_max}}));
    verified_.more = static_cast<int>(rows.size()) == seals_max;
    for (const store::Row& row : rows) {
      if (verified_.problem.has_value()) break;
      RETURN_IF_ERROR(CheckSeal(row));
    }
    if (verified_.problem.has_value()) verified_.more = false;
    int64_t to = verified_.more ? last_id_ : kNoEnd;
    if (verified_.problem.has_value()) to = std::max(last_id_, verified_.problem->row - 1);
    RETURN_IF_ERROR(FindInserted(to));
    return std::move(verified_);
  }

 private:
  // What the cut, or the seal that is known to be good, says.
  absl::Status Begin(int64_t after_seal) {
    ASSIGN_OR_RETURN(const Cut cut, NewestCut(reader_));
    verified_.cut = cut;
    number_ = std::max(after_seal, cut.seal);
    if (cut.seal != 0) {
      if (!IsSigned(cut, trust_.service, trust_.public_keys)) {
        Found(Problem::Kind::kCut, 0, cut.seal);
        return absl::OkStatus();
      }
      ASSIGN_OR_RETURN(
          const std::vector<store::Row> left,
          reader_.Query("SELECT number FROM audit_seal WHERE number <= $1 ORDER BY number LIMIT 1", {cut.seal}));
      if (!left.empty()) {
        Found(Problem::Kind::kSeal, 0, IntAt(left[0], 0));
        return absl::OkStatus();
      }
    }
    if (after_seal <= cut.seal) {
      rows_ = cut.rows;
      link_ = cut.link;
      last_id_ = cut.last_row;
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(
        const std::vector<store::Row> rows,
        reader_.Query(absl::StrCat("SELECT ", kSealColumns, " FROM audit_seal WHERE number = $1"), {after_seal}));
    ASSIGN_OR_RETURN(const std::vector<store::Row> last,
                     reader_.Query("SELECT MAX(last_id) FROM audit_seal WHERE number <= $1", {after_seal}));
    if (rows.empty()) {
      Found(Problem::Kind::kSeal, 0, after_seal);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const Seal seal, SealOf(rows[0]));
    rows_ = seal.rows;
    link_ = seal.link;
    looked_to_ = last_id_ = std::max(IntAt(last.at(0), 0), cut.last_row);
    return absl::OkStatus();
  }

  void Found(Problem::Kind kind, int64_t row, int64_t seal) {
    if (!verified_.problem.has_value()) verified_.problem = Problem{kind, row, seal};
  }

  absl::Status CheckSeal(const store::Row& row) {
    const int64_t number = IntAt(row, 0);
    const absl::StatusOr<Seal> read = SealOf(row);
    if (number != number_ + 1 || !read.ok() || read->rows != rows_ + static_cast<int64_t>(read.value().ids.size())) {
      Found(Problem::Kind::kSeal, 0, number_ + 1);
      return absl::OkStatus();
    }
    const Seal& seal = *read;
    const auto [first, last] = std::minmax_element(seal.ids.begin(), seal.ids.end());
    ASSIGN_OR_RETURN(const std::vector<store::Row> found,
                     reader_.Query(absl::StrCat("SELECT ", kEntryColumns,
                                                " FROM audit a WHERE a.id >= $1 AND a.id <= $2 ORDER BY a.id"),
                                   {*first, *last}));
    std::map<int64_t, Entry> entries;
    for (const store::Row& each : found) {
      Entry entry = EntryOf(each);
      const int64_t id = entry.id;
      entries.emplace(id, std::move(entry));
    }
    for (size_t i = 0; i < seal.ids.size(); ++i) {
      const auto entry = entries.find(seal.ids[i]);
      if (entry == entries.end()) {
        Found(Problem::Kind::kDeleted, seal.ids[i], number);
        return absl::OkStatus();
      }
      link_ = LinkOf(trust_.hash_key, link_, entry->second);
      if (link_.substr(0, kShortLinkBytes) != seal.links[i]) {
        Found(Problem::Kind::kChanged, seal.ids[i], number);
        return absl::OkStatus();
      }
    }
    if (link_ != seal.link) {
      Found(Problem::Kind::kSeal, 0, number);
      return absl::OkStatus();
    }
    number_ = number;
    rows_ = seal.rows;
    first_id_ = std::min(first_id_, *first);
    last_id_ = std::max(last_id_, *last);
    sealed_.insert(seal.ids.begin(), seal.ids.end());
    verified_.seals.push_back({number, rows_, link_});
    return absl::OkStatus();
  }

  // Rows between what was looked at before and what has been looked at now that no seal has. PostgreSQL gives ids
  // before transactions commit, so seals overlap a little.
  absl::Status FindInserted(int64_t to) {
    const int64_t after = std::min(looked_to_, first_id_ - 1);
    ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                     reader_.Query("SELECT a.id FROM audit a WHERE a.id > $1 AND a.id <= $2 AND NOT EXISTS (SELECT 1 "
                                   "FROM audit_unsealed u WHERE u.id = a.id) ORDER BY a.id",
                                   {after, to}));
    for (const store::Row& row : rows) {
      const int64_t id = IntAt(row, 0);
      if (verified_.problem.has_value() && verified_.problem->row != 0 && id >= verified_.problem->row) break;
      if (sealed_.contains(id)) continue;
      ASSIGN_OR_RETURN(const bool elsewhere, IsSealed(id));
      if (elsewhere) continue;
      verified_.problem = Problem{Problem::Kind::kInserted, id, number_};
      verified_.more = false;
      break;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> IsSealed(int64_t id) {
    ASSIGN_OR_RETURN(
        const std::vector<store::Row> rows,
        reader_.Query(absl::StrCat("SELECT ", kSealColumns, " FROM audit_seal WHERE first_id <= $1 AND last_id >= $1"),
                      {id}));
    for (const store::Row& row : rows) {
      const absl::StatusOr<Seal> seal = SealOf(row);
      if (seal.ok() && std::find(seal->ids.begin(), seal->ids.end(), id) != seal->ids.end()) return true;
    }
    return false;
  }

  store::Reader& reader_;
  const Trust& trust_;
  Verified verified_;
  // The last good seal.
  int64_t number_ = 0;
  int64_t rows_ = 0;
  std::string link_;
  // Of the rows that good seals have.
  int64_t looked_to_ = 0;  // By calls before.
  int64_t first_id_ = kNoEnd;
  int64_t last_id_ = 0;
  std::set<int64_t> sealed_;
};

}  // namespace

absl::StatusOr<Verified> Verify(store::Reader& reader, const Trust& trust, int64_t after_seal, int seals_max) {
  return Verifier(reader, trust).Run(after_seal, seals_max);
}

}  // namespace polku::audit
