// Whether the audit rows are those that were sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"

namespace polku::audit {

// The first row that is not as it was sealed.
struct Problem {
  enum class Kind {
    kChanged,   // It is there, and is not what was sealed.
    kDeleted,   // It was sealed and is not there.
    kInserted,  // It is there and was never sealed.
    kSeal,      // A seal is missing, or says something else than its rows do.
  };
  Kind kind = Kind::kSeal;
  int64_t row = 0;   // 0 for a seal.
  int64_t seal = 0;  // That tells.
};

struct VerifiedSeal {
  int64_t number = 0;
  int64_t rows = 0;  // Of the chain, up to and with this seal.
  std::string link;
};

struct Verified {
  std::vector<VerifiedSeal> seals;  // Up to the first problem.
  std::optional<Problem> problem;
  bool more = false;  // The chain goes on behind the last of `seals`.
};

// Looks at the seals behind `after_seal`, which has been found good, at most `seals_max` of them. Errors: those of the
// database.
absl::StatusOr<Verified> Verify(store::Reader& reader, absl::string_view key, int64_t after_seal, int seals_max);

}  // namespace polku::audit
