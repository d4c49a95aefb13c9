#include "services/coordinator-network/domain/recall.h"

#include <algorithm>
#include <string>

#include "libs/base/part_number.h"

namespace polku::coordinator_network {
namespace {

using Event = v1::ClientSupportEvent;

template <class Parts>
auto Find(const Parts& parts, const std::string& name) {
  return std::find_if(parts.begin(), parts.end(), [&](const auto& each) { return each.name() == name; });
}

// The name of a task that was told is given to no other one.
void TakeNumber(const std::string& task, const v1::ClientSupport& state, std::vector<Event>& events) {
  if (PartNumber(task) <= state.tasks_numbered()) return;
  events.emplace_back().mutable_task_told()->set_task(task);
}

// The outreach is done, whether its task is known here or not.
void End(const v1::OutreachCompleted& told, const v1::ClientSupport& state, std::vector<Event>& events) {
  if (Find(state.tasks(), told.task()) == state.tasks().end()) {
    if (!told.interruption().empty()) {
      events.emplace_back().mutable_early_end_noted()->set_interruption(told.interruption());
    }
    return;
  }
  v1::TaskEnded& ended = *events.emplace_back().mutable_task_ended();
  ended.set_task(told.task());
  ended.set_state(v1::TASK_STATE_DONE);
  *ended.mutable_time() = told.complete_time();
}

// Who takes the client is said: nobody is asked to any more.
void EndTaking(const v1::AssignmentAccepted& told, const v1::ClientSupport& state, std::vector<Event>& events) {
  for (const v1::Task& task : state.tasks()) {
    if (task.kind() != v1::TASK_KIND_TAKE_CLIENT) continue;
    v1::TaskEnded& ended = *events.emplace_back().mutable_task_ended();
    ended.set_task(task.name());
    ended.set_state(v1::TASK_STATE_DONE);
    *ended.mutable_time() = told.accept_time();
  }
}

void Note(const std::string& name, v1::MeetingState meeting_state, const google::protobuf::Timestamp* start_time,
          const v1::ClientSupport& state, std::vector<Event>& events) {
  v1::Meeting& meeting = *events.emplace_back().mutable_meeting_noted()->mutable_meeting();
  const auto known = Find(state.meetings(), name);
  if (known != state.meetings().end()) meeting = *known;
  meeting.set_name(name);
  meeting.set_state(meeting_state);
  if (start_time != nullptr) *meeting.mutable_start_time() = *start_time;
}

}  // namespace

std::vector<Event> Recall(const Event& told, const v1::ClientSupport& state) {
  std::vector<Event> events;
  switch (told.event_case()) {
    case Event::kAssignmentAccepted:
      EndTaking(told.assignment_accepted(), state, events);
      break;
    case Event::kOutreachTaskAssigned:
      TakeNumber(told.outreach_task_assigned().task(), state, events);
      break;
    case Event::kOutreachAttempted:
      TakeNumber(told.outreach_attempted().task(), state, events);
      break;
    case Event::kOutreachCompleted:
      TakeNumber(told.outreach_completed().task(), state, events);
      End(told.outreach_completed(), state, events);
      break;
    case Event::kMeetingScheduled: {
      const v1::MeetingScheduled& meeting = told.meeting_scheduled();
      Note(meeting.meeting(), v1::MEETING_STATE_SCHEDULED, &meeting.start_time(), state, events);
      break;
    }
    case Event::kMeetingHeld:
      Note(told.meeting_held().meeting(), v1::MEETING_STATE_HELD, &told.meeting_held().start_time(), state, events);
      break;
    case Event::kMeetingCancelled:
      Note(told.meeting_cancelled().meeting(), v1::MEETING_STATE_CANCELLED, nullptr, state, events);
      break;
    default:
      break;
  }
  events.push_back(told);
  return events;
}

}  // namespace polku::coordinator_network
