// Request ids that a line of a file always gets again.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/random.h"

namespace polku::polkuctl {

// The 32 bytes in the file at `path`; a new key is put there, for the owner's eyes only, when there is no such file.
// Errors: kNotFound when it can neither be read nor written, kInvalidArgument when it is no key.
absl::StatusOr<std::string> ReadOrMakeKey(const std::string& path, Random& random);

// A UUID (version 8) of what is to be sent: the same for the same content under the same key. A keyed hash, because
// ids are kept in clear in the audit, and whoever can guess the rest of a line could try all identity codes.
std::string RequestIdOf(absl::string_view key32, absl::string_view content);

}  // namespace polku::polkuctl
