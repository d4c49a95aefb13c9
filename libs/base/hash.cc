#include "libs/base/hash.h"

#include <sodium.h>

#include <cstdint>

#include "absl/strings/escaping.h"
#include "libs/base/sodium.h"
#include "libs/base/status_macros.h"

namespace polku {
namespace {

const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string KeyedHash(absl::string_view key32, absl::string_view domain, absl::string_view content) {
  static_assert(kKeyedHashBytes == crypto_generichash_BYTES && kKeyedHashKeyBytes == crypto_generichash_KEYBYTES);
  POLKU_CHECK(key32.size() == kKeyedHashKeyBytes);
  InitSodium();

  unsigned char domain_size[8];
  for (int i = 0; i < 8; ++i) domain_size[i] = static_cast<unsigned char>(uint64_t{domain.size()} >> (8 * i));

  crypto_generichash_state state;
  std::string digest(kKeyedHashBytes, '\0');
  POLKU_CHECK(crypto_generichash_init(&state, Bytes(key32), key32.size(), digest.size()) == 0);
  POLKU_CHECK(crypto_generichash_update(&state, domain_size, sizeof(domain_size)) == 0);
  POLKU_CHECK(crypto_generichash_update(&state, Bytes(domain), domain.size()) == 0);
  POLKU_CHECK(crypto_generichash_update(&state, Bytes(content), content.size()) == 0);
  POLKU_CHECK(crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(digest.data()), digest.size()) == 0);
  sodium_memzero(&state, sizeof(state));
  return digest;
}

std::string HexOf(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

}  // namespace polku
