#include "libs/pathway/lock.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/hash.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::PathwayDefinition;

constexpr size_t kHashDigits = 64;

bool IsActive(const PathwayDefinition& definition) {
  return definition.status() == polku::pathway::v1::PATHWAY_STATUS_ACTIVE;
}

}  // namespace

std::string ContentHash(const PathwayDefinition& definition) {
  // Fields in the order of their numbers, unset ones left out: a field that the schema gets later changes nothing.
  // The key hides nothing; it is there because KeyedHash wants one.
  return HexOf(KeyedHash(std::string(kKeyedHashKeyBytes, '\0'), "pathway.version", definition.SerializeAsString()));
}

absl::StatusOr<VersionLock> ReadLock(const std::string& folder) {
  VersionLock lock;
  const std::string path = absl::StrCat(folder, "/", kLockFile);
  if (!std::filesystem::exists(path)) return lock;
  std::ifstream stream(path);
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    int version = 0;
    if (words.size() != 3 || !absl::SimpleAtoi(words[1], &version) || words[2].size() != kHashDigits) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": must be <id> <version> <hash>"));
    }
    lock[{words[0], version}] = words[2];
  }
  return lock;
}

absl::Status WriteLock(const std::string& folder, const VersionLock& lock) {
  const std::string path = absl::StrCat(folder, "/", kLockFile);
  std::ofstream stream(path);
  stream << "# What the active versions say, as polkuctl pathways record wrote it: they are never changed.\n";
  for (const auto& [key, hash] : lock) stream << key.first << " " << key.second << " " << hash << "\n";
  stream.close();
  return stream ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", path));
}

absl::Status CheckLock(const VersionLock& lock, const Catalogue& catalogue) {
  std::vector<std::string> messages;
  for (const auto& [key, hash] : lock) {
    const PathwayDefinition* definition = catalogue.Find(key.first, key.second);
    const std::string where = absl::StrCat(kLockFile, ": ", key.first, " ", key.second, ": ");
    if (definition == nullptr) {
      messages.push_back(absl::StrCat(where, "is active and its file is gone: journeys may still be on it"));
    } else if (!IsActive(*definition) || ContentHash(*definition) != hash) {
      messages.push_back(absl::StrCat(where, "was changed since it became active: write a new version"));
    }
  }
  return messages.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(messages, "\n"));
}

VersionLock WithNew(VersionLock lock, const Catalogue& catalogue) {
  for (const PathwayDefinition* definition : catalogue.definitions()) {
    if (IsActive(*definition)) {
      lock.try_emplace({definition->id(), definition->version()}, ContentHash(*definition));
    }
  }
  return lock;
}

}  // namespace polku::pathway
