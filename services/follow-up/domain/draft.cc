#include "services/follow-up/domain/draft.h"

#include <utility>

#include "libs/base/status_macros.h"

namespace polku::follow_up {

using polku::follow_up::v1::JourneyEvent;
using polku::follow_up::v1::JourneyRecord;
using polku::pathway::v1::RuleSet;

const RuleSet& RulesOf(const pathway::Catalogue& catalogue, absl::string_view version) {
  if (const RuleSet* rules = catalogue.Rules(version); rules != nullptr) return *rules;
  const std::vector<const RuleSet*> all = catalogue.rule_sets();
  POLKU_CHECK(!all.empty());  // A catalogue without rules is refused when it is loaded.
  return *all.back();
}

const RuleSet& RulesOf(const pathway::Catalogue& catalogue, const JourneyRecord& journey) {
  const RuleSet* rules = catalogue.RulesOn(journey.pathway(), journey.pathway_version(), journey.rules_version());
  return rules != nullptr ? *rules : RulesOf(catalogue, journey.rules_version());
}

void Draft::Emit(JourneyEvent event) {
  Evolve(event, state_);
  rules_ = &RulesOf(catalogue_, state_);
  decision_.events.push_back(std::move(event));
}

}  // namespace polku::follow_up
