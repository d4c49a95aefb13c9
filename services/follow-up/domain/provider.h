// The aggregate "organisations/O": the days on which a provider is closed. It tells the journeys
// that have a measure of the provider, and those that ask when they get one later.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

class ProviderDomain {
 public:
  using State = polku::follow_up::v1::ProviderRecord;
  using Input = polku::follow_up::v1::ProviderInput;
  using Event = polku::follow_up::v1::ProviderEvent;

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  std::optional<absl::Time> NextDue(const State&) const { return std::nullopt; }
  std::vector<pipeline::IndexRow> Index(const State&) const { return {}; }
  std::vector<pipeline::IndexRow> RowsOf(const Event&) const { return {}; }
};

}  // namespace polku::follow_up
