#include "services/follow-up/domain/breaker.h"

#include <memory>

#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;
using polku::pipeline::ToProto;
using BreakerDecision = pipeline::Decision<BreakerEvent>;

int DayAt(absl::Time time) { return DayNumberOf(LocalDay(time)); }

int CountOf(const BreakerRecord& state, Rule rule) {
  for (const RuleCount& each : state.rules()) {
    if (each.rule() == rule) return each.count();
  }
  return 0;
}

pipeline::Step Let(const std::string& interruption) {
  auto let = std::make_unique<OutreachLetThrough>();
  let->set_interruption(interruption);
  return {ClientOf(interruption).value_or(""), std::move(let)};
}

void Count(Rule rule, absl::Time now, BreakerDecision& decision) {
  BreakerEvent event;
  event.mutable_outreach_counted()->set_rule(rule);
  *event.mutable_outreach_counted()->mutable_count_time() = ToProto(now);
  decision.events.push_back(std::move(event));
}

void Tell(Rule rule, absl::Time trip_time, int waiting, BreakerDecision& decision) {
  BreakerEvent event;
  OutreachBreakerTripped& tripped = *event.mutable_outreach_breaker_tripped();
  tripped.set_breaker(kOutreachBreaker);
  tripped.set_rule(rule);
  *tripped.mutable_trip_time() = ToProto(trip_time);
  tripped.set_waiting(waiting);
  decision.events.push_back(std::move(event));
}

void CountAgain(absl::Time now, const RuleSet& rules, BreakerDecision& decision) {
  BreakerEvent event;
  *event.mutable_breaker_counted()->mutable_next_time() =
      ToProto(now + pipeline::FromProto(rules.outreach_release_interval()));
  decision.events.push_back(std::move(event));
}

// Once tripped it answers nobody: who waits is in the index, and is let through from there.
BreakerDecision Answer(const BreakerRecord& state, const OutreachAsked& asked, const RuleSet& rules, absl::Time now) {
  BreakerDecision decision;
  if (state.trip_us() != 0) return decision;
  const bool today = state.day() == DayAt(now);
  const bool of_rule = today && CountOf(state, asked.rule()) >= rules.outreach_rule_day_max();
  if (of_rule || (today && state.let_through() >= rules.outreach_day_max())) {
    Tell(of_rule ? asked.rule() : RULE_UNSPECIFIED, now, /*waiting=*/1, decision);
    CountAgain(now, rules, decision);
    return decision;
  }
  Count(asked.rule(), now, decision);
  decision.steps.push_back(Let(asked.interruption()));
  return decision;
}

// So that who decides knows how many it is about; told only when it has changed.
BreakerDecision CountWaiting(const BreakerRecord& state, const RuleSet& rules, const pipeline::Context& context) {
  BreakerDecision decision;
  if (Micros(context.now) < state.next_count_us()) return decision;
  int waiting = state.waiting();
  if (!context.lookups.empty() && !context.lookups[0].empty()) {
    waiting = static_cast<int>(std::get<int64_t>(context.lookups[0][0][0]));
  }
  if (waiting != state.waiting()) Tell(state.trip_rule(), At(state.trip_us()), waiting, decision);
  CountAgain(context.now, rules, decision);
  return decision;
}

// Those whose limit was reached first. When fewer wait than may go, the storm is over.
BreakerDecision ReleaseSome(const BreakerRecord& state, const RuleSet& rules, const pipeline::Context& context) {
  BreakerDecision decision;
  if (state.next_release_us() == 0 || Micros(context.now) < state.next_release_us()) return decision;
  int let = 0;
  if (!context.lookups.empty()) {
    for (const store::Row& row : context.lookups[0]) {
      if (let++ == rules.outreach_release_count()) break;
      decision.steps.push_back(Let(std::get<std::string>(row[0])));
    }
  }
  BreakerEvent event;
  if (let <= rules.outreach_release_count()) {
    *event.mutable_breaker_reset()->mutable_reset_time() = ToProto(context.now);
  } else {
    *event.mutable_breaker_released_some()->mutable_next_time() =
        ToProto(context.now + pipeline::FromProto(rules.outreach_release_interval()));
  }
  decision.events.push_back(std::move(event));
  return decision;
}

absl::StatusOr<BreakerDecision> Release(const BreakerRecord& state, const pipeline::Context& context,
                                        const BreakerDomain& domain) {
  RETURN_IF_ERROR(RequireNamedUser("release held outreach", context));
  if (state.trip_us() == 0 || state.next_release_us() != 0) {
    return WithReason(absl::FailedPreconditionError("no outreach waits for a release"), "BREAKER_NOT_TRIPPED");
  }
  BreakerDecision decision;
  BreakerEvent event;
  event.mutable_outreach_breaker_released()->set_breaker(kOutreachBreaker);
  *event.mutable_outreach_breaker_released()->mutable_release_time() = ToProto(context.now);
  BreakerRecord next = state;
  domain.Evolve(event, next);
  decision.events.push_back(std::move(event));
  decision.reply = std::make_unique<OutreachBreaker>(BreakerView(next));
  return decision;
}

}  // namespace

const RuleSet& BreakerDomain::rules() const { return RulesOf(catalogue_, ""); }

absl::StatusOr<std::string> BreakerDomain::KeyOf(const Input&) const { return kOutreachBreaker; }

std::vector<pipeline::Lookup> BreakerDomain::LookupsOf(const std::string&, const State& state,
                                                       const Input& input) const {
  if (!input.has_tick()) return {};
  if (state.next_count_us() != 0) return {{kCountWaitingAtBreakerLookup, {}}};
  if (state.next_release_us() == 0) return {};
  // One more than may go, to see whether somebody is left.
  return {{kWaitingAtBreakerLookup, {int64_t{rules().outreach_release_count()} + 1}}};
}

absl::StatusOr<BreakerDecision> BreakerDomain::Decide(const State& state, const Input& input,
                                                      const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kOutreachAsked:
      return Answer(state, input.outreach_asked(), rules(), context.now);
    case Input::kReleaseOutreachBreaker:
      return Release(state, context, *this);
    case Input::kTick:
      return state.next_count_us() != 0 ? CountWaiting(state, rules(), context) : ReleaseSome(state, rules(), context);
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("an empty input reached the breaker");
}

void BreakerDomain::Evolve(const Event& event, State& state) const {
  switch (event.event_case()) {
    case Event::kOutreachCounted: {
      const int day = DayAt(pipeline::FromProto(event.outreach_counted().count_time()));
      if (state.day() != day) {
        state.set_day(day);
        state.clear_let_through();
        state.clear_rules();
      }
      state.set_let_through(state.let_through() + 1);
      for (RuleCount& each : *state.mutable_rules()) {
        if (each.rule() == event.outreach_counted().rule()) return each.set_count(each.count() + 1);
      }
      RuleCount& first = *state.add_rules();
      first.set_rule(event.outreach_counted().rule());
      return first.set_count(1);
    }
    case Event::kBreakerTripped:
      state.set_trip_us(Micros(pipeline::FromProto(event.breaker_tripped().trip_time())));
      return state.set_trip_rule(event.breaker_tripped().rule());
    case Event::kOutreachBreakerTripped:
      state.set_trip_us(Micros(pipeline::FromProto(event.outreach_breaker_tripped().trip_time())));
      state.set_waiting(event.outreach_breaker_tripped().waiting());
      return state.set_trip_rule(event.outreach_breaker_tripped().rule());
    case Event::kBreakerCounted:
      return state.set_next_count_us(Micros(pipeline::FromProto(event.breaker_counted().next_time())));
    case Event::kOutreachBreakerReleased:
      state.clear_next_count_us();
      state.clear_waiting();
      return state.set_next_release_us(Micros(pipeline::FromProto(event.outreach_breaker_released().release_time())));
    case Event::kBreakerReleased:
      return state.set_next_release_us(Micros(pipeline::FromProto(event.breaker_released().release_time())));
    case Event::kBreakerReleasedSome:
      return state.set_next_release_us(Micros(pipeline::FromProto(event.breaker_released_some().next_time())));
    case Event::kBreakerReset:
      return state.Clear();  // A person has looked: the day's budget begins anew.
    case Event::EVENT_NOT_SET:
      return;
  }
}

std::optional<absl::Time> BreakerDomain::NextDue(const State& state) const {
  const int64_t due_us = state.next_count_us() != 0 ? state.next_count_us() : state.next_release_us();
  return due_us == 0 ? std::nullopt : std::optional(At(due_us));
}

OutreachBreaker BreakerView(const BreakerRecord& record) {
  OutreachBreaker view;
  view.set_name(kOutreachBreaker);
  if (record.trip_us() != 0) *view.mutable_trip_time() = ToProto(At(record.trip_us()));
  view.set_trip_rule(record.trip_rule());
  if (record.next_release_us() != 0) *view.mutable_next_release_time() = ToProto(At(record.next_release_us()));
  return view;
}

}  // namespace polku::follow_up
