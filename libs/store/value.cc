#include <limits>

#include "absl/strings/cord.h"
#include "libs/store/database.h"

namespace polku::store {
namespace {

constexpr char kDiskUrl[] = "polku.store/disk";
constexpr int64_t kInfinitePastMicros = std::numeric_limits<int64_t>::min();

}  // namespace

Value FromTime(absl::Time time) {
  if (time == absl::InfiniteFuture()) return std::monostate();
  return time == absl::InfinitePast() ? kInfinitePastMicros : absl::ToUnixMicros(time);
}

absl::Time ToTime(const Value& value) {
  const int64_t* micros = std::get_if<int64_t>(&value);
  if (micros == nullptr) return absl::InfiniteFuture();
  return *micros == kInfinitePastMicros ? absl::InfinitePast() : absl::FromUnixMicros(*micros);
}

absl::StatusOr<bool> Transaction::TakeLease(absl::string_view, absl::Duration) { return true; }
absl::Status Transaction::HoldLease(absl::string_view) { return absl::OkStatus(); }
absl::Status Transaction::ReleaseLease(absl::string_view) { return absl::OkStatus(); }
absl::Status Transaction::SaveCoverage(absl::Span<const Coverage>) { return absl::OkStatus(); }

absl::Status DiskFailure(absl::string_view message) {
  absl::Status status = absl::InternalError(message);
  status.SetPayload(kDiskUrl, absl::Cord());
  return status;
}

bool IsDiskFailure(const absl::Status& status) { return status.GetPayload(kDiskUrl).has_value(); }

}  // namespace polku::store
