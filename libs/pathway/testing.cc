#include "libs/pathway/testing.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::pathway {

namespace {

Catalogue Valid(absl::StatusOr<Catalogue> catalogue) {
  if (!catalogue.ok()) std::fprintf(stderr, "%s\n", catalogue.status().ToString().c_str());
  POLKU_CHECK(catalogue.ok());
  return *std::move(catalogue);
}

std::vector<File> FilesOf(const std::string& folder) {
  std::vector<File> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream file(entry.path());
    files.push_back({entry.path().filename(), std::string(std::istreambuf_iterator<char>(file), {})});
  }
  return files;
}

}  // namespace

Catalogue TestCatalogue() {
  return Valid(LoadCatalogue(POLKU_DEPLOY_FOLDER "/pathways", POLKU_DEPLOY_FOLDER "/rules"));
}

Catalogue TestCatalogueWithRetention(int years) {
  std::vector<File> rules = FilesOf(POLKU_DEPLOY_FOLDER "/rules");
  for (File& file : rules) {
    file.text =
        std::regex_replace(file.text, std::regex("retention_years: \\d+"), absl::StrCat("retention_years: ", years));
  }
  return Valid(Catalogue::Parse(FilesOf(POLKU_DEPLOY_FOLDER "/pathways"), rules));
}

}  // namespace polku::pathway
