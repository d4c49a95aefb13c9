// What a definition must hold beyond its types. Internal to libs/pathway.
#pragma once

#include <string>

#include "libs/pathway/yaml_message.h"
#include "polku/pathway/v1/instrument.pb.h"
#include "polku/pathway/v1/pathway.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::pathway {

// The ranges are those of the comments in proto/polku/pathway/v1.
void CheckPathway(const polku::pathway::v1::PathwayDefinition& definition, Faults& faults);
void CheckRules(const polku::pathway::v1::RuleSet& rules, Faults& faults);
void CheckInstrument(const polku::pathway::v1::InstrumentDefinition& definition, Faults& faults);
// What `definition` says at `path` to score as well: `other`, null when there is none.
void CheckAlsoScores(const polku::pathway::v1::InstrumentDefinition& definition,
                     const polku::pathway::v1::InstrumentDefinition* other, const std::string& path, Faults& faults);

}  // namespace polku::pathway
