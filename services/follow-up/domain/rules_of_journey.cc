// Which rule set a journey is followed by, and what would change by another one.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/rule_set.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;

bool IsAmong(const std::vector<Finding>& findings, Rule rule, absl::string_view measure, absl::string_view point,
             int64_t now_us) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& each) {
    return each.due_us <= now_us && each.rule == rule && each.measure == measure && each.point == point;
  });
}

}  // namespace

void TryRulesOn(const TryRules& asked, Draft& draft) {
  const JourneyRecord& journey = draft.state();
  const RuleSet* rules = draft.catalogue().RulesOn(journey.pathway(), journey.pathway_version(), asked.version());
  auto tried = std::make_unique<RulesTried>();
  tried->set_version(asked.version());
  if (rules != nullptr && journey.open()) {
    const std::vector<Finding> then = Findings(journey, *rules);
    const std::vector<Finding> now = Findings(journey, draft.rules());
    for (const Finding& each : then) {
      const bool opens = each.due_us <= draft.now_us() && FindOpen(journey, each) == nullptr &&
                         !IsAmong(now, each.rule, each.measure, each.point, draft.now_us());
      if (opens) tried->set_gained(tried->gained() + 1);
    }
    for (const InterruptionRecord& open : journey.interruptions()) {
      if (IsAmong(then, open.rule(), open.measure(), open.point(), draft.now_us())) continue;
      tried->set_lost(tried->lost() + 1);
    }
  }
  draft.AddStep({absl::StrCat("rulesets/", asked.version()), std::move(tried)});
}

void MoveTo(const MoveToRules& move, Draft& draft) {
  if (!draft.state().open() || draft.state().rules_version() == move.version()) return;
  JourneyEvent event;
  event.mutable_moved_to_rules()->set_from_version(draft.state().rules_version());
  event.mutable_moved_to_rules()->set_to_version(move.version());
  draft.Emit(std::move(event));
  draft.NoteMoved();
}

std::string ActiveRules(std::string version, const pipeline::Context& context) {
  if (context.lookups.empty()) return version;
  // One may have taken the place of one that had taken the place of another; never in a circle, since an active rule
  // set is not activated again.
  const auto& rows = context.lookups[0];
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto next = std::find_if(rows.begin(), rows.end(),
                                   [&](const store::Row& row) { return std::get<std::string>(row[1]) == version; });
    if (next == rows.end()) break;
    version = std::get<std::string>((*next)[0]);
  }
  return version;
}

}  // namespace polku::follow_up
