#include "libs/rpc/tokens.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/rpc/access.h"
#include "libs/rpc/openssl_free.h"
#include "nlohmann/json.hpp"

namespace polku::rpc {
namespace {

using nlohmann::json;

// For clocks that are not quite alike.
constexpr absl::Duration kClockSkew = absl::Seconds(30);
constexpr int kRsaBitsMin = 2048;
constexpr size_t kEcCoordinateBytes = 32;
constexpr size_t kUserBytesMax = 128;
constexpr double kInstantMax = 1e11;  // Seconds; some thousand years.

using BigNumber = OpensslPtr<BIGNUM, BN_free>;
using ParamBuilder = OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = OpensslPtr<OSSL_PARAM, OSSL_PARAM_free>;
using KeyContext = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcSignature = OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;
using SharedKey = std::shared_ptr<EVP_PKEY>;

absl::Status Bad(absl::string_view what) {
  return WithReason(absl::UnauthenticatedError(absl::StrCat("token: ", what)), "TOKEN_INVALID");
}

const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

BigNumber NumberOf(absl::string_view big_endian) {
  return BigNumber(BN_bin2bn(Bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

// Null when there is none, or when it is not an object.
json ObjectOf(absl::string_view text) {
  json parsed = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  return parsed.is_object() ? parsed : json();
}

// Empty when there is no such text.
std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Of unpadded base64url, as JOSE writes it.
std::optional<std::string> Decoded(absl::string_view text) {
  std::string bytes;
  if (text.find_first_of("=+/ \n") != absl::string_view::npos || !absl::WebSafeBase64Unescape(text, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::string BytesOf(const json& object, const char* name) { return Decoded(TextOf(object, name)).value_or(""); }

SharedKey MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return {key, EVP_PKEY_free};
}

SharedKey RsaKey(const json& jwk) {
  const BigNumber modulus = NumberOf(BytesOf(jwk, "n"));
  const BigNumber exponent = NumberOf(BytesOf(jwk, "e"));
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (BN_num_bits(modulus.get()) < kRsaBitsMin || BN_is_zero(exponent.get()) ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return MakeKey("RSA", builder.get());
}

SharedKey EcKey(const json& jwk) {
  const std::string x = BytesOf(jwk, "x");
  const std::string y = BytesOf(jwk, "y");
  if (x.size() != kEcCoordinateBytes || y.size() != kEcCoordinateBytes) return nullptr;
  const std::string point = absl::StrCat("\x04", x, y);  // SEC 1, uncompressed.
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  return MakeKey("EC", builder.get());
}

SharedKey Ed25519Key(const json& jwk) {
  const std::string x = BytesOf(jwk, "x");
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(x), x.size());
  return key == nullptr ? nullptr : SharedKey(key, EVP_PKEY_free);
}

// "RS256", "ES256" or "EdDSA"; empty for a key that is of no use here.
std::string AlgorithmOf(const json& jwk) {
  const std::string type = TextOf(jwk, "kty");
  const std::string curve = TextOf(jwk, "crv");
  const std::string use = TextOf(jwk, "use");
  std::string algorithm;
  if (type == "RSA") algorithm = "RS256";
  if (type == "EC" && curve == "P-256") algorithm = "ES256";
  if (type == "OKP" && curve == "Ed25519") algorithm = "EdDSA";
  const std::string meant = TextOf(jwk, "alg");
  const bool fits = (use.empty() || use == "sig") && (meant.empty() || meant == algorithm);
  return fits ? algorithm : "";
}

// JOSE has the two numbers one behind the other, OpenSSL wants them in DER.
std::optional<std::string> DerOf(absl::string_view signature) {
  if (signature.size() != 2 * kEcCoordinateBytes) return std::nullopt;
  const EcSignature numbers(ECDSA_SIG_new());
  BigNumber r = NumberOf(signature.substr(0, kEcCoordinateBytes));
  BigNumber s = NumberOf(signature.substr(kEcCoordinateBytes));
  if (ECDSA_SIG_set0(numbers.get(), r.get(), s.get()) != 1) return std::nullopt;
  r.release();  // Theirs now.
  s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(numbers.get(), &der);
  if (size <= 0) return std::nullopt;
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::optional<absl::Time> InstantOf(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds <= kInstantMax)) return std::nullopt;
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

// A text, or an array that has it.
bool IsFor(const json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return found->get<std::string>() == audience;
  return found->is_array() && std::find(found->begin(), found->end(), json(audience)) != found->end();
}

// The expiry comes last: whoever is told of it alone need only fetch a new token.
absl::Status CheckClaims(const json& claims, const TokenRules& rules, absl::Time now) {
  if (TextOf(claims, "iss") != rules.issuer) return Bad("of another issuer");
  if (!IsFor(claims, rules.audience)) return Bad("for another audience");
  for (const char* name : {"nbf", "iat"}) {
    if (!claims.contains(name)) continue;
    const std::optional<absl::Time> from = InstantOf(claims, name);
    if (!from.has_value() || *from > now + kClockSkew) return Bad(absl::StrCat(name, ": not valid yet"));
  }
  const std::optional<absl::Time> until = InstantOf(claims, "exp");
  if (!until.has_value()) return Bad("exp: required");
  if (*until > now - kClockSkew) return absl::OkStatus();
  return WithReason(absl::UnauthenticatedError("token: expired"), "TOKEN_EXPIRED");
}

absl::StatusOr<TokenClaims> ClaimsOf(const json& claims) {
  TokenClaims read;
  read.user = TextOf(claims, "sub");
  const bool printable = std::all_of(read.user.begin(), read.user.end(), [](char c) { return c >= ' ' && c <= '~'; });
  // A system by itself is "systems/...".
  if (read.user.empty() || read.user.size() > kUserBytesMax || !printable || absl::StartsWith(read.user, "systems/")) {
    return Bad("sub: required, a plain name of a person");
  }
  read.organisation = TextOf(claims, "organisation");
  if (!IsResourceName(read.organisation, "organisations/*")) return Bad("organisation: required, as organisations/ID");
  const auto roles = claims.find("roles");
  if (roles == claims.end() || !roles->is_array() || roles->empty()) return Bad("roles: required, an array");
  for (const json& role : *roles) {
    if (!role.is_string() || !IsKnownRole(role.get<std::string>())) return Bad("roles: a role that is not known");
    read.roles.push_back(role.get<std::string>());
  }
  return read;
}

}  // namespace

absl::StatusOr<TokenKeys> TokenKeys::Parse(absl::string_view jwks) {
  const json set = ObjectOf(jwks);
  const auto keys = set.find("keys");
  if (keys == set.end() || !keys->is_array()) return absl::InvalidArgumentError("not a JWKS: no array \"keys\"");
  TokenKeys parsed;
  for (const json& jwk : *keys) {
    Key key;
    key.algorithm = jwk.is_object() ? AlgorithmOf(jwk) : "";
    const std::string kid = jwk.is_object() ? TextOf(jwk, "kid") : "";
    if (key.algorithm.empty() || kid.empty()) continue;
    if (key.algorithm == "RS256") key.key = RsaKey(jwk);
    if (key.algorithm == "ES256") key.key = EcKey(jwk);
    if (key.algorithm == "EdDSA") key.key = Ed25519Key(jwk);
    if (key.key == nullptr)
      return absl::InvalidArgumentError(absl::StrCat("JWKS: key ", kid, " is broken or too weak"));
    if (!parsed.keys_.emplace(kid, std::move(key)).second) {
      return absl::InvalidArgumentError(absl::StrCat("JWKS: two keys are called ", kid));
    }
  }
  if (parsed.keys_.empty()) {
    return absl::InvalidArgumentError("JWKS: no key with a kid for RS256, ES256 (P-256) or EdDSA (Ed25519)");
  }
  return parsed;
}

absl::Status TokenKeys::VerifySignature(const Key& key, absl::string_view content, absl::string_view signature) const {
  std::string bytes(signature);
  if (key.algorithm == "ES256") {
    std::optional<std::string> der = DerOf(signature);
    if (!der.has_value()) return Bad("the signature does not fit");
    bytes = *std::move(der);
  }
  const EVP_MD* digest = key.algorithm == "EdDSA" ? nullptr : EVP_sha256();
  const DigestContext context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.key.get()) != 1 ||
      EVP_DigestVerify(context.get(), Bytes(bytes), bytes.size(), Bytes(content), content.size()) != 1) {
    return Bad("the signature does not fit");
  }
  return absl::OkStatus();
}

absl::StatusOr<TokenClaims> TokenKeys::Verify(absl::string_view token, const TokenRules& rules, absl::Time now) const {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3) return Bad("not a signed JWT");
  const std::optional<std::string> header_text = Decoded(parts[0]);
  const std::optional<std::string> claims_text = Decoded(parts[1]);
  const std::optional<std::string> signature = Decoded(parts[2]);
  if (!header_text.has_value() || !claims_text.has_value() || !signature.has_value()) return Bad("not base64url");
  const json header = ObjectOf(*header_text);
  if (header.is_null()) return Bad("no header");
  // What a header calls critical must be understood, and nothing is here.
  if (header.contains("crit")) return Bad("its header wants more than is known here");
  const auto key = keys_.find(TextOf(header, "kid"));
  if (key == keys_.end()) return Bad("kid: no such key");
  if (TextOf(header, "alg") != key->second.algorithm) return Bad("alg: not that of its key");
  const absl::string_view content = token.substr(0, parts[0].size() + 1 + parts[1].size());
  RETURN_IF_ERROR(VerifySignature(key->second, content, *signature));
  const json claims = ObjectOf(*claims_text);
  if (claims.is_null()) return Bad("no claims");
  RETURN_IF_ERROR(CheckClaims(claims, rules, now));
  return ClaimsOf(claims);
}

}  // namespace polku::rpc
