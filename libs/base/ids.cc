#include "libs/base/ids.h"

#include <algorithm>
#include <cstdint>

namespace polku {
namespace {

constexpr size_t kUuidChars = 36;

constexpr bool IsDashPlace(size_t index) { return index == 8 || index == 13 || index == 18 || index == 23; }

}  // namespace

std::string NewUuidV7(absl::Time now, Random& random) {
  constexpr int64_t kMillisMax = (int64_t{1} << 48) - 1;
  const auto millis = static_cast<uint64_t>(std::clamp<int64_t>(absl::ToUnixMillis(now), 0, kMillisMax));
  unsigned char bytes[16];
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(millis >> (40 - 8 * i));
  random.Fill(bytes + 6, 10);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x70);  // Version 7.
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // Variant of the RFC.

  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(kUuidChars);
  for (const unsigned char byte : bytes) {
    if (IsDashPlace(text.size())) text.push_back('-');
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 0x0f]);
  }
  return text;
}

bool IsUuid(absl::string_view text) {
  if (text.size() != kUuidChars) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (IsDashPlace(i) ? c != '-' : !is_hex) return false;
  }
  return true;
}

}  // namespace polku
