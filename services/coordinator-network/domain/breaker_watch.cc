#include "services/coordinator-network/domain/breaker_watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/client_turn.h"
#include "services/coordinator-network/domain/index.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using Decision = pipeline::Decision<v1::BreakerWatchEvent>;
using pipeline::FromProto;
using pipeline::ToProto;

void AddTask(const v1::BreakerWatch& state, const polku::follow_up::v1::OutreachBreakerTripped& fact, int office_days,
             const pipeline::Context& context, Decision& decision) {
  v1::Task& task = *decision.events.emplace_back().mutable_task_added()->mutable_task();
  task.set_name(absl::StrCat(fact.breaker(), "/tasks/", state.tasks_numbered() + 1));
  task.set_kind(v1::TASK_KIND_RELEASE_OUTREACH);
  task.set_state(v1::TASK_STATE_OPEN);
  task.set_coordinator(kLead);
  task.set_subject(fact.breaker());
  task.set_rule(fact.rule());
  task.set_waiting(fact.waiting());
  *task.mutable_create_time() = ToProto(context.fact_time);
  *task.mutable_due_time() = ToProto(DueAfterOfficeDays(FromProto(fact.trip_time()), office_days));
}

Decision OnTripped(const v1::BreakerWatch& state, const polku::follow_up::v1::OutreachBreakerTripped& fact,
                   int office_days, const pipeline::Context& context) {
  Decision decision;
  if (!state.has_task()) {
    AddTask(state, fact, office_days, context, decision);
  } else if (state.task().waiting() != fact.waiting()) {
    v1::WaitingNoted& noted = *decision.events.emplace_back().mutable_waiting_noted();
    noted.set_task(state.task().name());
    noted.set_waiting(fact.waiting());
  }
  return decision;
}

Decision OnReleased(const v1::BreakerWatch& state, const polku::follow_up::v1::OutreachBreakerReleased& fact) {
  Decision decision;
  if (!state.has_task()) return decision;
  v1::TaskEnded& ended = *decision.events.emplace_back().mutable_task_ended();
  ended.set_task(state.task().name());
  ended.set_state(v1::TASK_STATE_DONE);
  *ended.mutable_time() = fact.release_time();
  return decision;
}

}  // namespace

absl::StatusOr<std::string> BreakerWatchDomain::KeyOf(const Input& input) const {
  switch (input.input_case()) {
    case Input::kOutreachBreakerTripped:
      return input.outreach_breaker_tripped().breaker();
    case Input::kOutreachBreakerReleased:
      return input.outreach_breaker_released().breaker();
    case Input::kTick:
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("the input names no breaker");
}

absl::StatusOr<Decision> BreakerWatchDomain::Decide(const State& state, const Input& input,
                                                    const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kOutreachBreakerTripped:
      return OnTripped(state, input.outreach_breaker_tripped(), release_office_days_, context);
    case Input::kOutreachBreakerReleased:
      return OnReleased(state, input.outreach_breaker_released());
    case Input::kTick:
      return Decision();
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("no rule for this input");
}

void BreakerWatchDomain::Evolve(const Event& event, State& state) const {
  switch (event.event_case()) {
    case Event::kTaskAdded:
      *state.mutable_task() = event.task_added().task();
      return state.set_tasks_numbered(state.tasks_numbered() + 1);
    case Event::kWaitingNoted:
      if (state.has_task()) state.mutable_task()->set_waiting(event.waiting_noted().waiting());
      return;
    case Event::kTaskEnded:
      return state.clear_task();
    case Event::EVENT_NOT_SET:
      return;
  }
}

std::vector<pipeline::IndexRow> BreakerWatchDomain::Index(const State& state) const { return IndexOf(state); }

}  // namespace polku::coordinator_network
