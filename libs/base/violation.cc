#include "libs/base/violation.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace polku {
namespace {

// Names of our own, not those of the google.rpc messages: the contents are not encoded as such.
constexpr absl::string_view kViolationsUrl = "polku.base/field_violations";
constexpr absl::string_view kReasonUrl = "polku.base/reason";
constexpr absl::string_view kRetryDelayUrl = "polku.base/retry_delay_nanoseconds";

// NUL separates the parts of the payload, so none may stand inside one.
std::string WithoutNul(absl::string_view text) {
  std::string result(text);
  result.erase(std::remove(result.begin(), result.end(), '\0'), result.end());
  return result;
}

std::string PayloadText(const absl::Status& status, absl::string_view url) {
  const auto payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status InvalidField(absl::string_view field_path, absl::string_view description) {
  absl::Status status;
  AddViolation(status, field_path, description);
  return status;
}

void AddViolation(absl::Status& status, absl::string_view field_path, absl::string_view description) {
  const std::string field = WithoutNul(field_path);
  const std::string text = WithoutNul(description);
  const std::string message = absl::StrCat(field, ": ", text);
  absl::Status next = status.ok() ? absl::InvalidArgumentError(message)
                                  : absl::Status(status.code(), absl::StrCat(status.message(), "; ", message));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { next.SetPayload(url, payload); });
  std::string pairs = PayloadText(status, kViolationsUrl);
  pairs.append(field).push_back('\0');
  pairs.append(text).push_back('\0');
  next.SetPayload(kViolationsUrl, absl::Cord(pairs));
  status = std::move(next);
}

std::vector<FieldViolation> ViolationsOf(const absl::Status& status) {
  const std::string pairs = PayloadText(status, kViolationsUrl);
  const std::vector<std::string> parts = absl::StrSplit(pairs, '\0');
  std::vector<FieldViolation> violations;
  for (size_t i = 0; i + 1 < parts.size(); i += 2) violations.push_back({parts[i], parts[i + 1]});
  return violations;
}

absl::Status UnderField(const absl::Status& status, absl::string_view parent) {
  absl::Status below;
  absl::Status here;
  for (const FieldViolation& violation : ViolationsOf(status)) {
    AddViolation(below, absl::StrCat(parent, ".", violation.field), violation.description);
    AddViolation(here, violation.field, violation.description);
  }
  if (below.ok()) return status;
  const bool told_alone = status.message() == here.message();
  absl::Status result(status.code(), told_alone ? below.message() : status.message());
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  result.SetPayload(kViolationsUrl, *below.GetPayload(kViolationsUrl));
  return result;
}

absl::Status WithReason(absl::Status status, absl::string_view upper_snake_reason) {
  status.SetPayload(kReasonUrl, absl::Cord(upper_snake_reason));
  return status;
}

std::string ReasonOf(const absl::Status& status) { return PayloadText(status, kReasonUrl); }

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  const int64_t nanoseconds = std::max<int64_t>(0, absl::ToInt64Nanoseconds(delay));
  status.SetPayload(kRetryDelayUrl, absl::Cord(absl::StrCat(nanoseconds)));
  return status;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  int64_t nanoseconds = 0;
  if (!absl::SimpleAtoi(PayloadText(status, kRetryDelayUrl), &nanoseconds)) return std::nullopt;
  return absl::Nanoseconds(nanoseconds);
}

}  // namespace polku
