// For tests: makes certificates as an agency's authority does, and tokens as its sign-in does.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct evp_pkey_st;
struct x509_st;

namespace polku::rpc::testing {

struct LeafSpec {
  std::vector<std::string> names;  // Subject alternative names: "URI:spiffe://a/b", "DNS:localhost", "IP:127.0.0.1".
  std::string usage = "serverAuth,clientAuth";
  absl::Time from;
  absl::Time until;
  long serial = 2;
};

struct Leaf {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

class Authority {
 public:
  explicit Authority(const std::string& name);

  const std::string& certificate() const { return pem_; }
  Leaf Issue(const LeafSpec& spec) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
  std::string pem_;
};

// Signs tokens with keys of its own, one for each algorithm: "RS256", "ES256", "EdDSA", which are their kids too.
class TokenMaker {
 public:
  TokenMaker();

  std::string Jwks() const;
  // `claims` is a JSON object. The header says `alg` and `kid`; the key is that of `key`.
  std::string Sign(absl::string_view claims, const std::string& key, const std::string& alg,
                   const std::string& kid) const;
  std::string Sign(absl::string_view claims, const std::string& key) const { return Sign(claims, key, key, key); }

 private:
  std::map<std::string, std::shared_ptr<evp_pkey_st>> keys_;
};

// Whole, at once, as a rotation by rename does.
void WriteFile(const std::string& path, absl::string_view content);

}  // namespace polku::rpc::testing
