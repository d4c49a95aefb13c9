// What a move to another version of the pathway makes of a journey.
#include <memory>
#include <set>
#include <utility>

#include "libs/pathway/steps.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey_move.h"
#include "services/follow-up/domain/limit_changes.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/rule_set.h"
#include "services/follow-up/domain/words.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::PathwayDefinition;

// Steps and measure types by which the journey goes on, and which the other version does not have.
std::vector<std::string> Missing(const JourneyRecord& journey, const PathwayDefinition& to) {
  std::set<std::string> missing;
  const auto need_step = [&](const std::string& step) {
    if (!step.empty() && pathway::FindStep(to, step) == nullptr) missing.insert("steps/" + step);
  };
  need_step(journey.step());
  need_step(journey.transition().step());
  for (const MeasureRecord& measure : journey.measures()) {
    if (HasEnded(measure)) continue;
    need_step(measure.plan().step());
    const std::string& type = measure.plan().type();
    if (pathway::FindMeasureType(to, type) == nullptr) missing.insert("measure_types/" + type);
  }
  return {missing.begin(), missing.end()};
}

std::optional<Moved> MovedIn(absl::string_view move, const Draft& draft) {
  const auto& lookups = draft.context().lookups;
  const std::string rules_version =
      RulesOfMove(move, lookups.empty() ? std::vector<store::Row>() : lookups[0], draft.catalogue());
  return MovedBy(move, draft.state(), rules_version, draft.now(), draft.catalogue());
}

}  // namespace

std::string RulesOfMove(absl::string_view move, const std::vector<store::Row>& active_rules,
                        const pathway::Catalogue& catalogue) {
  const std::optional<MoveTerms> terms = MoveTermsOf(move);
  const auto* to = terms.has_value() ? catalogue.Find(terms->pathway, terms->to_version) : nullptr;
  return to == nullptr ? std::string() : ActiveRules(to->rules(), active_rules);
}

std::optional<Moved> MovedBy(absl::string_view move, const JourneyRecord& journey, const std::string& rules_version,
                             absl::Time now, const pathway::Catalogue& catalogue) {
  const std::optional<MoveTerms> terms = MoveTermsOf(move);
  if (!terms.has_value() || !journey.open() || journey.pathway() != terms->pathway ||
      journey.pathway_version() != terms->from_version) {
    return std::nullopt;
  }
  const PathwayDefinition* to = catalogue.Find(terms->pathway, terms->to_version);
  if (to == nullptr) return std::nullopt;
  Moved moved;
  moved.event.set_client(journey.client());
  moved.event.set_referral(journey.referral());
  moved.event.set_pathway(terms->pathway);
  moved.event.set_from_version(terms->from_version);
  moved.event.set_to_version(terms->to_version);
  *moved.event.mutable_move_time() = pipeline::ToProto(now);
  moved.event.set_rules_version(RulesOf(catalogue, rules_version).version());
  // What the assessment service has told stands; until then the deadline is the pathway's.
  if (journey.assessment().empty() && journey.assessment_complete_us() == 0) {
    const absl::CivilDay from = LocalDay(At(journey.assessment_open_us()));
    *moved.event.mutable_assessment_deadline() =
        pipeline::ToProto(EndOfDay(from + to->assessment().complete_within_days()));
  }
  JourneyEvent event;
  *event.mutable_journey_moved() = moved.event;
  moved.journey = journey;
  Evolve(event, moved.journey);
  moved.missing = Missing(journey, *to);
  return moved;
}

void TryMoveOn(const TryMove& asked, Draft& draft) {
  auto tried = std::make_unique<MoveTried>();
  tried->set_move(asked.move());
  const std::optional<Moved> moved = MovedIn(asked.move(), draft);
  if (moved.has_value() && !moved->missing.empty()) tried->set_kept(true);
  if (moved.has_value() && moved->missing.empty()) {
    const auto changes = LimitChanges(draft.state(), draft.rules(), moved->journey,
                                      RulesOf(draft.catalogue(), moved->journey), draft.now_us());
    tried->set_gained(CountOpening(changes));
    tried->set_lost(CountEnding(changes));
  }
  draft.AddStep({asked.move(), std::move(tried)});
}

void MoveAlong(const TakeMove& taken, Draft& draft) {
  std::optional<Moved> moved = MovedIn(taken.move(), draft);
  if (!moved.has_value() || !moved->missing.empty()) return;
  JourneyEvent event;
  *event.mutable_journey_moved() = std::move(moved->event);
  draft.Emit(std::move(event));
  MoveLadders(draft);
  draft.NoteMoved(WhyOtherVersion(draft.state()));
}

}  // namespace polku::follow_up
