// For domains whose due instants tell that something is late: whether it is told must not depend on which came
// first, its tick or an input that ends the waiting.
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/domain.h"

namespace polku::pipeline {

// Decides with `decide(state, context)` after what `due(state, context)` says had come due when the input was
// issued, or, of a peer's fact, decided. A refusal by `decide` refuses both: the tick is still to come.
template <class Domain, class Due, class Decide>
absl::StatusOr<Decision<typename Domain::Event>> DecideAfterDue(const Domain& domain,
                                                                const typename Domain::State& state,
                                                                const Context& context, const Due& due,
                                                                const Decide& decide) {
  Context then = context;
  then.now = std::min(context.now, context.fact_time);
  Decision<typename Domain::Event> late = due(state, then);
  if (late.events.empty()) return decide(state, context);
  typename Domain::State later = state;
  for (const auto& event : late.events) domain.Evolve(event, later);
  then.now = context.now;
  then.next_version += static_cast<int64_t>(late.events.size());
  ASSIGN_OR_RETURN(Decision<typename Domain::Event> decision, decide(later, then));
  decision.events.insert(decision.events.begin(), std::make_move_iterator(late.events.begin()),
                         std::make_move_iterator(late.events.end()));
  return decision;
}

}  // namespace polku::pipeline
