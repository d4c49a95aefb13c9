#include "services/follow-up/domain/rule_set.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
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
using RuleSetDecision = pipeline::Decision<RuleSetEvent>;

constexpr char kPrefix[] = "rulesets/";

std::string VersionIn(absl::string_view name) { return std::string(absl::StripPrefix(name, kPrefix)); }

absl::Status RequireInactive(const RuleSetRecord& state) {
  if (state.activate_us() == 0) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError("the rule set is active already"), "RULES_ACTIVE");
}

RuleSetDecision With(RuleSetEvent event, const RuleSetRecord& state, const RuleSetDomain& domain) {
  RuleSetRecord next = state;
  domain.Evolve(event, next);
  RuleSetDecision decision;
  decision.events.push_back(std::move(event));
  decision.reply = std::make_unique<RuleSetChange>(RuleSetView(next));
  return decision;
}

absl::StatusOr<RuleSetDecision> Try(const RuleSetRecord& state, const TryRuleSetRequest& request,
                                    const pipeline::Context& context, const pathway::Catalogue& catalogue,
                                    const RuleSetDomain& domain) {
  RETURN_IF_ERROR(RequireNamedUser("change the rules", context));
  RETURN_IF_ERROR(RequireInactive(state));
  if (!IsResourceName(request.replaces(), "rulesets/*") || request.replaces() == request.name()) {
    return InvalidField("replaces", "must be a name like \"rulesets/*\", of another one");
  }
  for (const std::string& name : {request.name(), request.replaces()}) {
    if (catalogue.Rules(VersionIn(name)) != nullptr) continue;
    return WithReason(absl::NotFoundError(absl::StrCat(name, " is not installed here")), "RULES_UNKNOWN");
  }
  RuleSetEvent event;
  RuleSetTryBegun& begun = *event.mutable_rule_set_try_begun();
  begun.set_version(VersionIn(request.name()));
  begun.set_replaces(VersionIn(request.replaces()));
  *begun.mutable_try_time() = ToProto(context.now);
  return With(std::move(event), state, domain);
}

absl::StatusOr<RuleSetDecision> Activate(const RuleSetRecord& state, const pipeline::Context& context,
                                         const pathway::Catalogue& catalogue, const RuleSetDomain& domain) {
  RETURN_IF_ERROR(RequireNamedUser("change the rules", context));
  RETURN_IF_ERROR(RequireInactive(state));
  if (!IsTried(state, Micros(context.now))) {
    return WithReason(absl::FailedPreconditionError("a dry run has to be complete first"), "RULES_NOT_TRIED");
  }
  const int findings_max = RulesOf(catalogue, state.version()).outreach_day_max();
  if (state.gained() > findings_max) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(state.gained(), " findings would open at once, and ",
                                                                 findings_max, " is what a day holds")),
                      "RULES_TOO_MANY_FINDINGS");
  }
  RuleSetEvent event;
  *event.mutable_rule_set_activated()->mutable_activate_time() = ToProto(context.now);
  return With(std::move(event), state, domain);
}

template <class Message>
pipeline::Step StepTo(const std::string& client, const std::string& version) {
  auto message = std::make_unique<Message>();
  message->set_client(client);
  message->set_version(version);
  return {client, std::move(message)};
}

// The next journeys by the rows of the lookup, in the order of clients.
RuleSetDecision GoOn(const RuleSetRecord& state, const pipeline::Context& context) {
  RuleSetDecision decision;
  if (!IsStepDue(state, context)) return decision;
  RuleSetEvent event;
  const auto step_to = [&](const std::string& client) {
    return state.activate_us() != 0 ? StepTo<MoveToRules>(client, state.version())
                                    : StepTo<TryRules>(client, state.version());
  };
  StepOn(context, step_to, *event.mutable_rule_set_stepped(), decision);
  decision.events.push_back(std::move(event));
  return decision;
}

}  // namespace

absl::StatusOr<std::string> RuleSetDomain::KeyOf(const Input& input) const {
  std::string name = input.has_try_rule_set()        ? input.try_rule_set().name()
                     : input.has_activate_rule_set() ? input.activate_rule_set().name()
                                                     : absl::StrCat(kPrefix, input.rules_tried().version());
  if (IsResourceName(name, "rulesets/*")) return name;
  return InvalidField("name", "must be a name like \"rulesets/*\"");
}

std::vector<pipeline::Lookup> RuleSetDomain::LookupsOf(const std::string&, const State& state,
                                                       const Input& input) const {
  if (!input.has_tick() || state.next_step_us() == 0) return {};
  return {{kJourneysOfRulesLookup, {state.replaces(), state.after_client(), int64_t{kJourneysAStep}}}};
}

absl::StatusOr<RuleSetDecision> RuleSetDomain::Decide(const State& state, const Input& input,
                                                      const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kTryRuleSet:
      return Try(state, input.try_rule_set(), context, catalogue_, *this);
    case Input::kActivateRuleSet:
      return Activate(state, context, catalogue_, *this);
    case Input::kRulesTried: {
      RuleSetDecision decision;
      RuleSetEvent event;
      *event.mutable_rules_tried() = input.rules_tried();
      decision.events.push_back(std::move(event));
      return decision;
    }
    case Input::kTick:
      return GoOn(state, context);
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("an empty input reached a rule set");
}

void RuleSetDomain::Evolve(const Event& event, State& state) const {
  switch (event.event_case()) {
    case Event::kRuleSetTryBegun:
      state.Clear();
      state.set_version(event.rule_set_try_begun().version());
      state.set_replaces(event.rule_set_try_begun().replaces());
      state.set_try_us(Micros(FromProto(event.rule_set_try_begun().try_time())));
      return state.set_next_step_us(state.try_us());
    case Event::kRuleSetActivated:
      state.set_activate_us(Micros(FromProto(event.rule_set_activated().activate_time())));
      state.set_next_step_us(state.activate_us());
      return state.clear_after_client();
    case Event::kRuleSetStepped:
      return NoteStep(event.rule_set_stepped(), state);
    case Event::kRulesTried:
      state.set_answered(state.answered() + 1);
      state.set_gained(state.gained() + event.rules_tried().gained());
      return state.set_lost(state.lost() + event.rules_tried().lost());
    case Event::EVENT_NOT_SET:
      return;
  }
}

std::optional<absl::Time> RuleSetDomain::NextDue(const State& state) const {
  return state.next_step_us() == 0 ? std::nullopt : std::optional(At(state.next_step_us()));
}

std::vector<pipeline::IndexRow> RuleSetDomain::Index(const State& state) const {
  if (state.activate_us() == 0) return {};
  return {{&kActiveRulesTable, {state.version()}, {state.replaces(), state.activate_us()}}};
}

RuleSetChange RuleSetView(const RuleSetRecord& record) {
  RuleSetChange view;
  view.set_name(absl::StrCat(kPrefix, record.version()));
  view.set_replaces(absl::StrCat(kPrefix, record.replaces()));
  if (record.try_us() != 0) *view.mutable_try_time() = ToProto(At(record.try_us()));
  if (record.activate_us() != 0) *view.mutable_activate_time() = ToProto(At(record.activate_us()));
  view.set_journeys(record.asked());
  view.set_left(record.asked() - record.answered());
  view.set_gained(record.gained());
  view.set_lost(record.lost());
  view.set_tried(record.next_step_us() == 0 && record.asked() == record.answered());
  return view;
}

}  // namespace polku::follow_up
