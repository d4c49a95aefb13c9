// Lists of codes in profiles and in the catalogue.
#pragma once

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/violation.h"
#include "polku/common/v1/types.pb.h"

namespace polku::coordinator_network {

inline bool IsMunicipality(absl::string_view code) {
  return code.size() == 3 && std::all_of(code.begin(), code.end(), absl::ascii_isdigit);
}

inline bool IsSegment(int segment) {
  return segment != polku::common::v1::SEGMENT_UNSPECIFIED && polku::common::v1::Segment_IsValid(segment);
}

template <class Codes>
void SortUnique(Codes& codes) {
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
}

// Adds a violation of `field` to `status` when there are fewer than `min` or more than `max`, and one that says `what`
// when one is no code.
template <class Codes, class Test>
void CheckCodes(const Codes& codes, int min, int max, Test is_code, absl::string_view field, absl::string_view what,
                absl::Status& status) {
  if (codes.size() < min) AddViolation(status, field, "needs at least one");
  if (codes.size() > max) AddViolation(status, field, absl::StrCat("has more than ", max));
  if (!std::all_of(codes.begin(), codes.end(), is_code)) AddViolation(status, field, what);
}

}  // namespace polku::coordinator_network
