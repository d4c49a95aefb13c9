#include "libs/rpc/testing/authority.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/rpc/openssl_free.h"

namespace polku::rpc::testing {
namespace {

using Bio = OpensslPtr<BIO, BIO_free_all>;
using SharedKey = std::shared_ptr<EVP_PKEY>;
using SharedCertificate = std::shared_ptr<X509>;

SharedKey Own(EVP_PKEY* key) {
  POLKU_CHECK(key != nullptr);
  return {key, EVP_PKEY_free};
}

std::string TextOf(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

std::string PemOf(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  POLKU_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return TextOf(bio.get());
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  POLKU_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

SharedCertificate NewCertificate(const std::string& name, EVP_PKEY* key, absl::Time from, absl::Time until,
                                 long serial) {
  SharedCertificate made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), absl::ToTimeT(from));
  ASN1_TIME_set(X509_getm_notAfter(made.get()), absl::ToTimeT(until));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(made.get(), key);
  return made;
}

std::string Encoded(absl::string_view bytes) {
  return absl::StrReplaceAll(absl::WebSafeBase64Escape(bytes), {{"=", ""}});
}

std::string NumberOf(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* number = nullptr;
  POLKU_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  std::string bytes(static_cast<size_t>(size == 0 ? BN_num_bytes(number) : size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return Encoded(bytes);
}

std::string JwkOf(const std::string& kid, EVP_PKEY* key) {
  const std::string common = absl::StrCat("{\"kid\":\"", kid, "\",\"alg\":\"", kid, "\",\"use\":\"sig\",");
  if (kid == "RS256") {
    return absl::StrCat(common, "\"kty\":\"RSA\",\"n\":\"", NumberOf(key, OSSL_PKEY_PARAM_RSA_N, 0), "\",\"e\":\"",
                        NumberOf(key, OSSL_PKEY_PARAM_RSA_E, 0), "\"}");
  }
  if (kid == "ES256") {
    return absl::StrCat(common, "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"",
                        NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, 32), "\",\"y\":\"",
                        NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32), "\"}");
  }
  unsigned char x[32];
  size_t size = sizeof(x);
  POLKU_CHECK(EVP_PKEY_get_raw_public_key(key, x, &size) == 1);
  return absl::StrCat(common, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"",
                      Encoded({reinterpret_cast<const char*>(x), size}), "\"}");
}

// DER to the two numbers one behind the other.
std::string JoseSignature(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* numbers = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
  POLKU_CHECK(numbers != nullptr);
  std::string joined(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(joined.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(numbers), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(numbers), out + 32, 32);
  ECDSA_SIG_free(numbers);
  return joined;
}

}  // namespace

Authority::Authority(const std::string& name) : key_(Own(EVP_EC_gen("P-256"))) {
  const absl::Time now = SystemClock().Now();
  certificate_ = NewCertificate(name, key_.get(), now - absl::Hours(48), now + absl::Hours(48), 1);
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  AddExtension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(certificate_.get(), certificate_.get(), NID_subject_key_identifier, "hash");
  POLKU_CHECK(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0);
  pem_ = PemOf(certificate_.get());
}

Leaf Authority::Issue(const LeafSpec& spec) const {
  const SharedKey key = Own(EVP_EC_gen("P-256"));
  const SharedCertificate leaf = NewCertificate("leaf", key.get(), spec.from, spec.until, spec.serial);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get()));
  AddExtension(leaf.get(), certificate_.get(), NID_authority_key_identifier, "keyid");
  if (!spec.names.empty()) {
    AddExtension(leaf.get(), certificate_.get(), NID_subject_alt_name, absl::StrJoin(spec.names, ","));
  }
  if (!spec.usage.empty()) AddExtension(leaf.get(), certificate_.get(), NID_ext_key_usage, spec.usage);
  POLKU_CHECK(X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0);
  const Bio bio(BIO_new(BIO_s_mem()));
  POLKU_CHECK(PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {PemOf(leaf.get()), TextOf(bio.get())};
}

TokenMaker::TokenMaker() {
  keys_["RS256"] = Own(EVP_RSA_gen(2048));
  keys_["ES256"] = Own(EVP_EC_gen("P-256"));
  keys_["EdDSA"] = Own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

std::string TokenMaker::Jwks() const {
  std::vector<std::string> keys;
  for (const auto& [kid, key] : keys_) keys.push_back(JwkOf(kid, key.get()));
  return absl::StrCat("{\"keys\":[", absl::StrJoin(keys, ","), "]}");
}

std::string TokenMaker::Sign(absl::string_view claims, const std::string& key, const std::string& alg,
                             const std::string& kid) const {
  const std::string header = absl::StrCat("{\"alg\":\"", alg, "\",\"typ\":\"JWT\",\"kid\":\"", kid, "\"}");
  const std::string content = absl::StrCat(Encoded(header), ".", Encoded(claims));
  EVP_PKEY* const signer = keys_.at(key).get();
  const OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const EVP_MD* digest = key == "EdDSA" ? nullptr : EVP_sha256();
  const auto* bytes = reinterpret_cast<const unsigned char*>(content.data());
  size_t size = 0;
  POLKU_CHECK(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, signer) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, bytes, content.size()) == 1);
  std::string signature(size, '\0');
  POLKU_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                             content.size()) == 1);
  signature.resize(size);
  return absl::StrCat(content, ".", Encoded(key == "ES256" ? JoseSignature(signature) : signature));
}

void WriteFile(const std::string& path, absl::string_view content) {
  const std::string next = path + ".next";
  {
    std::ofstream file(next, std::ios::binary);
    file << content;
    POLKU_CHECK(file.good());
  }
  POLKU_CHECK(std::rename(next.c_str(), path.c_str()) == 0);
}

}  // namespace polku::rpc::testing
