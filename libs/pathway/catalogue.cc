#include "libs/pathway/catalogue.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/pathway/checks.h"
#include "libs/pathway/yaml_message.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::MeasureType;
using polku::pathway::v1::Municipality;
using polku::pathway::v1::PathwayDefinition;
using polku::pathway::v1::RuleSet;

bool IsIn(const Municipality& municipality, absl::CivilDay day) {
  const auto& from = municipality.valid_from();
  const auto& to = municipality.valid_to();
  if (from.year() != 0 && day < absl::CivilDay(from.year(), from.month(), from.day())) return false;
  return to.year() == 0 || day <= absl::CivilDay(to.year(), to.month(), to.day());
}

absl::StatusOr<std::vector<File>> ReadFolder(const std::string& folder) {
  std::vector<File> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".yaml") continue;
    std::ifstream stream(entry->path(), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (!stream) return absl::UnavailableError(absl::StrCat("cannot read ", entry->path().string()));
    files.push_back({entry->path().string(), std::move(text)});
  }
  if (error) return absl::NotFoundError(absl::StrCat("cannot read folder ", folder, ": ", error.message()));
  if (files.empty()) return absl::NotFoundError(absl::StrCat("no *.yaml in ", folder));
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.name < b.name; });
  return files;
}

}  // namespace

absl::StatusOr<PathwayDefinition> ParsePathway(absl::string_view yaml, absl::string_view file) {
  PathwayDefinition definition;
  Faults faults(file);
  ReadYaml(yaml, definition, faults);
  CheckPathway(definition, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  return definition;
}

absl::StatusOr<RuleSet> ParseRules(absl::string_view yaml, absl::string_view file) {
  RuleSet rules;
  Faults faults(file);
  ReadYaml(yaml, rules, faults);
  CheckRules(rules, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  return rules;
}

absl::StatusOr<Catalogue> Catalogue::Parse(const std::vector<File>& pathways, const std::vector<File>& rules) {
  auto content = std::make_shared<Content>();
  std::vector<std::string> faults;
  const auto note = [&faults](const absl::Status& status) {
    if (!status.ok()) faults.push_back(std::string(status.message()));
  };
  for (const File& file : rules) {
    Faults of_file(file.name);
    RuleSet set;
    ReadYaml(file.text, set, of_file);
    CheckRules(set, of_file);
    const std::string version = set.version();
    if (!content->rules.try_emplace(version, std::move(set)).second) {
      of_file.Add("version", "is in another file too");
    }
    note(of_file.ToStatus());
  }
  for (const File& file : pathways) {
    Faults of_file(file.name);
    PathwayDefinition definition;
    ReadYaml(file.text, definition, of_file);
    CheckPathway(definition, of_file);
    if (!definition.rules().empty() && content->rules.find(definition.rules()) == content->rules.end()) {
      of_file.Add("rules", "names a rule set that no file defines");
    }
    const auto key = std::make_pair(definition.id(), static_cast<int>(definition.version()));
    if (!content->pathways.try_emplace(key, std::move(definition)).second) {
      of_file.Add("version", "is in another file too");
    }
    note(of_file.ToStatus());
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return Catalogue(std::move(content));
}

const PathwayDefinition* Catalogue::Find(absl::string_view id, int version) const {
  const auto& all = content_->pathways;
  if (version != 0) {
    const auto found = all.find({std::string(id), version});
    return found == all.end() ? nullptr : &found->second;
  }
  auto after = all.upper_bound({std::string(id), std::numeric_limits<int>::max()});
  if (after == all.begin()) return nullptr;
  --after;
  return after->first.first == id ? &after->second : nullptr;
}

const RuleSet* Catalogue::Rules(absl::string_view version) const {
  const auto found = content_->rules.find(std::string(version));
  return found == content_->rules.end() ? nullptr : &found->second;
}

std::vector<const PathwayDefinition*> Catalogue::definitions() const {
  std::vector<const PathwayDefinition*> all;
  for (const auto& [key, definition] : content_->pathways) all.push_back(&definition);
  return all;
}

std::vector<const RuleSet*> Catalogue::rule_sets() const {
  std::vector<const RuleSet*> all;
  for (const auto& [version, rules] : content_->rules) all.push_back(&rules);
  return all;
}

absl::StatusOr<Catalogue> LoadCatalogue(const std::string& pathways_folder, const std::string& rules_folder) {
  try {
    ASSIGN_OR_RETURN(const std::vector<File> pathways, ReadFolder(pathways_folder));
    ASSIGN_OR_RETURN(const std::vector<File> rules, ReadFolder(rules_folder));
    return Catalogue::Parse(pathways, rules);
  } catch (const std::exception& error) {  // std::filesystem may throw for lack of memory.
    return absl::UnavailableError(absl::StrCat("cannot read the catalogue: ", error.what()));
  }
}

const MeasureType* FindMeasureType(const PathwayDefinition& definition, absl::string_view code) {
  for (const MeasureType& type : definition.measure_types()) {
    if (type.code() == code) return &type;
  }
  return nullptr;
}

bool ServesSegment(const PathwayDefinition& definition, polku::common::v1::Segment segment) {
  const auto& all = definition.entry().segments();
  return std::find(all.begin(), all.end(), segment) != all.end();
}

bool ServesMunicipality(const PathwayDefinition& definition, absl::string_view municipality_code, absl::CivilDay day) {
  for (const Municipality& municipality : definition.entry().municipalities()) {
    if (municipality.code() == municipality_code && IsIn(municipality, day)) return true;
  }
  return false;
}

bool KnowsMunicipality(const PathwayDefinition& definition, absl::string_view municipality_code) {
  const auto& all = definition.entry().municipalities();
  return std::any_of(all.begin(), all.end(), [&](const Municipality& m) { return m.code() == municipality_code; });
}

bool ServesNeed(const PathwayDefinition& definition, absl::string_view need) {
  const auto& all = definition.entry().needs();
  return std::find(all.begin(), all.end(), need) != all.end();
}

}  // namespace polku::pathway
