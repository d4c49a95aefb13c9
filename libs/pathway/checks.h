// What a definition must hold beyond its types. Internal to libs/pathway.
#pragma once

#include <string>

#include "libs/pathway/yaml_message.h"
#include "polku/pathway/v1/instrument.pb.h"
#include "polku/pathway/v1/pathway.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::pathway {

// The ranges are those of the comments in proto/polku/pathway/v1.
// CheckPathway has all but what needs other files: the rule set and the instruments.
void CheckPathway(const polku::pathway::v1::PathwayDefinition& definition, Faults& faults);
void CheckRules(const polku::pathway::v1::RuleSet& rules, Faults& faults);
// Steps, their order and conditions, and the transitions between them (step_checks.cc).
void CheckSteps(const polku::pathway::v1::PathwayDefinition& definition, Faults& faults);
// The numbers that a pathway changes in `rules`, at "rule_changes".
void CheckRuleChanges(const polku::pathway::v1::RuleSet& rules, const polku::pathway::v1::RuleSet& changes,
                      Faults& faults);
// `rules` with the numbers that `changes` gives in their place.
polku::pathway::v1::RuleSet WithChanges(const polku::pathway::v1::RuleSet& rules,
                                        const polku::pathway::v1::RuleSet& changes);
void CheckInstrument(const polku::pathway::v1::InstrumentDefinition& definition, Faults& faults);
// What `definition` says at `path` to score as well: `other`, null when there is none.
void CheckAlsoScores(const polku::pathway::v1::InstrumentDefinition& definition,
                     const polku::pathway::v1::InstrumentDefinition* other, const std::string& path, Faults& faults);

}  // namespace polku::pathway
