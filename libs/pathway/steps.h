// The steps of a pathway: what comes after what, for whom, and who answers for it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "google/protobuf/repeated_field.h"
#include "polku/common/v1/types.pb.h"
#include "polku/pathway/v1/pathway.pb.h"

namespace polku::pathway {

// Parts by their code; null when there is none.
const polku::pathway::v1::Step* FindStep(const polku::pathway::v1::PathwayDefinition& definition,
                                         absl::string_view code);
const polku::pathway::v1::Role* FindRole(const polku::pathway::v1::PathwayDefinition& definition,
                                         absl::string_view code);
const polku::pathway::v1::Outcome* FindOutcome(
    const google::protobuf::RepeatedPtrField<polku::pathway::v1::Outcome>& outcomes, absl::string_view code);
// The transition that leads from one step to the other.
const polku::pathway::v1::TransitionTerms* FindTransition(const polku::pathway::v1::PathwayDefinition& definition,
                                                          absl::string_view from, absl::string_view to);

// Whether `organisation` plays the role for a client of the municipality on `day`. Anybody plays a role that names no
// players. An empty municipality (a safety order) is every one.
bool Plays(const polku::pathway::v1::Role& role, absl::string_view organisation, absl::string_view municipality_code,
           absl::CivilDay day);

// What the conditions of steps are about.
struct ClientFacts {
  polku::common::v1::Segment segment = polku::common::v1::SEGMENT_UNSPECIFIED;
  std::set<std::string> needs;
  std::string outcome;                         // Of the assessment; empty = none.
  std::map<std::string, std::string> classes;  // Instrument -> class of its latest record.
};

// Whether the step is for such a client.
bool IsFor(const polku::pathway::v1::Step& step, const ClientFacts& client);

// The steps that come before it for such a client: each of Step.after that is for the client, and in place of one
// that is not, the ones before that. Ordered as the definition has them. The definition has no cycle.
std::vector<const polku::pathway::v1::Step*> Before(const polku::pathway::v1::PathwayDefinition& definition,
                                                    const polku::pathway::v1::Step& step, const ClientFacts& client);

}  // namespace polku::pathway
