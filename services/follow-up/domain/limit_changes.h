// What other rules, or another version of the pathway, would change for a journey now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "polku/follow_up/v1/state.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::follow_up {

// A limit that differs. 0 = there is none.
struct LimitChange {
  polku::follow_up::v1::Rule rule = polku::follow_up::v1::RULE_UNSPECIFIED;
  std::string measure;
  std::string point;  // R8: code of the statutory point.
  int64_t due_us = 0;
  int64_t due_then_us = 0;
  bool opens = false;  // An interruption would be found at once that is not now.
  bool ends = false;   // The open interruption would be retracted.
};

// Of `journey` by `rules` against `then` by `rules_then`, which is the same journey behind the change. In the order of
// rules, measures and points.
std::vector<LimitChange> LimitChanges(const polku::follow_up::v1::JourneyRecord& journey,
                                      const polku::pathway::v1::RuleSet& rules,
                                      const polku::follow_up::v1::JourneyRecord& then,
                                      const polku::pathway::v1::RuleSet& rules_then, int64_t now_us);

// How many open and end.
int CountOpening(const std::vector<LimitChange>& changes);
int CountEnding(const std::vector<LimitChange>& changes);

}  // namespace polku::follow_up
