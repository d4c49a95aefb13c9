// One decision about a journey while it is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "google/protobuf/arena.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/common/v1/types.pb.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// The rule set of that version, or the newest one when the version is not installed.
const polku::pathway::v1::RuleSet& RulesOf(const pathway::Catalogue& catalogue, absl::string_view version);
// The same with what the journey's pathway changes in it.
const polku::pathway::v1::RuleSet& RulesOf(const pathway::Catalogue& catalogue,
                                           const polku::follow_up::v1::JourneyRecord& journey);

// The state as it becomes, and the events that bring it there. What is emitted is folded in at
// once, so that each rule sees what the ones before it decided.
class Draft {
 public:
  Draft(const polku::follow_up::v1::JourneyRecord& state, const pipeline::Context& context,
        const pathway::Catalogue& catalogue)
      : state_(*google::protobuf::Arena::CreateMessage<polku::follow_up::v1::JourneyRecord>(
            state.GetArena() == nullptr ? &arena_ : state.GetArena())),
        context_(context),
        catalogue_(catalogue),
        rules_(&RulesOf(catalogue, state)) {
    state_ = state;
    if (state.GetArena() != nullptr) decision_.state = &state_;
  }

  const polku::follow_up::v1::JourneyRecord& state() const { return state_; }
  const pipeline::Context& context() const { return context_; }
  const pathway::Catalogue& catalogue() const { return catalogue_; }
  // The numbers this journey is followed by.
  const polku::pathway::v1::RuleSet& rules() const { return *rules_; }
  absl::Time now() const { return context_.now; }
  int64_t now_us() const { return absl::ToUnixMicros(context_.now); }

  void Emit(polku::follow_up::v1::JourneyEvent event);
  // The journey has just been moved to other rules or another version of its pathway: what is retracted now is so
  // because of them, and `why` says it.
  void NoteMoved(polku::common::v1::Text why) { why_moved_ = std::move(why); }
  const std::optional<polku::common::v1::Text>& why_moved() const { return why_moved_; }
  void AddStep(pipeline::Step step) { decision_.steps.push_back(std::move(step)); }

  pipeline::Decision<polku::follow_up::v1::JourneyEvent> Take() { return std::move(decision_); }

 private:
  google::protobuf::Arena arena_;
  // On the arena of the state it begins with, which outlives the decision; in `arena_` when that has none.
  polku::follow_up::v1::JourneyRecord& state_;
  const pipeline::Context& context_;
  const pathway::Catalogue& catalogue_;
  const polku::pathway::v1::RuleSet* rules_;  // Of `state_`.
  pipeline::Decision<polku::follow_up::v1::JourneyEvent> decision_;
  std::optional<polku::common::v1::Text> why_moved_;
};

// Folds one event into the state. Needs no rules and no clock: replaying a journal gives the state.
void Evolve(const polku::follow_up::v1::JourneyEvent& event, polku::follow_up::v1::JourneyRecord& state);

}  // namespace polku::follow_up
