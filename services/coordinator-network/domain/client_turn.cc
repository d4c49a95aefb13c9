#include "services/coordinator-network/domain/client_turn.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/client_evolve.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;
using pipeline::ToProto;

}  // namespace

ClientTurn::ClientTurn(const v1::ClientSupport& state, std::string client, const pipeline::Context& context,
                       const Policy& policy)
    : state_(state), client_(std::move(client)), context_(context), policy_(policy) {}

void ClientTurn::Emit(v1::ClientSupportEvent event) {
  EvolveClient(event, policy_, state_);
  decision_.events.push_back(std::move(event));
}

void ClientTurn::AddStep(std::string key, std::unique_ptr<google::protobuf::Message> input) {
  decision_.steps.push_back({std::move(key), std::move(input)});
}

bool ClientTurn::OfCurrentJourney(absl::Time time) const {
  if (!state_.has_close_time()) return true;
  if (state_.closed()) return time > FromProto(state_.close_time());
  if (IsReopened(state_) && time < FromProto(state_.reopen_time())) return false;
  return time >= FromProto(state_.accept_time());
}

bool ClientTurn::IsHandled(const std::string& subject) const {
  for (const v1::Task& task : state_.tasks()) {
    if (task.subject() == subject) return true;
  }
  const std::string settled = SettledForm(subject);
  return std::find(state_.settled().begin(), state_.settled().end(), settled) != state_.settled().end();
}

const v1::Task* ClientTurn::FindTask(const std::string& name) const {
  for (const v1::Task& task : state_.tasks()) {
    if (task.name() == name) return &task;
  }
  return nullptr;
}

std::string ClientTurn::ListOwner() const {
  const v1::Assignment& assignment = state_.assignment();
  const bool has_coordinator =
      assignment.state() == v1::ASSIGNMENT_STATE_PROPOSED || assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED;
  return has_coordinator ? assignment.coordinator() : kLead;
}

std::string ClientTurn::AddTask(v1::Task task) {
  const std::string name = absl::StrCat(client_, "/tasks/", state_.tasks_numbered() + 1);
  task.set_name(name);
  task.set_state(v1::TASK_STATE_OPEN);
  *task.mutable_create_time() = ToProto(context_.fact_time);
  v1::ClientSupportEvent event;
  *event.mutable_task_added()->mutable_task() = std::move(task);
  Emit(std::move(event));
  return name;
}

void ClientTurn::EndTask(std::string name, v1::TaskState state) {
  v1::ClientSupportEvent event;
  event.mutable_task_ended()->set_task(std::move(name));
  event.mutable_task_ended()->set_state(state);
  *event.mutable_task_ended()->mutable_time() = ToProto(context_.fact_time);
  Emit(std::move(event));
}

void ClientTurn::EndTasks(const TaskTest& ends, v1::TaskState state) {
  std::vector<std::string> names;
  for (const v1::Task& task : state_.tasks()) {
    if (ends(task)) names.push_back(task.name());
  }
  for (std::string& name : names) EndTask(std::move(name), state);
}

void ClientTurn::MoveTasks(const std::string& coordinator) {
  std::vector<std::string> names;
  for (const v1::Task& task : state_.tasks()) {
    if (task.coordinator() != coordinator && !IsLeadTask(task)) names.push_back(task.name());
  }
  for (std::string& name : names) MoveTask(std::move(name), coordinator);
}

void ClientTurn::MoveTask(std::string name, const std::string& coordinator) {
  v1::ClientSupportEvent event;
  event.mutable_task_moved()->set_task(std::move(name));
  event.mutable_task_moved()->set_coordinator(coordinator);
  Emit(std::move(event));
}

void ClientTurn::EscalateTask(const std::string& name, int rung, const google::protobuf::Timestamp& due_time) {
  v1::ClientSupportEvent event;
  event.mutable_task_escalated()->set_task(name);
  event.mutable_task_escalated()->set_rung(rung);
  *event.mutable_task_escalated()->mutable_due_time() = due_time;
  Emit(std::move(event));
}

pipeline::Decision<v1::ClientSupportEvent> ClientTurn::Finish(std::unique_ptr<google::protobuf::Message> reply) {
  decision_.reply = std::move(reply);
  return std::move(decision_);
}

absl::Time DueAfterOfficeDays(absl::Time time, int count) { return EndOfDay(AddOfficeDays(LocalDay(time), count)); }

bool IsReopened(const v1::ClientSupport& state) {
  return state.has_reopen_time() &&
         (!state.has_close_time() || FromProto(state.reopen_time()) > FromProto(state.close_time()));
}

bool IsAssignmentTask(const v1::Task& task) {
  return task.kind() == v1::TASK_KIND_TAKE_CLIENT || task.kind() == v1::TASK_KIND_FIND_COORDINATOR;
}

bool IsReferralTask(const v1::Task& task) { return task.kind() == v1::TASK_KIND_ANSWER_REFERRAL; }

bool IsLeadTask(const v1::Task& task) {
  return IsReferralTask(task) || task.kind() == v1::TASK_KIND_HAND_OVER ||
         task.rung() >= polku::follow_up::v1::OUTREACH_RUNG_SUPERVISOR;
}

}  // namespace polku::coordinator_network
