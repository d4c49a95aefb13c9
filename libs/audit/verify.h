// Whether the audit rows are those that were sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/audit/cut.h"
#include "libs/store/database.h"

namespace polku::audit {

// The first row that is not as it was sealed.
struct Problem {
  enum class Kind {
    kChanged,   // It is there, and is not what was sealed.
    kDeleted,   // It was sealed and is not there.
    kInserted,  // It is there and was never sealed.
    kSeal,      // A seal is missing, says something else than its rows do, or should have gone with a cut.
    kCut,       // The chain begins with a cut that the service has not signed: its first row is the bad one.
  };
  Kind kind = Kind::kSeal;
  int64_t row = 0;   // 0 for a seal or a cut.
  int64_t seal = 0;  // That tells; of a cut its last one.
};

struct VerifiedSeal {
  int64_t number = 0;
  int64_t rows = 0;  // Of the chain, up to and with this seal.
  std::string link;
};

struct Verified {
  Cut cut;                          // What the chain begins with.
  std::vector<VerifiedSeal> seals;  // Up to the first problem.
  std::optional<Problem> problem;
  bool more = false;  // The chain goes on behind the last of `seals`.
};

// By what links and cuts are judged.
struct Trust {
  absl::string_view hash_key;  // Of the database.
  absl::string_view service;
  std::vector<std::string> public_keys;  // Whoever has signed a cut.
};

// Looks at the seals behind `after_seal`, which has been found good, or behind the newest cut when that is later; at
// most `seals_max` of them. Errors: those of the database.
absl::StatusOr<Verified> Verify(store::Reader& reader, const Trust& trust, int64_t after_seal, int seals_max);

}  // namespace polku::audit
