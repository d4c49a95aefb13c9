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
#include "libs/pathway/lock.h"
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

absl::CivilDay FirstDay(const PathwayDefinition& definition) {
  const auto& from = definition.valid_from();
  return definition.has_valid_from() ? absl::CivilDay(from.year(), from.month(), from.day()) : absl::CivilDay(1, 1, 1);
}

bool IsActive(const PathwayDefinition& definition) {
  return definition.status() == polku::pathway::v1::PATHWAY_STATUS_ACTIVE;
}

// The active version with the next lower number; null when there is none, or `definition` is a draft.
const PathwayDefinition* ActiveBefore(const Versions<PathwayDefinition>& all, const PathwayDefinition& definition) {
  if (!IsActive(definition)) return nullptr;
  const PathwayDefinition* before = nullptr;
  for (auto each = all.lower_bound({definition.id(), 0}); each != all.end(); ++each) {
    if (each->first.first != definition.id() || each->first.second >= definition.version()) break;
    if (IsActive(each->second)) before = &each->second;
  }
  return before;
}

bool HasClass(const InstrumentDefinition& instrument, absl::string_view code) {
  for (const auto& set : instrument.class_sets()) {
    for (const auto& each : set.classes()) {
      if (each.code() == code) return true;
    }
  }
  return false;
}

}  // namespace

// The faults of many files.
class Catalogue::AllFaults {
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

void Catalogue::ReadInstruments(const std::vector<File>& files, Content& content, AllFaults& all_faults) {
  auto& all = content.instruments;
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
}

absl::StatusOr<InstrumentDefinition> ParseInstrument(absl::string_view yaml, absl::string_view file) {
  return ParseOne<InstrumentDefinition>(yaml, file, CheckInstrument);
}

absl::StatusOr<PathwayDefinition> ParsePathway(absl::string_view yaml, absl::string_view file) {
  return ParseOne<PathwayDefinition>(yaml, file, CheckPathway);
}

absl::StatusOr<RuleSet> ParseRules(absl::string_view yaml, absl::string_view file) {
  return ParseOne<RuleSet>(yaml, file, CheckRules);
}

// What one pathway says of the rule set and the instruments that other files define.
void Catalogue::CheckNames(const PathwayDefinition& definition, const Content& content, Faults& faults) {
  const auto rules = content.rules.find(definition.rules());
  if (!definition.rules().empty() && rules == content.rules.end()) {
    faults.Add("rules", "names a rule set that no file defines");
  }
  if (definition.has_rule_changes() && rules != content.rules.end()) {
    CheckRuleChanges(rules->second, definition.rule_changes(), faults);
  }
  const auto& required = definition.assessment().required_instruments();
  for (int i = 0; i < required.size(); ++i) {
    if (FindVersion(content.instruments, required[i], 0) != nullptr) continue;
    faults.Add(absl::StrCat("assessment.required_instruments[", i, "]"), "names an instrument that no file defines");
  }
  for (int i = 0; i < definition.steps_size(); ++i) {
    for (int k = 0; k < definition.steps(i).when().screens_size(); ++k) {
      const auto& screen = definition.steps(i).when().screens(k);
      const std::string path = absl::StrCat("steps[", i, "].when.screens[", k, "]");
      const auto* instrument = FindVersion(content.instruments, screen.instrument(), 0);
      if (instrument == nullptr) {
        faults.Add(path + ".instrument", "names an instrument that no file defines");
        continue;
      }
      for (int c = 0; c < screen.classes_size(); ++c) {
        if (HasClass(*instrument, screen.classes(c))) continue;
        faults.Add(absl::StrCat(path, ".classes[", c, "]"), "is no class of the instrument: nobody gets there");
      }
    }
  }
}

void Catalogue::ReadPathways(const std::vector<File>& files, Content& content, AllFaults& all_faults) {
  std::vector<std::pair<Faults, PathwayDefinition>> read;
  for (const File& file : files) {
    Faults faults(file.name);
    PathwayDefinition definition;
    ReadYaml(file.text, definition, faults);
    CheckPathway(definition, faults);
    CheckNames(definition, content, faults);
    Take(definition, content.pathways, faults);
    read.emplace_back(std::move(faults), std::move(definition));
  }
  for (auto& [faults, definition] : read) {
    const PathwayDefinition* before = ActiveBefore(content.pathways, definition);
    if (before != nullptr && FirstDay(definition) <= FirstDay(*before)) {
      faults.Add("valid_from", absl::StrCat("must be later than where version ", before->version(),
                                            " begins: two active versions overlap"));
    }
    all_faults.Note(faults);
    if (!definition.has_rule_changes()) continue;
    for (const auto& [version, rules] : content.rules) {
      content.changed_rules.try_emplace({definition.id(), definition.version(), version},
                                        WithChanges(rules, definition.rule_changes()));
    }
  }
}

Catalogue Catalogue::With(const RuleSet& rules) const {
  auto content = std::make_shared<Content>(*content_);
  content->rules[rules.version()] = rules;
  for (const auto& [key, definition] : content->pathways) {
    if (!definition.has_rule_changes()) continue;
    content->changed_rules[{definition.id(), definition.version(), rules.version()}] =
        WithChanges(rules, definition.rule_changes());
  }
  return Catalogue(std::move(content));
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
  ReadInstruments(instruments, *content, all_faults);
  ReadPathways(pathways, *content, all_faults);
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

const PathwayDefinition* Catalogue::FindActive(absl::string_view id, absl::CivilDay day) const {
  const PathwayDefinition* found = nullptr;
  for (auto each = content_->pathways.lower_bound({std::string(id), 0}); each != content_->pathways.end(); ++each) {
    if (each->first.first != id) break;
    if (IsActive(each->second) && FirstDay(each->second) <= day) found = &each->second;
  }
  return found;
}

const RuleSet* Catalogue::RulesOn(absl::string_view pathway, int pathway_version, absl::string_view version) const {
  if (!content_->changed_rules.empty()) {
    const auto found = content_->changed_rules.find(std::make_tuple(pathway, pathway_version, version));
    if (found != content_->changed_rules.end()) return &found->second;
  }
  return Rules(version);
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
    ASSIGN_OR_RETURN(Catalogue catalogue, Catalogue::Parse(pathways, rules, instruments));
    ASSIGN_OR_RETURN(const VersionLock lock, ReadLock(folders.pathways));
    RETURN_IF_ERROR(CheckLock(lock, catalogue));
    return catalogue;
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
