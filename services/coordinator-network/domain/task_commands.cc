#include "services/coordinator-network/domain/task_commands.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/permissions.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::ToProto;

absl::StatusOr<v1::Task> OpenTask(const std::string& name, const ClientTurn& turn) {
  const v1::Task* task = turn.FindTask(name);
  if (turn.state().closed() && (task == nullptr || !IsReferralTask(*task))) {
    return WithReason(absl::FailedPreconditionError("the client's journey is closed"), "SUPPORT_CLOSED");
  }
  if (task != nullptr) return *task;
  int number = 0;
  if (absl::SimpleAtoi(LastSegment(name), &number) && number >= 1 && number <= turn.state().tasks_numbered()) {
    return WithReason(absl::FailedPreconditionError("the task has ended"), "TASK_ENDED");
  }
  return WithReason(absl::NotFoundError("no such task"), "TASK_UNKNOWN");
}

std::string InterruptionOf(const v1::Task& task) {
  return task.kind() == v1::TASK_KIND_OUTREACH ? task.subject() : std::string();
}

// When the client would be left without a next step, or the given one is no day to come.
absl::Status CheckNextStep(const v1::CompleteTaskRequest& request, const v1::Task& task, absl::Time now) {
  if (!request.has_next_step_date()) {
    if (!task.next_step_required()) return absl::OkStatus();
    return InvalidField("next_step_date", "is required: the client would be left without a next step");
  }
  ASSIGN_OR_RETURN(const absl::CivilDay day, pipeline::DayFrom(request.next_step_date(), "next_step_date"));
  if (day < LocalDay(now)) return InvalidField("next_step_date", "must be today or later");
  return absl::OkStatus();
}

constexpr int kCallBackDaysMax = 60;
constexpr char kToldInMessages[] = "follow-up";  // The class of what a message says.

bool IsQuiet(absl::Time time, const Policy& policy) {
  const int hour = absl::ToCivilHour(time, Helsinki()).hour();
  const int from = policy.quiet_from_hour;
  const int to = policy.quiet_to_hour;
  return from <= to ? from <= hour && hour < to : hour >= from || hour < to;
}

// A client who has not agreed to messages is called, written to or visited.
absl::Status CheckMessage(const v1::RecordOutreachAttemptRequest& request, absl::Time time, const ClientTurn& turn) {
  if (request.channel() != v1::CHANNEL_MESSAGE) return absl::OkStatus();
  google::protobuf::RepeatedPtrField<std::string> classes;
  classes.Add(kToldInMessages);
  const std::string& organisation = turn.context().principal.organisation;
  if (!MissingClasses(turn.context().lookups.front(), organisation, classes, time, turn.policy().message_purposes)
           .empty()) {
    return WithReason(absl::FailedPreconditionError("the client has not agreed to messages"), "PERMISSION_MISSING");
  }
  RETURN_IF_ERROR(permissions::CheckKnown(turn.context().now - turn.context().covered_until));
  if (!IsQuiet(time, turn.policy())) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError("no message is sent at that hour"), "QUIET_HOURS");
}

absl::Status CheckCallBack(const v1::RecordOutreachAttemptRequest& request, absl::Time now) {
  if (!request.has_call_back_date()) return absl::OkStatus();
  if (request.outcome() != v1::ATTEMPT_OUTCOME_REACHED_CALL_LATER) {
    return InvalidField("call_back_date", "goes with the outcome call later only");
  }
  ASSIGN_OR_RETURN(const absl::CivilDay day, pipeline::DayFrom(request.call_back_date(), "call_back_date"));
  if (day < LocalDay(now) || day - LocalDay(now) > kCallBackDaysMax) {
    return InvalidField("call_back_date", "must be today or later, at most 60 days away");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Task> RecordAttempt(const v1::RecordOutreachAttemptRequest& request, ClientTurn& turn) {
  if (request.outcome() == v1::ATTEMPT_OUTCOME_UNSPECIFIED || !v1::AttemptOutcome_IsValid(request.outcome())) {
    return InvalidField("outcome", "is required, one of AttemptOutcome");
  }
  if (request.channel() == v1::CHANNEL_UNSPECIFIED || !v1::Channel_IsValid(request.channel())) {
    return InvalidField("channel", "is required, one of Channel");
  }
  absl::Time attempt_time = turn.context().now;
  if (request.has_attempt_time()) {
    ASSIGN_OR_RETURN(attempt_time, pipeline::TimeFrom(request.attempt_time(), "attempt_time"));
    if (attempt_time > turn.context().now) return InvalidField("attempt_time", "is in the future");
  }
  RETURN_IF_ERROR(CheckCallBack(request, turn.context().now));
  RETURN_IF_ERROR(CheckMessage(request, attempt_time, turn));
  ASSIGN_OR_RETURN(const v1::Task task, OpenTask(request.task(), turn));
  v1::ClientSupportEvent event;
  v1::OutreachAttempted& attempted = *event.mutable_outreach_attempted();
  attempted.set_task(task.name());
  attempted.set_interruption(InterruptionOf(task));
  attempted.set_outcome(request.outcome());
  attempted.set_channel(request.channel());
  *attempted.mutable_attempt_time() = ToProto(attempt_time);
  if (request.has_call_back_date()) *attempted.mutable_call_back_date() = request.call_back_date();
  turn.Emit(std::move(event));
  if (request.has_call_back_date()) {
    turn.EscalateTask(task.name(), task.rung(), ToProto(EndOfDay(pipeline::FromProto(request.call_back_date()))));
  }
  return *turn.FindTask(task.name());
}

absl::StatusOr<v1::Task> CompleteTask(const v1::CompleteTaskRequest& request, ClientTurn& turn) {
  ASSIGN_OR_RETURN(v1::Task task, OpenTask(request.task(), turn));
  if (IsAssignmentTask(task)) {
    return WithReason(absl::FailedPreconditionError("this task ends when a coordinator is assigned or accepts"),
                      "NOT_BY_HAND");
  }
  if (task.kind() == v1::TASK_KIND_MEETING) {
    return WithReason(absl::FailedPreconditionError("this task ends when the meeting is recorded"), "NOT_BY_HAND");
  }
  RETURN_IF_ERROR(CheckNextStep(request, task, turn.context().now));
  if (task.kind() == v1::TASK_KIND_OUTREACH) {
    if (task.attempts() == 0) {
      return WithReason(absl::FailedPreconditionError("nobody has tried to reach the client yet"), "NO_ATTEMPT");
    }
    v1::ClientSupportEvent event;
    v1::OutreachCompleted& completed = *event.mutable_outreach_completed();
    completed.set_task(task.name());
    completed.set_interruption(task.subject());
    completed.set_outcome(task.last_outcome());
    *completed.mutable_complete_time() = ToProto(turn.context().now);
    if (request.has_next_step_date()) *completed.mutable_next_step_date() = request.next_step_date();
    turn.Emit(std::move(event));
  }
  turn.EndTask(task.name(), v1::TASK_STATE_DONE);
  task.set_state(v1::TASK_STATE_DONE);
  *task.mutable_complete_time() = ToProto(turn.context().now);
  return task;
}

}  // namespace polku::coordinator_network
