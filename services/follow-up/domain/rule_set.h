// The aggregate "rulesets/V": a rule set on its way to take the place of another. First every open journey that is
// followed by the other says what would open and end now; then a named person activates it, unless that is more than
// the outreach breaker lets through in a day; then the journeys are moved. All in paced steps, which go on where they
// were after a restart.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/domain/draft.h"

namespace polku::follow_up {

class RuleSetDomain {
 public:
  using State = polku::follow_up::v1::RuleSetRecord;
  using Input = polku::follow_up::v1::RuleSetInput;
  using Event = polku::follow_up::v1::RuleSetEvent;

  explicit RuleSetDomain(pathway::Catalogue catalogue) : catalogue_(std::move(catalogue)) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  std::optional<absl::Time> NextDue(const State& state) const;
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event&) const { return {}; }

 private:
  const pathway::Catalogue catalogue_;
};

// But for how many journeys are to be moved.
polku::follow_up::v1::RuleSetChange RuleSetView(const polku::follow_up::v1::RuleSetRecord& record);

// The journey's side (rules_of_journey.cc): the steps above, and the rule set that a new journey of `version` gets by
// the rows of lookup "active_rules".
void TryRulesOn(const polku::follow_up::v1::TryRules& asked, Draft& draft);
void MoveTo(const polku::follow_up::v1::MoveToRules& move, Draft& draft);
std::string ActiveRules(std::string version, const std::vector<store::Row>& rows);

}  // namespace polku::follow_up
