#include "libs/audit/signing.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/hash.h"
#include "libs/base/private_file.h"
#include "libs/base/sodium.h"
#include "libs/base/status_macros.h"

namespace polku::audit {
namespace {

absl::Status Failed(const std::string& path) {
  const std::string told = absl::StrCat("file ", path, ": ", std::strerror(errno));
  return errno == ENOSPC || errno == EDQUOT ? absl::ResourceExhaustedError(told) : absl::UnavailableError(told);
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Writable(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Of a file with a key in hexadecimal digits a line. Errors: kFailedPrecondition naming it.
absl::StatusOr<std::vector<std::string>> ReadKeys(const std::string& path, size_t size) {
  std::vector<std::string> keys;
  const std::string text = Contents(path);
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    keys.push_back(absl::HexStringToBytes(line));
    if (keys.back().size() == size && HexOf(keys.back()) == line) continue;
    return absl::FailedPreconditionError(absl::StrCat("file ", path, " holds no key for checkpoints of the audit"));
  }
  if (keys.empty()) return absl::FailedPreconditionError(absl::StrCat("file ", path, " holds no key"));
  return keys;
}

// The secret key.
absl::StatusOr<std::string> OpenSecretKey(const std::string& path) {
  RETURN_IF_ERROR(MakePrivateFile(path));
  if (Contents(path).empty()) {
    std::string secret_key(crypto_sign_SECRETKEYBYTES, '\0');
    std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
    crypto_sign_keypair(Writable(public_key), Writable(secret_key));
    RETURN_IF_ERROR(AppendToFile(path, absl::StrCat(HexOf(secret_key), "\n")));
  }
  ASSIGN_OR_RETURN(std::vector<std::string> secret_keys, ReadKeys(path, crypto_sign_SECRETKEYBYTES));
  return std::move(secret_keys[0]);
}

absl::StatusOr<std::vector<std::string>> OpenPublicKeys(const std::string& path, const std::string& secret_key) {
  std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
  crypto_sign_ed25519_sk_to_pk(Writable(public_key), Bytes(secret_key));
  std::vector<std::string> known;
  if (!Contents(path).empty()) {
    ASSIGN_OR_RETURN(known, ReadKeys(path, crypto_sign_PUBLICKEYBYTES));
  }
  if (std::find(known.begin(), known.end(), public_key) == known.end()) {
    RETURN_IF_ERROR(AppendToFile(path, absl::StrCat(HexOf(public_key), "\n")));
    known.push_back(std::move(public_key));
  }
  return known;
}

}  // namespace

absl::Status AppendToFile(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return Failed(path);
  absl::Status status;
  if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(file) != 0) {
    status = Failed(path);
  }
  close(file);
  return status;
}

absl::StatusOr<SigningKeys> SigningKeys::Open(const std::string& secret_path, const std::string& public_path) {
  InitSodium();
  absl::StatusOr<std::string> secret_key = OpenSecretKey(secret_path);
  if (!secret_key.ok()) return absl::FailedPreconditionError(secret_key.status().message());
  absl::StatusOr<std::vector<std::string>> public_keys = OpenPublicKeys(public_path, *secret_key);
  if (!public_keys.ok()) return absl::FailedPreconditionError(public_keys.status().message());
  return SigningKeys(*std::move(secret_key), *std::move(public_keys));
}

SigningKeys::~SigningKeys() { sodium_memzero(secret_key_.data(), secret_key_.size()); }

std::string SigningKeys::Sign(absl::string_view text) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(Writable(signature), nullptr, Bytes(text), text.size(), Bytes(secret_key_));
  return signature;
}

bool IsSignedBy(const std::vector<std::string>& public_keys, absl::string_view text, absl::string_view signature) {
  InitSodium();
  if (signature.size() != crypto_sign_BYTES) return false;
  return std::any_of(public_keys.begin(), public_keys.end(), [&](const std::string& key) {
    return key.size() == crypto_sign_PUBLICKEYBYTES &&
           crypto_sign_verify_detached(Bytes(signature), Bytes(text), text.size(), Bytes(key)) == 0;
  });
}

absl::StatusOr<std::vector<std::string>> ReadPublicKeys(const std::string& path) {
  return ReadKeys(path, crypto_sign_PUBLICKEYBYTES);
}

}  // namespace polku::audit
