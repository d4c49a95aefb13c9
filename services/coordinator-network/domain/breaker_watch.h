// The aggregate "breakers/outreach": while the outreach breaker of the follow-up service is tripped, the network's lead
// has a task that says so and how many wait. It is about no client, and ends when a named person releases the breaker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {

// Pure; see libs/pipeline/domain.h.
class BreakerWatchDomain {
 public:
  using State = polku::coordinator_network::v1::BreakerWatch;
  using Input = polku::coordinator_network::v1::BreakerWatchInput;
  using Event = polku::coordinator_network::v1::BreakerWatchEvent;

  // `release_office_days`: within so many of the trip somebody is to have looked.
  explicit BreakerWatchDomain(int release_office_days) : release_office_days_(release_office_days) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string&, const State&, const Input&) const { return {}; }
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  std::optional<absl::Time> NextDue(const State&) const { return std::nullopt; }
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event&) const { return {}; }

 private:
  const int release_office_days_;
};

}  // namespace polku::coordinator_network
