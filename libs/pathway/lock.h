// versions.lock: which content each active version of a pathway has, so that none is changed once clients walk on it.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"

namespace polku::pathway {

inline constexpr char kLockFile[] = "versions.lock";

// (id, version) -> hash. One line each in the file: "kainuu-unemployed 1 <64 hexadecimal digits>".
using VersionLock = std::map<std::pair<std::string, int>, std::string>;

// Of what the definition says, not of how its file is written: comments and order may change.
std::string ContentHash(const polku::pathway::v1::PathwayDefinition& definition);

// Of the folder of the pathways; empty when there is no such file. Blocks on the file system.
// Errors: kInvalidArgument with file and line.
absl::StatusOr<VersionLock> ReadLock(const std::string& folder);
// Errors: kUnavailable.
absl::Status WriteLock(const std::string& folder, const VersionLock& lock);

// Errors: kInvalidArgument, a line for each active version that was changed, and for each that is gone.
absl::Status CheckLock(const VersionLock& lock, const Catalogue& catalogue);

// The lock with the active versions that it does not know yet.
VersionLock WithNew(VersionLock lock, const Catalogue& catalogue);

}  // namespace polku::pathway
