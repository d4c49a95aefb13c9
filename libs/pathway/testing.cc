#include "libs/pathway/testing.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_macros.h"

namespace polku::pathway {
namespace {

const Folders kDeployed = {POLKU_DEPLOY_FOLDER "/pathways", POLKU_DEPLOY_FOLDER "/rules",
                           POLKU_DEPLOY_FOLDER "/instruments"};

std::vector<File> ReadAll(const std::string& folder) {
  std::vector<File> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    files.push_back({entry.path().filename(), std::string(std::istreambuf_iterator<char>(stream), {})});
  }
  return files;
}

Catalogue Must(absl::StatusOr<Catalogue> catalogue) {
  if (!catalogue.ok()) std::fprintf(stderr, "%s\n", catalogue.status().ToString().c_str());
  POLKU_CHECK(catalogue.ok());
  return *std::move(catalogue);
}

}  // namespace

Catalogue TestCatalogue() { return Must(LoadCatalogue(kDeployed)); }

std::vector<File> FilesOfTests(const std::string& folder) { return ReadAll(POLKU_DEPLOY_FOLDER "/" + folder); }

Catalogue TestCatalogueWith(const std::string& from, const std::string& to) {
  std::vector<File> pathways = ReadAll(kDeployed.pathways);
  std::vector<File> rules = ReadAll(kDeployed.rules);
  int replaced = 0;
  for (std::vector<File>* files : {&pathways, &rules}) {
    for (File& file : *files) replaced += absl::StrReplaceAll({{from, to}}, &file.text);
  }
  POLKU_CHECK(replaced > 0);
  return Must(Catalogue::Parse(pathways, rules, ReadAll(kDeployed.instruments)));
}

}  // namespace polku::pathway
