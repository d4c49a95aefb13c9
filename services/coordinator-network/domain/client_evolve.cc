#include "services/coordinator-network/domain/client_evolve.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/part_number.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;

v1::Task* FindTask(v1::ClientSupport& state, const std::string& name) {
  for (v1::Task& task : *state.mutable_tasks()) {
    if (task.name() == name) return &task;
  }
  return nullptr;
}

void Settle(const std::string& subject, int settled_max, v1::ClientSupport& state) {
  state.add_settled(SettledForm(subject));
  const int over = state.settled_size() - settled_max;
  if (over > 0) state.mutable_settled()->DeleteSubrange(0, over);
}

void Apply(const v1::SupportOpened& opened, v1::ClientSupport& state) {
  state.set_name(opened.client());
  state.set_open(true);
  state.set_closed(false);
  state.set_segment(opened.segment());
  state.set_municipality(opened.municipality());
  state.set_language(opened.language());
  *state.mutable_needs() = opened.needs();
  state.set_competence(opened.competence());
  *state.mutable_accept_time() = opened.accept_time();
}

void Apply(const v1::AssignmentDeclined& declined, v1::ClientSupport& state) {
  const auto& known = state.declined_by();
  if (std::find(known.begin(), known.end(), declined.coordinator()) == known.end()) {
    state.add_declined_by(declined.coordinator());
  }
  state.mutable_assignment()->Clear();
  state.mutable_assignment()->set_client(declined.client());
}

void Apply(const v1::CoordinatorReplaced& replaced, v1::ClientSupport& state) {
  v1::Assignment& assignment = *state.mutable_assignment();
  assignment.Clear();
  assignment.set_client(replaced.client());
  assignment.set_coordinator(replaced.to());
  assignment.set_state(v1::ASSIGNMENT_STATE_ACCEPTED);
  *assignment.mutable_assign_time() = replaced.replace_time();
  *assignment.mutable_accept_time() = replaced.replace_time();
}

void Apply(const v1::CoordinatorAssigned& assigned, v1::ClientSupport& state) {
  v1::Assignment& assignment = *state.mutable_assignment();
  assignment.Clear();
  assignment.set_client(assigned.client());
  assignment.set_coordinator(assigned.coordinator());
  assignment.set_state(v1::ASSIGNMENT_STATE_PROPOSED);
  assignment.set_score(assigned.score());
  *assignment.mutable_parts() = assigned.parts();
  *assignment.mutable_assign_time() = assigned.assign_time();
}

void Apply(const v1::NoCoordinatorAvailable& nobody, v1::ClientSupport& state) {
  v1::Assignment& assignment = *state.mutable_assignment();
  assignment.Clear();
  assignment.set_client(nobody.client());
  assignment.set_state(v1::ASSIGNMENT_STATE_NOBODY_AVAILABLE);
}

void Apply(const v1::TaskAdded& added, v1::ClientSupport& state) {
  *state.add_tasks() = added.task();
  state.set_tasks_numbered(state.tasks_numbered() + 1);
  if (state.name().empty()) state.set_name(ClientOf(added.task().name()).value_or(""));
}

void Apply(const v1::OutreachAttempted& attempted, v1::ClientSupport& state) {
  v1::Task* task = FindTask(state, attempted.task());
  if (task == nullptr) return;
  task->set_attempts(task->attempts() + 1);
  task->set_last_outcome(attempted.outcome());
}

void Apply(const v1::TaskEnded& ended, int settled_max, v1::ClientSupport& state) {
  for (int i = 0; i < state.tasks_size(); ++i) {
    const v1::Task& task = state.tasks(i);
    if (task.name() != ended.task()) continue;
    if (task.subject() != state.name()) Settle(task.subject(), settled_max, state);
    state.mutable_tasks()->DeleteSubrange(i, 1);
    return;
  }
}

void Apply(const v1::MeetingNoted& noted, int meetings_max, v1::ClientSupport& state) {
  auto& meetings = *state.mutable_meetings();
  const auto known = std::find_if(meetings.begin(), meetings.end(),
                                  [&](const v1::Meeting& meeting) { return meeting.name() == noted.meeting().name(); });
  if (known != meetings.end()) {
    *known = noted.meeting();
    return;
  }
  *meetings.Add() = noted.meeting();
  state.set_meetings_numbered(state.meetings_numbered() + 1);
  for (int i = 0; i < meetings.size() && meetings.size() > meetings_max; ++i) {
    if (meetings[i].state() != v1::MEETING_STATE_SCHEDULED) meetings.DeleteSubrange(i--, 1);
  }
}

void Apply(const v1::SupportEnded& ended, v1::ClientSupport& state) {
  state.set_name(ended.client());
  *state.mutable_close_time() = ended.time();
  // A referral accepted later than this closing has come before it: the support goes on.
  if (state.has_accept_time() && FromProto(state.accept_time()) > FromProto(ended.time())) return;
  state.set_open(false);
  state.set_closed(true);
  state.clear_declined_by();
  state.clear_outreach_held_until();
  if (!state.has_assignment()) return;
  state.mutable_assignment()->set_state(v1::ASSIGNMENT_STATE_ENDED);
  state.mutable_assignment()->clear_handing_over_to();
}

// Without the referral, which may come later, it is only known that its closing counts no more.
void Apply(const v1::SupportReopened& reopened, v1::ClientSupport& state) {
  state.set_name(reopened.client());
  *state.mutable_reopen_time() = reopened.time();
  if (!state.has_accept_time() || state.open()) return;
  state.set_open(true);
  state.set_closed(false);
  state.clear_assignment();
}

void Apply(const polku::follow_up::v1::OutreachHeld& held, v1::ClientSupport& state) {
  state.set_name(held.client());
  *state.mutable_outreach_held_until() = pipeline::ToProto(StartOfDay(FromProto(held.until_date())));
}

void Apply(const polku::follow_up::v1::CircumstanceRecorded& recorded, v1::ClientSupport& state) {
  state.set_name(recorded.client());
  const std::string standing = absl::StrCat(recorded.circumstance(), " ", FormatDay(FromProto(recorded.from_date())));
  auto& known = *state.mutable_standing_circumstances();
  known.erase(std::remove(known.begin(), known.end(), standing), known.end());
  if (!recorded.revoked() && !recorded.has_end_date()) *known.Add() = standing;
}

}  // namespace

std::string SettledForm(absl::string_view subject) {
  const std::optional<std::string> client = ClientOf(subject);
  if (!client.has_value() || subject.size() <= client->size()) return std::string(subject);
  return std::string(subject.substr(client->size() + 1));
}

void EvolveClient(const v1::ClientSupportEvent& event, const Policy& policy, v1::ClientSupport& state) {
  switch (event.event_case()) {
    case v1::ClientSupportEvent::kSupportOpened:
      return Apply(event.support_opened(), state);
    case v1::ClientSupportEvent::kCoordinatorAssigned:
      return Apply(event.coordinator_assigned(), state);
    case v1::ClientSupportEvent::kNoCoordinatorAvailable:
      return Apply(event.no_coordinator_available(), state);
    case v1::ClientSupportEvent::kAssignmentAccepted:
      state.mutable_assignment()->set_state(v1::ASSIGNMENT_STATE_ACCEPTED);
      *state.mutable_assignment()->mutable_accept_time() = event.assignment_accepted().accept_time();
      return;
    case v1::ClientSupportEvent::kTaskAdded:
      return Apply(event.task_added(), state);
    case v1::ClientSupportEvent::kTaskTold:
      if (state.name().empty()) state.set_name(ClientOf(event.task_told().task()).value_or(""));
      return state.set_tasks_numbered(std::max(state.tasks_numbered(), PartNumber(event.task_told().task())));
    case v1::ClientSupportEvent::kTaskMoved:
      if (v1::Task* task = FindTask(state, event.task_moved().task()); task != nullptr) {
        task->set_coordinator(event.task_moved().coordinator());
      }
      return;
    case v1::ClientSupportEvent::kOutreachAttempted:
      return Apply(event.outreach_attempted(), state);
    case v1::ClientSupportEvent::kTaskEnded:
      return Apply(event.task_ended(), policy.settled_max, state);
    case v1::ClientSupportEvent::kTaskEscalated:
      if (v1::Task* task = FindTask(state, event.task_escalated().task()); task != nullptr) {
        task->set_rung(event.task_escalated().rung());
        *task->mutable_due_time() = event.task_escalated().due_time();
      }
      return;
    case v1::ClientSupportEvent::kAssignmentDeclined:
      return Apply(event.assignment_declined(), state);
    case v1::ClientSupportEvent::kHandOverNoted:
      state.mutable_assignment()->set_handing_over_to(event.hand_over_noted().to());
      return;
    case v1::ClientSupportEvent::kCoordinatorReplaced:
      return Apply(event.coordinator_replaced(), state);
    case v1::ClientSupportEvent::kSupportEnded:
      return Apply(event.support_ended(), state);
    case v1::ClientSupportEvent::kEarlyEndNoted:
      if (state.name().empty()) state.set_name(ClientOf(event.early_end_noted().interruption()).value_or(""));
      return Settle(event.early_end_noted().interruption(), policy.settled_max, state);
    case v1::ClientSupportEvent::kMeetingNoted:
      return Apply(event.meeting_noted(), policy.meetings_max, state);
    case v1::ClientSupportEvent::kProcessingRestricted:
      if (state.name().empty()) state.set_name(event.processing_restricted().client());
      return state.set_restricted(event.processing_restricted().restricted());
    case v1::ClientSupportEvent::kSupportReopened:
      return Apply(event.support_reopened(), state);
    case v1::ClientSupportEvent::kJourneyOpened:  // What was so in the one before counts no more.
      return state.clear_standing_circumstances();
    case v1::ClientSupportEvent::kOutreachHeld:
      return Apply(event.outreach_held(), state);
    case v1::ClientSupportEvent::kOutreachReleased:
      return state.clear_outreach_held_until();
    case v1::ClientSupportEvent::kCircumstanceRecorded:
      return Apply(event.circumstance_recorded(), state);
    case v1::ClientSupportEvent::kPermissionGranted:  // Rows: PermissionRows.
    case v1::ClientSupportEvent::kPermissionWithdrawn:
    case v1::ClientSupportEvent::kMeetingScheduled:  // The meeting itself comes with MeetingNoted.
    case v1::ClientSupportEvent::kMeetingHeld:
    case v1::ClientSupportEvent::kMeetingCancelled:
    case v1::ClientSupportEvent::kOutreachTaskAssigned:  // The task itself comes with TaskAdded.
    case v1::ClientSupportEvent::kOutreachCompleted:     // The task itself leaves with TaskEnded.
    case v1::ClientSupportEvent::EVENT_NOT_SET:
      return;
  }
}

}  // namespace polku::coordinator_network
