#include "tests/simulation/files.h"

#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/simulation/scenario.h"

namespace polku::simulation {

std::vector<std::string> CheckNames(World& world) {
  std::vector<std::string> wanted = {kCanary, kFeedCanary};
  for (int client = 1; client <= ScenarioSize().clients; ++client) wanted.push_back(IdentityCode(client));
  std::vector<std::string> files = {"bus", "bus-wal"};
  for (int service = 0; service < kServices; ++service) {
    for (const char* kind : {".db", ".db-wal", ".keys", ".keys-wal", ".ledger", ".ledger-wal"}) {
      files.push_back(NameOf(service) + kind);
    }
  }
  std::vector<std::string> faults;
  for (const std::string& file : files) {
    const std::string content = world.disk().Current(file);
    for (const std::string& each : wanted) {
      if (each == kFeedCanary && file.starts_with("bus")) continue;  // There it was written.
      if (memmem(content.data(), content.size(), each.data(), each.size()) == nullptr) continue;
      faults.push_back(absl::StrCat("I11: ", file, " holds in plain: ", each));
    }
  }
  return faults;
}

int64_t FilesOfProcess() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

std::vector<std::string> CheckFiles(World& world, int64_t files_before) {
  world.Stop();
  std::vector<std::string> faults;
  const int64_t more = FilesOfProcess() - files_before;
  if (more > 0) faults.push_back(absl::StrCat("I9: ", more, " files of the process stay open"));
  if (world.files_left_open() > 0) {
    faults.push_back(absl::StrCat("I9: ", world.files_left_open(), " files of the disk stay open"));
  }
  return faults;
}

}  // namespace polku::simulation
