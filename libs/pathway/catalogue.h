// Pathway definitions, rule sets and instruments: the numbers, lists and deadlines of a region, as data.
// The schema is proto/polku/pathway/v1; the files are deploy/pathways, deploy/rules and deploy/instruments.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "polku/common/v1/types.pb.h"
#include "polku/pathway/v1/instrument.pb.h"
#include "polku/pathway/v1/pathway.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::pathway {

class Faults;

// A YAML file as it was read, with the name that errors cite.
struct File {
  std::string name;
  std::string text;
};

// All definitions, rule sets and instruments of a process. Never changes; a copy is cheap and shares the
// same definitions. Pointers live as long as any copy. Thread-safe.
class Catalogue {
 public:
  // `version` 0 is the newest, a draft too. Null when there is none.
  const polku::pathway::v1::PathwayDefinition* Find(absl::string_view id, int version = 0) const;
  // The active version that takes clients on `day`. Null when there is none.
  const polku::pathway::v1::PathwayDefinition* FindActive(absl::string_view id, absl::CivilDay day) const;
  // The same of an instrument.
  const polku::pathway::v1::InstrumentDefinition* FindInstrument(absl::string_view id, int version = 0) const;
  // Null when there is none. The numbers of journeys that run on the version "2026-1".
  const polku::pathway::v1::RuleSet* Rules(absl::string_view version) const;
  // The same with what that version of the pathway changes in it. A pathway that is not known changes nothing.
  const polku::pathway::v1::RuleSet* RulesOn(absl::string_view pathway, int pathway_version,
                                             absl::string_view version) const;
  // The same with one more rule set, which takes the place of one of its version. It has been checked (ParseRules).
  Catalogue With(const polku::pathway::v1::RuleSet& rules) const;
  // Ordered by id and version.
  std::vector<const polku::pathway::v1::PathwayDefinition*> definitions() const;
  // Ordered by version as text.
  std::vector<const polku::pathway::v1::RuleSet*> rule_sets() const;
  // Ordered by id and version.
  std::vector<const polku::pathway::v1::InstrumentDefinition*> instruments() const;

  // Checks the files and puts them together. Nothing is taken when anything is wrong.
  // Errors: kInvalidArgument, one line a fault: "<file>:<line>: <field path>: <what is wrong>".
  static absl::StatusOr<Catalogue> Parse(const std::vector<File>& pathways, const std::vector<File>& rules,
                                         const std::vector<File>& instruments = {});

 private:
  struct Content {
    std::map<std::pair<std::string, int>, polku::pathway::v1::PathwayDefinition> pathways;
    std::map<std::string, polku::pathway::v1::RuleSet> rules;
    // By pathway, its version and the rule set's: for pathways that change something in it.
    std::map<std::tuple<std::string, int, std::string>, polku::pathway::v1::RuleSet, std::less<>> changed_rules;
    std::map<std::pair<std::string, int>, polku::pathway::v1::InstrumentDefinition> instruments;
  };
  class AllFaults;  // Of many files.
  explicit Catalogue(std::shared_ptr<const Content> content) : content_(std::move(content)) {}
  // Reads the instruments and then checks what one says of another, in whichever order the files are.
  static void ReadInstruments(const std::vector<File>& files, Content& content, AllFaults& all_faults);
  // The same of pathways, whose rule sets and instruments are in `content`.
  static void ReadPathways(const std::vector<File>& files, Content& content, AllFaults& all_faults);
  static void CheckNames(const polku::pathway::v1::PathwayDefinition& definition, const Content& content,
                         Faults& faults);

  std::shared_ptr<const Content> content_;  // Shared: domains, queries and tests each hold a copy.
};

// Where the files are, from the folder that a program is started in.
struct Folders {
  std::string pathways = "deploy/pathways";
  std::string rules = "deploy/rules";
  std::string instruments = "deploy/instruments";
};

// Reads every *.yaml of the folders. Blocks on the file system.
// Errors: as Catalogue::Parse, also for an active pathway that is another one than versions.lock says (lock.h);
// kNotFound when a folder is missing or holds no *.yaml.
absl::StatusOr<Catalogue> LoadCatalogue(const Folders& folders);

// One file. Whether what it names in others exists is checked only by Catalogue::Parse.
// Errors: kInvalidArgument with up to 50 faults, one a line, as Catalogue::Parse says.
absl::StatusOr<polku::pathway::v1::PathwayDefinition> ParsePathway(absl::string_view yaml, absl::string_view file);
absl::StatusOr<polku::pathway::v1::RuleSet> ParseRules(absl::string_view yaml, absl::string_view file);
absl::StatusOr<polku::pathway::v1::InstrumentDefinition> ParseInstrument(absl::string_view yaml,
                                                                         absl::string_view file);

// The measure type of that code, or null.
const polku::pathway::v1::MeasureType* FindMeasureType(const polku::pathway::v1::PathwayDefinition& definition,
                                                       absl::string_view code);
// Whether a client of `segment` may enter.
bool ServesSegment(const polku::pathway::v1::PathwayDefinition& definition, polku::common::v1::Segment segment);
// Whether the municipality belongs to the service area on `day` (local day in Helsinki).
bool ServesMunicipality(const polku::pathway::v1::PathwayDefinition& definition, absl::string_view municipality_code,
                        absl::CivilDay day);
// Whether the municipality belongs, belonged or will belong to the service area.
bool KnowsMunicipality(const polku::pathway::v1::PathwayDefinition& definition, absl::string_view municipality_code);
// Whether a referral may give this need code.
bool ServesNeed(const polku::pathway::v1::PathwayDefinition& definition, absl::string_view need);

}  // namespace polku::pathway
