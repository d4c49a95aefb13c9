#include "libs/base/resource_name.h"

#include <algorithm>

#include "libs/base/ids.h"

namespace polku {
namespace {

constexpr absl::string_view kClients = "clients/";
constexpr size_t kUuidChars = 36;
constexpr size_t kSegmentCharsMax = 63;

bool IsSegment(absl::string_view text) {
  return !text.empty() && text.size() <= kSegmentCharsMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// Cuts the first segment, and the slash behind it, off `rest`. `more` tells whether there was a slash.
absl::string_view TakeSegment(absl::string_view& rest, bool& more) {
  const size_t slash = rest.find('/');
  more = slash != absl::string_view::npos;
  const absl::string_view segment = rest.substr(0, slash);
  rest.remove_prefix(more ? slash + 1 : rest.size());
  return segment;
}

}  // namespace

std::optional<std::string> ClientOf(absl::string_view name) {
  const absl::string_view client = name.substr(0, kClients.size() + kUuidChars);
  if (client.substr(0, kClients.size()) != kClients || !IsUuid(client.substr(kClients.size()))) return std::nullopt;
  if (name.size() > client.size() && name[client.size()] != '/') return std::nullopt;
  return std::string(client);
}

bool IsResourceName(absl::string_view name, absl::string_view pattern) {
  bool more_in_name = true;
  bool more_in_pattern = true;
  while (more_in_name && more_in_pattern) {
    const absl::string_view segment = TakeSegment(name, more_in_name);
    const absl::string_view expected = TakeSegment(pattern, more_in_pattern);
    if (expected == "*" ? !IsSegment(segment) : segment != expected) return false;
  }
  return more_in_name == more_in_pattern;
}

absl::string_view LastSegment(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == absl::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace polku
