#include "services/coordinator-network/domain/assignment_rules.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/hand_over.h"
#include "services/coordinator-network/domain/matching.h"
#include "services/coordinator-network/domain/meetings.h"
#include "services/coordinator-network/domain/task_rules.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;
using pipeline::ToProto;

constexpr size_t kReasonBytesMax = 500 * 4;  // 500 characters of UTF-8; counted in bytes to stay simple.

v1::Task AssignmentTask(v1::TaskKind kind, const std::string& coordinator, const ClientTurn& turn) {
  v1::Task task;
  task.set_kind(kind);
  task.set_coordinator(coordinator);
  task.set_subject(turn.client());
  *task.mutable_due_time() =
      ToProto(DueAfterOfficeDays(turn.context().fact_time, turn.policy().assignment_answer_office_days));
  return task;
}

bool HasTask(const v1::ClientSupport& state, v1::TaskKind kind) {
  return std::any_of(state.tasks().begin(), state.tasks().end(),
                     [kind](const v1::Task& task) { return task.kind() == kind; });
}

bool IsOfKind(const v1::Task& task, v1::TaskKind kind) { return task.kind() == kind; }

void Propose(const Match& match, bool chosen_by_person, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  v1::CoordinatorAssigned& assigned = *event.mutable_coordinator_assigned();
  assigned.set_client(turn.client());
  assigned.set_coordinator(match.coordinator);
  assigned.set_score(match.score);
  for (const v1::ScorePart& part : match.parts) *assigned.add_parts() = part;
  *assigned.mutable_assign_time() = ToProto(turn.context().now);
  assigned.set_chosen_by_person(chosen_by_person);
  turn.Emit(std::move(event));
  turn.EndTasks([](const v1::Task& task) { return IsOfKind(task, v1::TASK_KIND_FIND_COORDINATOR); },
                v1::TASK_STATE_DONE);
  turn.MoveTasks(match.coordinator);
  if (!HasTask(turn.state(), v1::TASK_KIND_TAKE_CLIENT)) {
    turn.AddTask(AssignmentTask(v1::TASK_KIND_TAKE_CLIENT, match.coordinator, turn));
  }
}

void ProposeNobody(ClientTurn& turn) {
  v1::ClientSupportEvent event;
  event.mutable_no_coordinator_available()->set_client(turn.client());
  *event.mutable_no_coordinator_available()->mutable_time() = ToProto(turn.context().now);
  turn.Emit(std::move(event));
  turn.EndTasks([](const v1::Task& task) { return IsOfKind(task, v1::TASK_KIND_TAKE_CLIENT); },
                v1::TASK_STATE_CANCELLED);
  turn.MoveTasks(kLead);
  if (!HasTask(turn.state(), v1::TASK_KIND_FIND_COORDINATOR)) {
    turn.AddTask(AssignmentTask(v1::TASK_KIND_FIND_COORDINATOR, kLead, turn));
  }
}

// Proposes the best candidate unless that is what stands already.
void ProposeBest(ClientTurn& turn) {
  const std::optional<Match> best = BestMatch(CandidatesOf(turn.context()), turn.state(), turn.policy().weights);
  const v1::Assignment& assignment = turn.state().assignment();
  if (!best.has_value()) {
    if (assignment.state() != v1::ASSIGNMENT_STATE_NOBODY_AVAILABLE) ProposeNobody(turn);
    return;
  }
  const bool stands =
      assignment.state() == v1::ASSIGNMENT_STATE_PROPOSED && assignment.coordinator() == best->coordinator;
  if (!stands) Propose(*best, false, turn);
}

v1::SupportOpened OpenedBy(const polku::referral::v1::ReferralAccepted& fact, const ClientTurn& turn) {
  v1::SupportOpened opened;
  opened.set_client(turn.client());
  opened.set_segment(fact.segment());
  opened.set_municipality(fact.municipality());
  opened.set_language(fact.language());
  // A second referral while the support runs adds its needs to those of the first.
  if (turn.state().open()) *opened.mutable_needs() = turn.state().needs();
  for (const std::string& need : fact.needs()) {
    if (std::find(opened.needs().begin(), opened.needs().end(), need) == opened.needs().end()) opened.add_needs(need);
  }
  *opened.mutable_accept_time() = ToProto(turn.context().fact_time);
  const auto& wanted = turn.policy().competence_of_pathway;
  const auto found = wanted.find({fact.pathway(), fact.pathway_version()});
  if (found != wanted.end()) opened.set_competence(found->second);
  return opened;
}

absl::Status CheckNamed(const v1::AssignCoordinatorRequest& request) {
  if (!IsResourceName(request.coordinator(), "coordinators/*") || request.coordinator() == kLead) {
    return InvalidField("coordinator", "must be \"coordinators/X\" of a registered coordinator");
  }
  if (request.reason().empty()) return InvalidField("reason", "is required when a coordinator is named");
  if (request.reason().size() > kReasonBytesMax) return InvalidField("reason", "is longer than 500 characters");
  return absl::OkStatus();
}

void EndTasksOfOtherJourneys(ClientTurn& turn) {
  turn.EndTasks(
      [&](const v1::Task& task) {
        return !IsReferralTask(task) && !turn.OfCurrentJourney(FromProto(task.create_time()));
      },
      v1::TASK_STATE_CANCELLED);
}

}  // namespace

void OnReferralAccepted(const polku::referral::v1::ReferralAccepted& fact, ClientTurn& turn) {
  const v1::ClientSupport& state = turn.state();
  const absl::Time time = turn.context().fact_time;
  OnReferralAnswered(fact.referral(), turn);
  if (state.has_accept_time() && time <= FromProto(state.accept_time())) return;
  if (state.has_close_time() && time <= FromProto(state.close_time()) && !IsReopened(state)) return;
  const bool was_open = state.open();
  v1::ClientSupportEvent event;
  *event.mutable_support_opened() = OpenedBy(fact, turn);
  turn.Emit(std::move(event));
  if (was_open) return;
  // What came after the last closing but before this referral belongs to the old journey.
  CancelMeetingsOfEndedJourneys(turn);
  EndTasksOfOtherJourneys(turn);
  // Read again after a restore: who takes the client was told, and not that somebody is to.
  const v1::Assignment assignment = turn.state().assignment();
  if (assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED) return;
  if (assignment.state() == v1::ASSIGNMENT_STATE_PROPOSED) {
    turn.AddTask(AssignmentTask(v1::TASK_KIND_TAKE_CLIENT, assignment.coordinator(), turn));
    return;
  }
  ProposeBest(turn);
}

void OnJourneyOpened(const polku::follow_up::v1::JourneyOpened& fact, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  if (!fact.has_reopened_after()) {  // Its support follows from the referral.
    if (turn.state().standing_circumstances().empty()) return;
    *event.mutable_journey_opened() = fact;
    return turn.Emit(std::move(event));
  }
  const bool was_open = turn.state().open();
  event.mutable_support_reopened()->set_client(turn.client());
  *event.mutable_support_reopened()->mutable_time() = ToProto(turn.context().fact_time);
  turn.Emit(std::move(event));
  if (was_open || !turn.state().open()) return;
  EndTasksOfOtherJourneys(turn);
  ProposeBest(turn);
}

void OnJourneyClosed(ClientTurn& turn) {
  const v1::ClientSupport& state = turn.state();
  const absl::Time time = turn.context().fact_time;
  if (state.has_close_time() && time <= FromProto(state.close_time())) return;
  const v1::Assignment assignment = state.assignment();
  v1::ClientSupportEvent event;
  event.mutable_support_ended()->set_client(turn.client());
  *event.mutable_support_ended()->mutable_time() = ToProto(time);
  turn.Emit(std::move(event));
  CancelMeetingsOfEndedJourneys(turn);
  turn.EndTasks(
      [&](const v1::Task& task) {
        // Tasks of an assignment end with it; a later referral may have kept it alive.
        if (IsAssignmentTask(task)) return turn.state().closed();
        if (IsReferralTask(task)) return false;
        return !turn.OfCurrentJourney(FromProto(task.create_time()));
      },
      v1::TASK_STATE_CANCELLED);
  if (!turn.state().closed()) return;
  turn.MoveTasks(kLead);
  if (assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED) {
    GiveBackPlace(assignment.coordinator(), assignment.accept_time(), turn);
  }
}

void OnErased(ClientTurn& turn) {
  const v1::Assignment& assignment = turn.state().assignment();
  if (assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED) {
    GiveBackPlace(assignment.coordinator(), assignment.accept_time(), turn);
  }
  turn.EndTasks([](const v1::Task&) { return true; }, v1::TASK_STATE_CANCELLED);
}

absl::Status AssignCoordinator(const v1::AssignCoordinatorRequest& request, ClientTurn& turn) {
  if (!request.coordinator().empty()) {
    if (absl::Status status = CheckNamed(request); !status.ok()) return status;
  }
  if (!turn.state().open()) {
    return WithReason(absl::FailedPreconditionError("the client is not supported here now"), "SUPPORT_NOT_OPEN");
  }
  const v1::Assignment& assignment = turn.state().assignment();
  if (assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED) {
    return WithReason(absl::FailedPreconditionError("a coordinator has taken the client"), "ALREADY_ACCEPTED");
  }
  if (request.coordinator().empty()) {
    ProposeBest(turn);
    return absl::OkStatus();
  }
  const std::vector<Candidate> named = CandidatesOf(turn.context());
  if (named.empty()) {
    return WithReason(absl::NotFoundError("no coordinator has this name"), "COORDINATOR_UNKNOWN");
  }
  const bool stands =
      assignment.state() == v1::ASSIGNMENT_STATE_PROPOSED && assignment.coordinator() == named.front().coordinator;
  if (!stands) Propose(Score(named.front(), turn.state(), turn.policy().weights), true, turn);
  return absl::OkStatus();
}

absl::Status DeclineAssignment(const v1::DeclineAssignmentRequest& request, ClientTurn& turn) {
  const v1::Assignment& assignment = turn.state().assignment();
  if (!turn.state().open() || assignment.state() != v1::ASSIGNMENT_STATE_PROPOSED ||
      assignment.coordinator() != request.coordinator()) {
    return WithReason(absl::FailedPreconditionError("the client is not proposed to this coordinator"), "NOT_PROPOSED");
  }
  v1::ClientSupportEvent event;
  v1::AssignmentDeclined& declined = *event.mutable_assignment_declined();
  declined.set_client(turn.client());
  declined.set_coordinator(request.coordinator());
  *declined.mutable_decline_time() = ToProto(turn.context().now);
  turn.Emit(std::move(event));
  turn.EndTasks([](const v1::Task& task) { return IsOfKind(task, v1::TASK_KIND_TAKE_CLIENT); },
                v1::TASK_STATE_CANCELLED);
  ProposeBest(turn);
  return absl::OkStatus();
}

void OnConfirmAssignment(const v1::ConfirmAssignment& step, ClientTurn& turn) {
  const v1::Assignment& assignment = turn.state().assignment();
  const bool of_coordinator = turn.state().open() && assignment.coordinator() == step.coordinator();
  const absl::Time accept_time = FromProto(step.accept_time());
  if (of_coordinator && assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED &&
      FromProto(assignment.accept_time()) == accept_time) {
    return;
  }
  // An acceptance older than the proposal answers an earlier proposal.
  if (!of_coordinator || assignment.state() != v1::ASSIGNMENT_STATE_PROPOSED ||
      accept_time < FromProto(assignment.assign_time())) {
    GiveBackPlace(step.coordinator(), step.accept_time(), turn);
    return;
  }
  v1::ClientSupportEvent event;
  v1::AssignmentAccepted& accepted = *event.mutable_assignment_accepted();
  accepted.set_client(turn.client());
  accepted.set_coordinator(step.coordinator());
  *accepted.mutable_accept_time() = step.accept_time();
  accepted.set_organisation(step.organisation());
  turn.Emit(std::move(event));
  turn.EndTasks([](const v1::Task& task) { return IsOfKind(task, v1::TASK_KIND_TAKE_CLIENT); }, v1::TASK_STATE_DONE);
}

}  // namespace polku::coordinator_network
