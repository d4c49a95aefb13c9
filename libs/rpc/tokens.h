// Signed tokens (JWT, RFC 7519) that say which person calls, and the keys that they are checked with (JWKS, RFC 7517).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct evp_pkey_st;

namespace polku::rpc {

// What a good token says. Every field is there.
struct TokenClaims {
  std::string user;                // "sub"
  std::string organisation;        // "organisation", as organisations/O
  std::vector<std::string> roles;  // "roles", each a known one
};

// Who must have made a token, and for whom.
struct TokenRules {
  std::string issuer;    // "iss"
  std::string audience;  // One of "aud".
};

// The public keys of who makes tokens. Thread-safe.
class TokenKeys {
 public:
  // Takes the keys that can be used here: RSA from 2048 bits on (RS256), EC P-256 (ES256), OKP Ed25519 (EdDSA), each
  // with a "kid" of its own. Others, and those for encryption, are left out.
  // Errors: kInvalidArgument for what is no JWKS, has a key twice, a broken key, or none that can be used.
  static absl::StatusOr<TokenKeys> Parse(absl::string_view jwks);

  // The algorithm is that of the key: what the token's header says must be the same, so "none" and a signature made
  // with a public key as a secret are nothing.
  // Errors: kUnauthenticated, TOKEN_EXPIRED when that is all that is wrong, else TOKEN_INVALID; says what, not who.
  absl::StatusOr<TokenClaims> Verify(absl::string_view token, const TokenRules& rules, absl::Time now) const;

 private:
  struct Key {
    std::string algorithm;  // "RS256", "ES256", "EdDSA"
    std::shared_ptr<evp_pkey_st> key;
  };
  absl::Status VerifySignature(const Key& key, absl::string_view content, absl::string_view signature) const;

  std::map<std::string, Key> keys_;  // By "kid".
};

}  // namespace polku::rpc
