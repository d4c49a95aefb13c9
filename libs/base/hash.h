// Keyed fingerprints, for finding a value again without storing it.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace polku {

inline constexpr size_t kKeyedHashKeyBytes = 32;
inline constexpr size_t kKeyedHashBytes = 32;

// BLAKE2b-256 of `content` under a secret key, 32 raw bytes. `domain` is a constant that keeps
// uses apart ("referral.client_index"): it goes in before the content with its length
// (8 bytes, little-endian) in front, so no two pairs of domain and content share an input.
// The key must be 32 bytes: the reader of the configuration has checked that. Thread-safe.
std::string KeyedHash(absl::string_view key32, absl::string_view domain, absl::string_view content);

// Two lower-case hexadecimal digits a byte.
std::string HexOf(absl::string_view bytes);

}  // namespace polku
