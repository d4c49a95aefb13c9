#include "libs/pathway/catalogue.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/pathway/checks.h"
#include "libs/pathway/yaml_message.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::InstrumentDefinition;
using polku::pathway::v1::InstrumentVersion;
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

// By id and version.
template <class Definition>
using Versions = std::map<std::pair<std::string, int>, Definition>;

// Version 0 is the newest.
template <class Definition>
const Definition* FindVersion(const Versions<Definition>& all, absl::string_view id, int version) {
  if (version != 0) {
    const auto found = all.find({std::string(id), version});
    return found == all.end() ? nullptr : &found->second;
  }
  auto after = all.upper_bound({std::string(id), std::numeric_limits<int>::max()});
  if (after == all.begin()) return nullptr;
  --after;
  return after->first.first == id ? &after->second : nullptr;
}

template <class Definition, class Check>
absl::StatusOr<Definition> ParseOne(absl::string_view yaml, absl::string_view file, Check check) {
  Definition definition;
  Faults faults(file);
  ReadYaml(yaml, definition, faults);
  check(definition, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  return definition;
}

template <class Definition>
void Take(Definition definition, Versions<Definition>& all, Faults& faults) {
  const auto key = std::make_pair(definition.id(), static_cast<int>(definition.version()));
  if (!all.try_emplace(key, std::move(definition)).second) faults.Add("version", "is in another file too");
}

// The faults of many files.
class AllFaults {
 public:
  void Note(const Faults& of_file) {
    const absl::Status status = of_file.ToStatus();
    if (!status.ok()) messages_.push_back(std::string(status.message()));
  }
  absl::Status ToStatus() const {
    return messages_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(messages_, "\n"));
  }

 private:
  std::vector<std::string> messages_;
};

// Reads the instruments and then checks what one says of another, in whichever order the files are.
Versions<InstrumentDefinition> ReadInstruments(const std::vector<File>& files, AllFaults& all_faults) {
  Versions<InstrumentDefinition> all;
  std::vector<std::pair<Faults, InstrumentDefinition>> read;
  for (const File& file : files) {
    Faults faults(file.name);
    InstrumentDefinition definition;
    ReadYaml(file.text, definition, faults);
    CheckInstrument(definition, faults);
    Take(definition, all, faults);
    read.emplace_back(std::move(faults), std::move(definition));
  }
  for (auto& [faults, definition] : read) {
    for (int i = 0; i < definition.also_scores_size(); ++i) {
      const InstrumentVersion& other = definition.also_scores(i);
      // Version 0 would be the newest: what an instrument scores must not change with another file.
      const auto* found = other.version() > 0 ? FindVersion(all, other.id(), other.version()) : nullptr;
      CheckAlsoScores(definition, found, absl::StrCat("also_scores[", i, "]"), faults);
    }
    all_faults.Note(faults);
  }
  return all;
}

}  // namespace

absl::StatusOr<InstrumentDefinition> ParseInstrument(absl::string_view yaml, absl::string_view file) {
  return ParseOne<InstrumentDefinition>(yaml, file, CheckInstrument);
}

absl::StatusOr<PathwayDefinition> ParsePathway(absl::string_view yaml, absl::string_view file) {
  return ParseOne<PathwayDefinition>(yaml, file, CheckPathway);
}

absl::StatusOr<RuleSet> ParseRules(absl::string_view yaml, absl::string_view file) {
  return ParseOne<RuleSet>(yaml, file, CheckRules);
}

absl::StatusOr<Catalogue> Catalogue::Parse(const std::vector<File>& pathways, const std::vector<File>& rules,
                                           const std::vector<File>& instruments) {
  auto content = std::make_shared<Content>();
  AllFaults all_faults;
  for (const File& file : rules) {
    Faults of_file(file.name);
    RuleSet set;
    ReadYaml(file.text, set, of_file);
    CheckRules(set, of_file);
    const std::string version = set.version();
    if (!content->rules.try_emplace(version, std::move(set)).second) {
      of_file.Add("version", "is in another file too");
    }
    all_faults.Note(of_file);
  }
  content->instruments = ReadInstruments(instruments, all_faults);
  for (const File& file : pathways) {
    Faults of_file(file.name);
    PathwayDefinition definition;
    ReadYaml(file.text, definition, of_file);
    CheckPathway(definition, of_file);
    if (!definition.rules().empty() && content->rules.find(definition.rules()) == content->rules.end()) {
      of_file.Add("rules", "names a rule set that no file defines");
    }
    const auto& required = definition.assessment().required_instruments();
    for (int i = 0; i < required.size(); ++i) {
      if (FindVersion(content->instruments, required[i], 0) == nullptr) {
        of_file.Add(absl::StrCat("assessment.required_instruments[", i, "]"),
                    "names an instrument that no file defines");
      }
    }
    Take(std::move(definition), content->pathways, of_file);
    all_faults.Note(of_file);
  }
  RETURN_IF_ERROR(all_faults.ToStatus());
  return Catalogue(std::move(content));
}

const PathwayDefinition* Catalogue::Find(absl::string_view id, int version) const {
  return FindVersion(content_->pathways, id, version);
}

const InstrumentDefinition* Catalogue::FindInstrument(absl::string_view id, int version) const {
  return FindVersion(content_->instruments, id, version);
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

std::vector<const InstrumentDefinition*> Catalogue::instruments() const {
  std::vector<const InstrumentDefinition*> all;
  for (const auto& [key, definition] : content_->instruments) all.push_back(&definition);
  return all;
}

absl::StatusOr<Catalogue> LoadCatalogue(const Folders& folders) {
  try {
    ASSIGN_OR_RETURN(const std::vector<File> pathways, ReadFolder(folders.pathways));
    ASSIGN_OR_RETURN(const std::vector<File> rules, ReadFolder(folders.rules));
    ASSIGN_OR_RETURN(const std::vector<File> instruments, ReadFolder(folders.instruments));
    return Catalogue::Parse(pathways, rules, instruments);
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
