// The aggregate "sources/S": a provider's feed of attendance, how often it reports and up to
// when everything has been told (R9).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

class SourceDomain {
 public:
  using State = polku::follow_up::v1::SourceRecord;
  using Input = polku::follow_up::v1::SourceInput;
  using Event = polku::follow_up::v1::SourceEvent;

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  // When it will have been silent for twice its interval.
  std::optional<absl::Time> NextDue(const State& state) const;
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event&) const { return {}; }
};

}  // namespace polku::follow_up
