#include "libs/rpc/pager.h"

#include <sodium.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/base/hash.h"
#include "libs/base/sodium.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"

namespace polku::rpc {
namespace {

constexpr size_t kTokenBytesMax = 4096;
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kKeyedHashBytes >= kNonceBytes);
static_assert(kKeyedHashBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

// A value is one byte for its type, then 8 bytes of an integer, or 4 bytes of length and the text.
enum Tag : char { kNull = 0, kInteger = 1, kText = 2, kBytes = 3 };

void AppendText(Tag tag, absl::string_view text, std::string& out) {
  out.push_back(tag);
  const uint32_t size = static_cast<uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  absl::StrAppend(&out, text);
}

std::string Encode(const store::Row& row) {
  std::string out;
  for (const store::Value& value : row) {
    if (const auto* number = std::get_if<int64_t>(&value)) {
      out.push_back(kInteger);
      out.append(reinterpret_cast<const char*>(number), sizeof(*number));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      AppendText(kText, *text, out);
    } else if (const auto* blob = std::get_if<store::Blob>(&value)) {
      AppendText(kBytes, blob->bytes, out);
    } else {
      out.push_back(kNull);
    }
  }
  return out;
}

template <class T>
bool Take(absl::string_view& bytes, T& value) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return true;
}

std::optional<store::Row> Decode(absl::string_view bytes) {
  store::Row row;
  while (!bytes.empty()) {
    const char tag = bytes.front();
    bytes.remove_prefix(1);
    if (tag == kNull) {
      row.emplace_back();
    } else if (tag == kInteger) {
      int64_t number = 0;
      if (!Take(bytes, number)) return std::nullopt;
      row.emplace_back(number);
    } else if (tag == kText || tag == kBytes) {
      uint32_t size = 0;
      if (!Take(bytes, size) || size > bytes.size()) return std::nullopt;
      std::string text(bytes.substr(0, size));
      bytes.remove_prefix(size);
      if (tag == kText) {
        row.emplace_back(std::move(text));
      } else {
        row.emplace_back(store::Blob{std::move(text)});
      }
    } else {
      return std::nullopt;
    }
  }
  return row;
}

const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Pager::Pager(absl::string_view hash_key)
    : seal_key_(KeyedHash(hash_key, "rpc.page_token.seal", "")),
      nonce_key_(KeyedHash(hash_key, "rpc.page_token.nonce", "")) {
  InitSodium();
}

std::string Pager::Seal(absl::string_view query_fingerprint, const store::Row& last_key) const {
  const std::string plain = Encode(last_key);
  // A nonce that depends on all that is sealed never comes twice for different contents.
  std::string token = KeyedHash(nonce_key_, query_fingerprint, plain).substr(0, kNonceBytes);
  token.resize(kNonceBytes + plain.size() + kTagBytes);
  unsigned char* out = reinterpret_cast<unsigned char*>(token.data());
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + kNonceBytes, nullptr, Bytes(plain), plain.size(),
                                             Bytes(query_fingerprint), query_fingerprint.size(), nullptr, out,
                                             Bytes(seal_key_));
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<Pager::Cursor> Pager::Open(absl::string_view query_fingerprint, absl::string_view page_token,
                                          int page_size, int size_default, int size_max) const {
  if (page_size < 0) return InvalidField("page_size", "must not be negative");
  Cursor cursor;
  cursor.limit = std::min(page_size == 0 ? size_default : page_size, size_max);
  if (page_token.empty()) return cursor;
  const absl::Status bad = InvalidField("page_token", "not a token of this query");
  std::string token;
  if (page_token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(page_token, &token) ||
      token.size() < kNonceBytes + kTagBytes) {
    return bad;
  }
  std::string plain(token.size() - kNonceBytes - kTagBytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr,
                                                 Bytes(token) + kNonceBytes, token.size() - kNonceBytes,
                                                 Bytes(query_fingerprint), query_fingerprint.size(), Bytes(token),
                                                 Bytes(seal_key_)) != 0) {
    return bad;
  }
  std::optional<store::Row> after = Decode(plain);
  if (!after.has_value()) return bad;
  cursor.after = *std::move(after);
  return cursor;
}

}  // namespace polku::rpc
