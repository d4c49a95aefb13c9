#include "libs/store/dialect.h"

#include <utility>

#include "libs/store/sealing.h"

namespace polku::store {

absl::Status Take(absl::StatusOr<std::string> opened, std::string& content, bool& erased) {
  erased = IsErased(opened.status());
  if (opened.ok()) content = *std::move(opened);
  return erased ? absl::OkStatus() : opened.status();
}

Value PastPrefix(absl::string_view prefix) {
  std::string past(prefix);
  while (!past.empty() && past.back() == '\xff') past.pop_back();
  if (past.empty()) return Value();
  ++past.back();
  return past;
}

Value DueOf(const StoredAggregate& aggregate) {
  return aggregate.due_at.has_value() ? FromTime(*aggregate.due_at) : Value();
}

}  // namespace polku::store
