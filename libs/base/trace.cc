#include "libs/base/trace.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/hash.h"

namespace polku {
namespace {

constexpr size_t kTraceIdAt = 3;
constexpr size_t kTraceIdSize = 32;
constexpr size_t kParentIdAt = kTraceIdAt + kTraceIdSize + 1;
constexpr size_t kParentIdSize = 16;
constexpr size_t kFlagsAt = kParentIdAt + kParentIdSize + 1;
constexpr size_t kSize = kFlagsAt + 2;

thread_local absl::string_view current_traceparent;

bool IsLowerHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view text) { return text.find_first_not_of('0') == absl::string_view::npos; }

}  // namespace

bool IsTraceId(absl::string_view text) { return text.size() == kTraceIdSize && IsLowerHex(text) && !IsZero(text); }

bool IsTraceparent(absl::string_view text) {
  if (text.size() != kSize || text.substr(0, kTraceIdAt) != "00-") return false;
  const absl::string_view parent = text.substr(kParentIdAt, kParentIdSize);
  return IsTraceId(text.substr(kTraceIdAt, kTraceIdSize)) && text[kParentIdAt - 1] == '-' && IsLowerHex(parent) &&
         !IsZero(parent) && text[kFlagsAt - 1] == '-' && IsLowerHex(text.substr(kFlagsAt));
}

absl::string_view TraceIdOf(absl::string_view traceparent) {
  return IsTraceparent(traceparent) ? traceparent.substr(kTraceIdAt, kTraceIdSize) : absl::string_view();
}

std::string NewTraceparent(Random& random) {
  char ids[(kTraceIdSize + kParentIdSize) / 2];
  random.Fill(ids, sizeof(ids));
  const std::string hex = HexOf(absl::string_view(ids, sizeof(ids)));
  return absl::StrCat("00-", hex.substr(0, kTraceIdSize), "-", hex.substr(kTraceIdSize), "-00");
}

TraceScope::TraceScope(absl::string_view traceparent) : before_(current_traceparent) {
  current_traceparent = traceparent;
}

TraceScope::~TraceScope() { current_traceparent = before_; }

// Few scopes see a log line: what they are given is looked at here.
absl::string_view TraceScope::Current() { return TraceIdOf(current_traceparent); }

}  // namespace polku
