// Signed statements of how far the chain of a service had come, kept outside its database: a chain whose end was cut
// off is as good as a shorter one, and only what is kept elsewhere tells the difference.
//
// A checkpoint is a line of JSON in a file that only grows, signed with the keys of signing.h. Copy that file and the
// one of the public keys to where those who can change the database cannot write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/audit/cut.h"
#include "libs/audit/signing.h"
#include "libs/audit/verify.h"
#include "libs/store/database.h"

namespace polku::audit {

struct Checkpoint {
  std::string service;
  int64_t epoch = 0;  // Of the database.
  int64_t seal = 0;
  int64_t rows = 0;
  std::string link;
  absl::Time time;
  std::string signature;  // 64 bytes.
};

struct CheckpointFiles {
  std::string secret_key;   // Made when missing.
  std::string public_keys;  // Likewise.
  std::string checkpoints;  // Likewise.
};

// Writes the checkpoints of one service. Thread-compatible.
class CheckpointWriter {
 public:
  // Errors: kFailedPrecondition naming the file that cannot be made or is damaged.
  static absl::StatusOr<std::unique_ptr<CheckpointWriter>> Open(CheckpointFiles files, std::string service);
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // One line when the chain has come further than the last one says; it is on the disk on return.
  // Errors: those of the database; kResourceExhausted, kUnavailable naming the file.
  absl::Status Write(store::Database& database, absl::Time now);
  // Any thread may use them.
  const SigningKeys& keys() const { return keys_; }

 private:
  CheckpointWriter(std::string path, std::string service, SigningKeys keys)
      : path_(std::move(path)), service_(std::move(service)), keys_(std::move(keys)) {}

  const std::string path_;
  const std::string service_;
  const SigningKeys keys_;
  int64_t last_seal_ = -1;  // -1: not known.
};

// What a file of checkpoints says that is not so, or that the chain does not know.
struct Contradiction {
  enum class Kind {
    kWrongKey,   // No checkpoint is signed by any of the keys.
    kForged,     // Some are, this one is not.
    kCutTail,    // The chain ends before it.
    kFork,       // The chain says something else where it was.
    kForgedCut,  // The chain begins with a cut that none of the keys has signed.
  };
  Kind kind = Kind::kForged;
  int line = 0;       // Of the file, from 1.
  int64_t rows = 0;   // Of the checkpoint.
  int64_t known = 0;  // Rows that are known to be good by an earlier checkpoint: the first bad one comes after them.
  int64_t epoch = 0;  // Of the checkpoint.
};

// `text` is the file; `cut` and `seals` are what the chain of the service begins with and all that is behind it, as
// Verify found them. Lines that are no checkpoint at all (the last one, when the machine failed while it was written)
// and those of other services are passed over, those from before the cut when they are signed.
std::optional<Contradiction> Compare(absl::string_view text, const std::vector<std::string>& public_keys,
                                     absl::string_view service, const Cut& cut, const std::vector<VerifiedSeal>& seals);

// For tests, which forge them.
std::string LineOf(Checkpoint checkpoint, const SigningKeys& keys);

}  // namespace polku::audit
