// Where the chain begins once its oldest rows have been kept long enough.
//
// A cut deletes the first seals of the chain with their rows, and leaves in their place what the next link is made of:
// the last link, how many rows there were, and the highest number of them, signed by the service. So the rest still
// verifies, and nobody without the secret key can make a beginning of their own. Only a chain that is whole is cut:
// what was tampered with does not become right by it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/audit/signing.h"
#include "libs/store/database.h"

namespace polku::audit {

struct Cut {
  int64_t seal = 0;      // The last one that is gone; 0: nothing was ever cut.
  int64_t rows = 0;      // Of the chain, up to and with it.
  int64_t last_row = 0;  // The highest number of a row that is gone.
  std::string link;      // Of the last one in the chain, whole.
  absl::Time before;     // All of them were older, to the microsecond as all times here.
  absl::Time time;       // When it was made.
  std::string signature;
};

bool IsSigned(const Cut& cut, absl::string_view service, const std::vector<std::string>& public_keys);
// With the signature. For tests, which forge them, too.
Cut Signed(Cut cut, absl::string_view service, const SigningKeys& keys);

// Errors: those of the database.
absl::StatusOr<Cut> NewestCut(store::Reader& reader);

struct CutOrder {
  absl::string_view service;
  absl::Time before;        // Only rows that are older.
  int64_t rows_max = 2000;  // At once; a seal is cut whole or not at all.
  store::AuditRow by;       // Who cuts, when: kept in the audit with the cut.
};
struct CutDone {
  int64_t rows = 0;   // Of this cut.
  bool more = false;  // Older ones may be left: cut again.
  Cut cut;            // The newest.
};

// One transaction. The newest seal stays whatever its age: the chain goes on from it. May run in several programs and
// beside SealRows. Errors: those of the database; kFailedPrecondition (AUDIT_NOT_WHOLE) when what would be cut is not
// as it was sealed.
absl::StatusOr<CutDone> CutRows(store::Database& database, const SigningKeys& keys, CutOrder order);

}  // namespace polku::audit
