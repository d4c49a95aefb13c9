// The aggregate "breakers/outreach": every outreach of the service asks here before somebody is asked to call. As long
// as a day stays within the budgets of the newest rule set it lets them through at once. Beyond that it trips: what is
// found is opened and told all the same, its outreach waits until a named person has looked and releases it, in paced
// steps. A jump of the clock, a rule with a wrong number or a feed gone wrong thus ends with one question to a human
// and not with a thousand calls.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

inline constexpr char kOutreachBreaker[] = "breakers/outreach";

class BreakerDomain {
 public:
  using State = polku::follow_up::v1::BreakerRecord;
  using Input = polku::follow_up::v1::BreakerInput;
  using Event = polku::follow_up::v1::BreakerEvent;

  explicit BreakerDomain(pathway::Catalogue catalogue) : catalogue_(std::move(catalogue)) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  // While it is tripped: when those who wait are counted again; while it releases: the next paced step.
  std::optional<absl::Time> NextDue(const State& state) const;
  std::vector<pipeline::IndexRow> Index(const State&) const { return {}; }
  std::vector<pipeline::IndexRow> RowsOf(const Event&) const { return {}; }

 private:
  const polku::pathway::v1::RuleSet& rules() const;

  const pathway::Catalogue catalogue_;
};

// As the API shows it, but for how many wait.
polku::follow_up::v1::OutreachBreaker BreakerView(const polku::follow_up::v1::BreakerRecord& record);

}  // namespace polku::follow_up
