// The aggregate "coordinators/X": a coordinator's profile, and the clients that hold a place.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {

// Pure; see libs/pipeline/domain.h. Capacity is enforced here and nowhere else: places taken
// never exceed `capacity`, whatever is proposed at the same time.
class CoordinatorDomain {
 public:
  using State = polku::coordinator_network::v1::CoordinatorRecord;
  using Input = polku::coordinator_network::v1::CoordinatorInput;
  using Event = polku::coordinator_network::v1::CoordinatorEvent;

  // `time_use_activities`: codes that working time may be recorded on; of the newest rule set.
  explicit CoordinatorDomain(std::vector<std::string> time_use_activities)
      : time_use_activities_(std::move(time_use_activities)) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  std::optional<absl::Time> NextDue(const State& state) const { return std::nullopt; }
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event& event) const;

 private:
  const std::vector<std::string> time_use_activities_;
};

}  // namespace polku::coordinator_network
