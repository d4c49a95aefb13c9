#include "services/follow-up/domain/journey_move.h"

#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/paced_journeys.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;
using polku::pipeline::ToProto;
using MoveDecision = pipeline::Decision<JourneyMoveEvent>;

MoveDecision With(JourneyMoveEvent event, const JourneyMoveRecord& state, const JourneyMoveDomain& domain) {
  JourneyMoveRecord next = state;
  domain.Evolve(event, next);
  MoveDecision decision;
  decision.events.push_back(std::move(event));
  decision.reply = std::make_unique<JourneyMove>(JourneyMoveView(next));
  return decision;
}

absl::Status RequireStill(const JourneyMoveRecord& state) {
  if (state.activate_us() == 0 || state.next_step_us() == 0) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError("journeys are being moved"), "MOVE_UNDER_WAY");
}

absl::StatusOr<MoveDecision> Try(const JourneyMoveRecord& state, const TryJourneyMoveRequest& request,
                                 const pipeline::Context& context, const pathway::Catalogue& catalogue,
                                 const JourneyMoveDomain& domain) {
  RETURN_IF_ERROR(RequireNamedUser("move journeys", context));
  ASSIGN_OR_RETURN(const MoveDefinitions definitions, DefinitionsOf(request.name(), catalogue));
  if (definitions.to->status() != polku::pathway::v1::PATHWAY_STATUS_ACTIVE) {
    return WithReason(absl::FailedPreconditionError("the version to move to is a draft and may still change"),
                      "PATHWAY_DRAFT");
  }
  RETURN_IF_ERROR(RequireStill(state));
  JourneyMoveEvent event;
  event.mutable_move_try_begun()->set_move(request.name());
  *event.mutable_move_try_begun()->mutable_try_time() = ToProto(context.now);
  return With(std::move(event), state, domain);
}

absl::StatusOr<MoveDecision> Move(const JourneyMoveRecord& state, const MoveJourneysRequest& request,
                                  const pipeline::Context& context, const pathway::Catalogue& catalogue,
                                  const JourneyMoveDomain& domain) {
  RETURN_IF_ERROR(RequireNamedUser("move journeys", context));
  RETURN_IF_ERROR(RequireStill(state));
  // What was moved before is no dry run of what is to be moved now.
  if (state.activate_us() != 0 || !IsTried(state, Micros(context.now))) {
    return WithReason(absl::FailedPreconditionError("a dry run has to be complete first"), "MOVE_NOT_TRIED");
  }
  ASSIGN_OR_RETURN(const MoveDefinitions definitions, DefinitionsOf(request.name(), catalogue));
  const int findings_max = RulesOf(catalogue, definitions.to->rules()).outreach_day_max();
  if (state.gained() > findings_max) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(state.gained(), " findings would open at once, and ",
                                                                 findings_max, " is what a day holds")),
                      "MOVE_TOO_MANY_FINDINGS");
  }
  JourneyMoveEvent event;
  *event.mutable_move_begun()->mutable_move_time() = ToProto(context.now);
  return With(std::move(event), state, domain);
}

template <class Message>
pipeline::Step StepTo(const std::string& client, const std::string& move) {
  auto message = std::make_unique<Message>();
  message->set_client(client);
  message->set_move(move);
  return {client, std::move(message)};
}

MoveDecision GoOn(const JourneyMoveRecord& state, const pipeline::Context& context) {
  MoveDecision decision;
  if (!IsStepDue(state, context)) return decision;
  JourneyMoveEvent event;
  const auto step_to = [&](const std::string& client) {
    return state.activate_us() != 0 ? StepTo<TakeMove>(client, state.move()) : StepTo<TryMove>(client, state.move());
  };
  StepOn(context, step_to, *event.mutable_move_stepped(), decision);
  decision.events.push_back(std::move(event));
  return decision;
}

void Note(const MoveTried& tried, JourneyMoveRecord& state) {
  state.set_answered(state.answered() + 1);
  state.set_gained(state.gained() + tried.gained());
  state.set_lost(state.lost() + tried.lost());
  state.set_kept(state.kept() + (tried.kept() ? 1 : 0));
}

}  // namespace

std::optional<MoveTerms> MoveTermsOf(absl::string_view name) {
  if (!IsResourceName(name, "pathways/*/moves/*")) return std::nullopt;
  const std::vector<std::string> segments = absl::StrSplit(name, '/');
  const std::vector<std::string> versions = absl::StrSplit(segments[3], '-');
  MoveTerms terms;
  terms.pathway = segments[1];
  // One name for one move: no sign, no leading zero.
  if (versions.size() != 2 || !absl::SimpleAtoi(versions[0], &terms.from_version) ||
      !absl::SimpleAtoi(versions[1], &terms.to_version) || terms.from_version < 1 || terms.to_version < 1 ||
      absl::StrCat(terms.from_version, "-", terms.to_version) != segments[3]) {
    return std::nullopt;
  }
  if (terms.from_version == terms.to_version) return std::nullopt;
  return terms;
}

absl::StatusOr<MoveDefinitions> DefinitionsOf(const std::string& name, const pathway::Catalogue& catalogue) {
  const std::optional<MoveTerms> terms = MoveTermsOf(name);
  if (!terms.has_value()) {
    return InvalidField("name", "must be a name like \"pathways/*/moves/1-2\", of two versions");
  }
  const MoveDefinitions definitions{catalogue.Find(terms->pathway, terms->from_version),
                                    catalogue.Find(terms->pathway, terms->to_version)};
  if (definitions.from != nullptr && definitions.to != nullptr) return definitions;
  return WithReason(
      absl::NotFoundError(absl::StrCat(terms->pathway, " version ",
                                       definitions.from == nullptr ? terms->from_version : terms->to_version,
                                       " is not installed here")),
      "PATHWAY_VERSION_UNKNOWN");
}

absl::StatusOr<std::string> JourneyMoveDomain::KeyOf(const Input& input) const {
  const std::string& name = input.has_try_journey_move() ? input.try_journey_move().name()
                            : input.has_move_journeys()  ? input.move_journeys().name()
                                                         : input.move_tried().move();
  if (MoveTermsOf(name).has_value()) return name;
  return InvalidField("name", "must be a name like \"pathways/*/moves/1-2\", of two versions");
}

std::vector<pipeline::Lookup> JourneyMoveDomain::LookupsOf(const std::string&, const State& state,
                                                           const Input& input) const {
  if (!input.has_tick() || state.next_step_us() == 0) return {};
  const std::optional<MoveTerms> terms = MoveTermsOf(state.move());
  if (!terms.has_value()) return {};
  return {{kJourneysOfPathwayLookup,
           {terms->pathway, int64_t{terms->from_version}, state.after_client(), int64_t{kJourneysAStep}}}};
}

absl::StatusOr<MoveDecision> JourneyMoveDomain::Decide(const State& state, const Input& input,
                                                       const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kTryJourneyMove:
      return Try(state, input.try_journey_move(), context, catalogue_, *this);
    case Input::kMoveJourneys:
      return Move(state, input.move_journeys(), context, catalogue_, *this);
    case Input::kMoveTried: {
      MoveDecision decision;
      *decision.events.emplace_back().mutable_move_tried() = input.move_tried();
      return decision;
    }
    case Input::kTick:
      return GoOn(state, context);
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("an empty input reached a move");
}

void JourneyMoveDomain::Evolve(const Event& event, State& state) const {
  switch (event.event_case()) {
    case Event::kMoveTryBegun:
      state.Clear();
      state.set_move(event.move_try_begun().move());
      state.set_try_us(Micros(FromProto(event.move_try_begun().try_time())));
      return state.set_next_step_us(state.try_us());
    case Event::kMoveBegun:
      state.set_activate_us(Micros(FromProto(event.move_begun().move_time())));
      state.set_next_step_us(state.activate_us());
      return state.clear_after_client();
    case Event::kMoveStepped:
      return NoteStep(event.move_stepped(), state);
    case Event::kMoveTried:
      return Note(event.move_tried(), state);
    case Event::EVENT_NOT_SET:
      return;
  }
}

std::optional<absl::Time> JourneyMoveDomain::NextDue(const State& state) const {
  return state.next_step_us() == 0 ? std::nullopt : std::optional(At(state.next_step_us()));
}

JourneyMove JourneyMoveView(const JourneyMoveRecord& record) {
  JourneyMove view;
  view.set_name(record.move());
  if (const auto terms = MoveTermsOf(record.move()); terms.has_value()) {
    view.set_pathway(terms->pathway);
    view.set_from_version(terms->from_version);
    view.set_to_version(terms->to_version);
  }
  if (record.try_us() != 0) *view.mutable_try_time() = ToProto(At(record.try_us()));
  if (record.activate_us() != 0) *view.mutable_move_time() = ToProto(At(record.activate_us()));
  view.set_journeys(record.asked());
  view.set_left(record.asked() - record.answered());
  view.set_gained(record.gained());
  view.set_lost(record.lost());
  view.set_kept(record.kept());
  view.set_tried(record.activate_us() == 0 && record.next_step_us() == 0 && record.asked() == record.answered());
  return view;
}

}  // namespace polku::follow_up
