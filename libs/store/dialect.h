// What the dialects share beside sealing.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/store/database.h"

namespace polku::store {

// What came of opening a row's content. That its owner was erased is no error of the row.
absl::Status Take(absl::StatusOr<std::string> opened, std::string& content, bool& erased);
// The least text that is above all texts with this prefix; NULL when there is none.
Value PastPrefix(absl::string_view prefix);
// NULL when nothing is due.
Value DueOf(const StoredAggregate& aggregate);

template <class T, class KeyOf>
std::vector<absl::string_view> KeysOf(absl::Span<const T> rows, KeyOf key_of) {
  static_assert(std::is_same_v<decltype(key_of(rows[0])), const std::string&>, "the views must not outlive the keys");
  std::vector<absl::string_view> keys;
  keys.reserve(rows.size());
  for (const T& row : rows) keys.push_back(key_of(row));
  return keys;
}

}  // namespace polku::store
