// The chain over the audit rows of a service, so that nobody can change what was written down without being found out.
//
// A transaction that writes an audit row also puts its id into `audit_unsealed`. A moment later the program that has
// the service's lease takes committed rows from there, gives each a link that depends on the row and on the link before
// it, and keeps the links in one row of `audit_seal`. So no commit waits for the chain, whichever program makes it.
// A link is a keyed hash; the key is not in the database. libs/decisions says against whom this helps.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"

namespace polku::audit {

// One row of `audit`.
struct Entry {
  int64_t id = 0;
  store::AuditRow row;
};
// The columns of an Entry, in the order that EntryOf reads them; `a` is the table.
inline constexpr char kEntryColumns[] =
    "a.id, a.time, a.organisation, a.\"user\", a.role, a.purpose, a.action, a.resource, a.outcome, a.request_id, "
    "a.traceparent";
Entry EntryOf(const store::Row& row);

// So many rows of the chain.
struct Seal {
  int64_t number = 0;              // From 1, without gaps.
  int64_t rows = 0;                // Of the chain, up to and with this seal.
  std::vector<int64_t> ids;        // Of the rows, in the order of the chain.
  std::vector<std::string> links;  // Of each row, kShortLinkBytes of it.
  std::string link;                // Of the last row, whole.
};
inline constexpr size_t kShortLinkBytes = 16;

// The columns of a Seal, in the order that SealOf reads them.
inline constexpr char kSealColumns[] = "number, row_count, ids, links, link";
// Errors: kDataLoss when it cannot have been written by Sealer.
absl::StatusOr<Seal> SealOf(const store::Row& row);

// The link of the first row follows this.
std::string FirstLink();
// `key` is the database's hash_key.
std::string LinkOf(absl::string_view key, absl::string_view before, const Entry& entry);

// Errors: of all functions those of the database.
absl::StatusOr<Seal> NewestSeal(store::Reader& reader);  // Number 0 when there is none.

struct Unsealed {
  int64_t rows = 0;
  absl::Time oldest = absl::InfiniteFuture();
};
absl::StatusOr<Unsealed> CountUnsealed(store::Reader& reader);

// Seals rows that are committed, at most `rows_max` at once; tells how many. `hold` keeps other programs of the service
// from doing the same until the transaction has ended. Errors: those of `hold`, too.
absl::StatusOr<int> SealRows(store::Database& database, int rows_max,
                             absl::FunctionRef<absl::Status(store::Transaction&)> hold);

}  // namespace polku::audit
