// The aggregate "pathways/P/moves/FROM-TO": running journeys on their way from one version of a pathway to another. A
// journey stays on the version it was opened with unless it is moved. First every open journey that is on the one says
// what the other would open, end and move now; then a named person moves them, unless more would open than the outreach
// breaker lets through in a day. All in paced steps, which go on where they were after a restart.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/state.pb.h"
#include "services/follow-up/domain/draft.h"

namespace polku::follow_up {

class JourneyMoveDomain {
 public:
  using State = polku::follow_up::v1::JourneyMoveRecord;
  using Input = polku::follow_up::v1::JourneyMoveInput;
  using Event = polku::follow_up::v1::JourneyMoveEvent;

  explicit JourneyMoveDomain(pathway::Catalogue catalogue) : catalogue_(std::move(catalogue)) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  std::optional<absl::Time> NextDue(const State& state) const;
  std::vector<pipeline::IndexRow> Index(const State&) const { return {}; }
  std::vector<pipeline::IndexRow> RowsOf(const Event&) const { return {}; }

 private:
  const pathway::Catalogue catalogue_;
};

// Which versions a move's name speaks of. None when it is no such name.
struct MoveTerms {
  std::string pathway;
  int from_version = 0;
  int to_version = 0;
};
std::optional<MoveTerms> MoveTermsOf(absl::string_view name);

// Both versions of it. Errors: kInvalidArgument naming `name`; kNotFound PATHWAY_VERSION_UNKNOWN.
struct MoveDefinitions {
  const polku::pathway::v1::PathwayDefinition* from = nullptr;
  const polku::pathway::v1::PathwayDefinition* to = nullptr;
};
absl::StatusOr<MoveDefinitions> DefinitionsOf(const std::string& name, const pathway::Catalogue& catalogue);

// But for how many are left once they are moved.
polku::follow_up::v1::JourneyMove JourneyMoveView(const polku::follow_up::v1::JourneyMoveRecord& record);

// The journey's side (move_of_journey.cc).

// What a move would make of a journey: the state behind it, and the event that brings it there.
struct Moved {
  polku::follow_up::v1::JourneyMoved event;
  polku::follow_up::v1::JourneyRecord journey;
  // What it stands on and the other version does not have: then it stays.
  std::vector<std::string> missing;
};
// None when the journey is not open or not on the version that the move begins with. `rules_version` is the rule set
// that a journey of the other version gets now.
std::optional<Moved> MovedBy(absl::string_view move, const polku::follow_up::v1::JourneyRecord& journey,
                             const std::string& rules_version, absl::Time now, const pathway::Catalogue& catalogue);
// By the rows of lookup "active_rules".
std::string RulesOfMove(absl::string_view move, const std::vector<store::Row>& active_rules,
                        const pathway::Catalogue& catalogue);

// The steps.
void TryMoveOn(const polku::follow_up::v1::TryMove& asked, Draft& draft);
void MoveAlong(const polku::follow_up::v1::TakeMove& taken, Draft& draft);

}  // namespace polku::follow_up
