// The aggregate "organisations/O": what a receiving unit says of its capacity. An aggregate of its own, not a part of
// any client: it is a unit's word with a version and an audit row. Its queue is never stored: it is counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

// See libs/pipeline/domain.h for what each function promises.
class UnitDomain {
 public:
  using State = v1::Unit;
  using Input = v1::UnitInput;
  using Event = v1::UnitEvent;

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const {
    return {};
  }
  // Errors: kPermissionDenied NOT_OWN_UNIT; kInvalidArgument naming the field.
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const { state = event.unit_capacity_told().unit(); }
  std::optional<absl::Time> NextDue(const State& state) const { return std::nullopt; }
  std::vector<pipeline::IndexRow> Index(const State& state) const { return {}; }
  std::vector<pipeline::IndexRow> RowsOf(const Event& event) const { return {}; }
};

// Without the queue.
v1::UnitCapacity CapacityOf(const v1::Unit& unit);

}  // namespace polku::referral
