// The keys with which a service signs what it says of its audit: Ed25519. The secret key is a file beside the other
// keys, the public key a line of a file beside the checkpoints. When the secret key was lost, a new one is made and its
// public key is a further line: whoever has the file can still verify what the old one signed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace polku::audit {

class SigningKeys {
 public:
  // Makes either file when it is missing. Errors: kFailedPrecondition naming the file that cannot be made or is
  // damaged.
  static absl::StatusOr<SigningKeys> Open(const std::string& secret_path, const std::string& public_path);
  // With a key of one's own: for tests, which forge.
  explicit SigningKeys(std::string secret_key, std::vector<std::string> public_keys = {})
      : secret_key_(std::move(secret_key)), public_keys_(std::move(public_keys)) {}
  SigningKeys(SigningKeys&&) = default;
  SigningKeys& operator=(SigningKeys&&) = delete;
  ~SigningKeys();

  std::string Sign(absl::string_view text) const;  // 64 bytes.
  // All that the file has, the own one among them.
  const std::vector<std::string>& public_keys() const { return public_keys_; }

 private:
  std::string secret_key_;
  std::vector<std::string> public_keys_;
};

// Whether one of the keys signed it.
bool IsSignedBy(const std::vector<std::string>& public_keys, absl::string_view text, absl::string_view signature);

// Of a file of public keys. Errors: kFailedPrecondition naming it.
absl::StatusOr<std::vector<std::string>> ReadPublicKeys(const std::string& path);

// At the end of the file; on the disk on return. Errors: kResourceExhausted, kUnavailable naming the file.
absl::Status AppendToFile(const std::string& path, const std::string& text);

}  // namespace polku::audit
