#include "services/follow-up/domain/limit_changes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "services/follow-up/domain/findings.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;

std::vector<LimitChange> LimitChanges(const JourneyRecord& journey, const RuleSet& rules, const JourneyRecord& then,
                                      const RuleSet& rules_then, int64_t now_us) {
  std::map<std::tuple<Rule, std::string, std::string>, LimitChange> all;
  const auto about = [&](Rule rule, const std::string& measure, const std::string& point) -> LimitChange& {
    LimitChange& change = all[{rule, measure, point}];
    change.rule = rule;
    change.measure = measure;
    change.point = point;
    return change;
  };
  for (const Finding& each : Findings(journey, rules)) about(each.rule, each.measure, each.point).due_us = each.due_us;
  for (const Finding& each : Findings(then, rules_then)) {
    about(each.rule, each.measure, each.point).due_then_us = each.due_us;
  }
  for (const InterruptionRecord& open : journey.interruptions()) about(open.rule(), open.measure(), open.point());
  std::vector<LimitChange> changes;
  const auto is_due = [&](int64_t due_us) { return due_us != 0 && due_us <= now_us; };
  for (auto& [key, change] : all) {
    const bool open = FindOpen(journey, change.rule, change.measure, change.point) != nullptr;
    change.opens = !open && is_due(change.due_then_us) && !is_due(change.due_us);
    change.ends = open && !is_due(change.due_then_us);
    if (change.opens || change.ends || change.due_us != change.due_then_us) changes.push_back(change);
  }
  return changes;
}

int CountOpening(const std::vector<LimitChange>& changes) {
  return static_cast<int>(
      std::count_if(changes.begin(), changes.end(), [](const LimitChange& each) { return each.opens; }));
}

int CountEnding(const std::vector<LimitChange>& changes) {
  return static_cast<int>(
      std::count_if(changes.begin(), changes.end(), [](const LimitChange& each) { return each.ends; }));
}

}  // namespace polku::follow_up
