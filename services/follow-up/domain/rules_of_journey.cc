// Which rule set a journey is followed by, and what would change by another one.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/follow-up/domain/limit_changes.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/rule_set.h"
#include "services/follow-up/domain/words.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;

void TryRulesOn(const TryRules& asked, Draft& draft) {
  const JourneyRecord& journey = draft.state();
  const RuleSet* rules = draft.catalogue().RulesOn(journey.pathway(), journey.pathway_version(), asked.version());
  auto tried = std::make_unique<RulesTried>();
  tried->set_version(asked.version());
  if (rules != nullptr && journey.open()) {
    const auto changes = LimitChanges(journey, draft.rules(), journey, *rules, draft.now_us());
    tried->set_gained(CountOpening(changes));
    tried->set_lost(CountEnding(changes));
  }
  draft.AddStep({absl::StrCat("rulesets/", asked.version()), std::move(tried)});
}

void MoveTo(const MoveToRules& move, Draft& draft) {
  if (!draft.state().open() || draft.state().rules_version() == move.version()) return;
  JourneyEvent event;
  event.mutable_moved_to_rules()->set_from_version(draft.state().rules_version());
  event.mutable_moved_to_rules()->set_to_version(move.version());
  draft.Emit(std::move(event));
  MoveLadders(draft);
  draft.NoteMoved(WhyOtherRules(draft.state()));
}

std::string ActiveRules(std::string version, const std::vector<store::Row>& rows) {
  // One may have taken the place of one that had taken the place of another; never in a circle, since an active rule
  // set is not activated again.
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto next = std::find_if(rows.begin(), rows.end(),
                                   [&](const store::Row& row) { return std::get<std::string>(row[1]) == version; });
    if (next == rows.end()) break;
    version = std::get<std::string>((*next)[0]);
  }
  return version;
}

}  // namespace polku::follow_up
