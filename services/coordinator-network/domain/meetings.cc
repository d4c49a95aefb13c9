#include "services/coordinator-network/domain/meetings.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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
using pipeline::FromProto;
using pipeline::ToProto;

constexpr int kParticipantsMax = 30;
constexpr int kDecisionsMax = 20;
constexpr absl::Duration kAheadMax = absl::Hours(24 * 366);
constexpr size_t kStatuteBytesMax = 100 * 4;  // 100 characters of UTF-8; counted in bytes to stay simple.
constexpr size_t kTextBytesMax = 500 * 4;     // 500 characters.

using Participants = google::protobuf::RepeatedPtrField<v1::MeetingParticipant>;

void CheckClasses(const google::protobuf::RepeatedPtrField<std::string>& classes, bool needed, absl::Status& status) {
  if (classes.empty() && needed) AddViolation(status, "classes", "needs at least one when there are participants");
  std::set<std::string> given;
  for (const std::string& one : classes) {
    if (one != "referral" && one != "assessment" && one != "plan" && one != "follow-up") {
      AddViolation(status, "classes", "has a class that is not referral, assessment, plan or follow-up");
    } else if (!given.insert(one).second) {
      AddViolation(status, "classes", "has a class twice");
    }
  }
}

void CheckNames(const Participants& participants, const std::string& organiser, absl::Status& status) {
  if (participants.size() > kParticipantsMax) {
    AddViolation(status, "participants", absl::StrCat("has more than ", kParticipantsMax));
  }
  std::set<std::string> given = {organiser};
  for (int i = 0; i < participants.size(); ++i) {
    const v1::MeetingParticipant& participant = participants[i];
    const std::string field = absl::StrCat("participants[", i, "]");
    if (!IsResourceName(participant.organisation(), "organisations/*")) {
      AddViolation(status, field + ".organisation", "must be \"organisations/O\"");
    } else if (!given.insert(participant.organisation()).second) {
      AddViolation(status, field + ".organisation", "is there twice, or is the one that arranges the meeting");
    }
    if (participant.statute().size() > kStatuteBytesMax) {
      AddViolation(status, field + ".statute", "is longer than 100 characters");
    }
  }
}

// Whether everybody in `meeting` may be told what is told there.
absl::Status CheckPermitted(const v1::Meeting& meeting, const ClientTurn& turn) {
  RETURN_IF_ERROR(permissions::CheckNotRestricted(turn.state().restricted()));
  POLKU_CHECK(!turn.context().lookups.empty());
  absl::Status status;
  bool by_permission = false;
  for (int i = 0; i < meeting.participants_size(); ++i) {
    const v1::MeetingParticipant& participant = meeting.participants(i);
    if (!participant.statute().empty()) continue;
    by_permission = true;
    const std::vector<std::string> missing =
        MissingClasses(turn.context().lookups.front(), participant.organisation(), meeting.classes(),
                       FromProto(meeting.start_time()), turn.policy().meeting_purposes);
    if (missing.empty()) continue;
    if (status.ok()) status = absl::FailedPreconditionError("the client has not permitted every participant");
    AddViolation(status, absl::StrCat("participants[", i, "].organisation"),
                 absl::StrCat(participant.organisation(), " lacks a permission for ", absl::StrJoin(missing, ", ")));
  }
  if (status.ok() && by_permission) return permissions::CheckKnown(turn.context().now - turn.context().covered_until);
  return WithReason(status, "PERMISSION_MISSING");
}

void Note(const v1::Meeting& meeting, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  *event.mutable_meeting_noted()->mutable_meeting() = meeting;
  turn.Emit(std::move(event));
}

void CheckDecision(const v1::MeetingDecision& decision, const v1::Meeting& meeting, absl::CivilDay today,
                   const std::string& field, absl::Status& status) {
  if (decision.kind() == v1::MEETING_DECISION_KIND_UNSPECIFIED || !v1::MeetingDecisionKind_IsValid(decision.kind())) {
    AddViolation(status, field + ".kind", "is required, one of MeetingDecisionKind");
  }
  if (decision.text().empty()) AddViolation(status, field + ".text", "is required");
  if (decision.text().size() > kTextBytesMax) AddViolation(status, field + ".text", "is longer than 500 characters");
  const absl::StatusOr<absl::CivilDay> due = pipeline::DayFrom(decision.due_date(), "");
  if (decision.kind() == v1::MEETING_DECISION_KIND_NOTE) {
    if (decision.has_due_date()) AddViolation(status, field + ".due_date", "must not be given for a note");
  } else if (!due.ok() || *due < today) {
    AddViolation(status, field + ".due_date", "must be a real day, today or later");
  }
  const std::string& responsible = decision.responsible();
  const bool attended =
      responsible.empty() || responsible == meeting.organiser() ||
      std::any_of(meeting.participants().begin(), meeting.participants().end(),
                  [&](const v1::MeetingParticipant& participant) { return participant.organisation() == responsible; });
  if (!attended) AddViolation(status, field + ".responsible", "must be an organisation that attended, or empty");
}

// The meeting as the request tells it, with those who attended.
absl::StatusOr<v1::Meeting> AsHeld(const v1::RecordMeetingRequest& request, v1::Meeting meeting,
                                   const ClientTurn& turn) {
  absl::Status status;
  CheckNames(request.participants(), meeting.organiser(), status);
  if (!request.classes().empty()) *meeting.mutable_classes() = request.classes();
  CheckClasses(meeting.classes(), !request.participants().empty(), status);
  const Participants invited = meeting.participants();
  *meeting.mutable_participants() = request.participants();
  for (v1::MeetingParticipant& participant : *meeting.mutable_participants()) {
    participant.clear_missing_classes();
    for (const v1::MeetingParticipant& one : invited) {
      if (one.organisation() == participant.organisation() && participant.statute().empty()) {
        participant.set_statute(one.statute());
      }
    }
  }
  meeting.set_client_present(request.client_present());
  if (request.decisions_size() > kDecisionsMax) {
    AddViolation(status, "decisions", absl::StrCat("has more than ", kDecisionsMax));
  }
  *meeting.mutable_decisions() = request.decisions();
  for (int i = 0; i < meeting.decisions_size(); ++i) {
    meeting.mutable_decisions(i)->clear_task();
    CheckDecision(meeting.decisions(i), meeting, LocalDay(turn.context().now), absl::StrCat("decisions[", i, "]"),
                  status);
  }
  if (!status.ok()) return status;
  RETURN_IF_ERROR(CheckPermitted(meeting, turn));
  return meeting;
}

absl::Status CheckNotHeld(const v1::RecordMeetingRequest& request) {
  absl::Status status;
  if (request.client_present()) AddViolation(status, "client_present", "is only of a meeting that was held");
  if (!request.participants().empty()) AddViolation(status, "participants", "are only of a meeting that was held");
  if (!request.decisions().empty()) AddViolation(status, "decisions", "are only of a meeting that was held");
  return status;
}

absl::StatusOr<v1::Meeting> ScheduledMeeting(const std::string& name, const ClientTurn& turn) {
  if (turn.state().closed()) {
    return WithReason(absl::FailedPreconditionError("the client's journey is closed"), "SUPPORT_CLOSED");
  }
  for (const v1::Meeting& meeting : turn.state().meetings()) {
    if (meeting.name() == name && meeting.state() == v1::MEETING_STATE_SCHEDULED) return meeting;
  }
  int number = 0;
  if (absl::SimpleAtoi(LastSegment(name), &number) && number >= 1 && number <= turn.state().meetings_numbered()) {
    return WithReason(absl::FailedPreconditionError("the meeting has been recorded or cancelled"), "MEETING_ENDED");
  }
  return WithReason(absl::NotFoundError("no such meeting"), "MEETING_UNKNOWN");
}

void EndMeetingTask(const std::string& meeting, v1::TaskState state, ClientTurn& turn) {
  turn.EndTasks([&](const v1::Task& task) { return task.kind() == v1::TASK_KIND_MEETING && task.subject() == meeting; },
                state);
}

v1::Task TaskAbout(v1::TaskKind kind, std::string subject, absl::Time due, const ClientTurn& turn) {
  v1::Task task;
  task.set_kind(kind);
  task.set_coordinator(turn.ListOwner());
  task.set_subject(std::move(subject));
  *task.mutable_due_time() = ToProto(due);
  return task;
}

void MakeDecisionTasks(v1::Meeting& meeting, ClientTurn& turn) {
  for (int i = 0; i < meeting.decisions_size(); ++i) {
    v1::MeetingDecision& decision = *meeting.mutable_decisions(i);
    if (decision.kind() == v1::MEETING_DECISION_KIND_NOTE) continue;
    const v1::TaskKind kind =
        decision.kind() == v1::MEETING_DECISION_KIND_PLAN ? v1::TASK_KIND_CHANGE_PLAN : v1::TASK_KIND_MEETING_DECISION;
    decision.set_task(turn.AddTask(
        TaskAbout(kind, absl::StrCat(meeting.name(), " ", i + 1), EndOfDay(FromProto(decision.due_date())), turn)));
  }
}

void TellHeld(const v1::Meeting& meeting, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  v1::MeetingHeld& held = *event.mutable_meeting_held();
  held.set_meeting(meeting.name());
  *held.mutable_start_time() = meeting.start_time();
  held.set_client_present(meeting.client_present());
  if (!meeting.organiser().empty()) held.add_organisations(meeting.organiser());
  for (const v1::MeetingParticipant& participant : meeting.participants()) {
    held.add_organisations(participant.organisation());
  }
  turn.Emit(std::move(event));
}

void TellCancelled(const v1::Meeting& meeting, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  event.mutable_meeting_cancelled()->set_meeting(meeting.name());
  *event.mutable_meeting_cancelled()->mutable_cancel_time() = meeting.end_time();
  turn.Emit(std::move(event));
}

}  // namespace

absl::StatusOr<v1::Meeting> ScheduleMeeting(const v1::ScheduleMeetingRequest& request, ClientTurn& turn) {
  const absl::Time now = turn.context().now;
  absl::Status status;
  const absl::StatusOr<absl::Time> start = pipeline::TimeFrom(request.start_time(), "start_time");
  if (!start.ok() || *start <= now || *start > now + kAheadMax) {
    AddViolation(status, "start_time", "must be to come, at most 366 days ahead");
  }
  CheckNames(request.participants(), turn.context().principal.organisation, status);
  CheckClasses(request.classes(), !request.participants().empty(), status);
  if (!status.ok()) return status;
  if (!turn.state().open()) {
    return WithReason(absl::FailedPreconditionError("the client is not supported here now"), "SUPPORT_NOT_OPEN");
  }
  const auto& known = turn.state().meetings();
  const auto scheduled = std::count_if(known.begin(), known.end(), [](const v1::Meeting& meeting) {
    return meeting.state() == v1::MEETING_STATE_SCHEDULED;
  });
  if (scheduled >= turn.policy().meetings_max) {
    return WithReason(absl::ResourceExhaustedError("the client has too many meetings to come"), "MEETINGS_FULL");
  }
  v1::Meeting meeting;
  meeting.set_name(absl::StrCat(turn.client(), "/meetings/", turn.state().meetings_numbered() + 1));
  meeting.set_state(v1::MEETING_STATE_SCHEDULED);
  *meeting.mutable_start_time() = ToProto(*start);
  meeting.set_organiser(turn.context().principal.organisation);
  *meeting.mutable_participants() = request.participants();
  for (v1::MeetingParticipant& participant : *meeting.mutable_participants()) participant.clear_missing_classes();
  *meeting.mutable_classes() = request.classes();
  *meeting.mutable_create_time() = ToProto(now);
  RETURN_IF_ERROR(CheckPermitted(meeting, turn));
  Note(meeting, turn);
  v1::ClientSupportEvent event;
  event.mutable_meeting_scheduled()->set_meeting(meeting.name());
  *event.mutable_meeting_scheduled()->mutable_start_time() = meeting.start_time();
  event.mutable_meeting_scheduled()->set_multi_agency(!meeting.participants().empty());
  turn.Emit(std::move(event));
  turn.AddTask(TaskAbout(v1::TASK_KIND_MEETING, meeting.name(), *start, turn));
  return meeting;
}

absl::StatusOr<v1::Meeting> RecordMeeting(const v1::RecordMeetingRequest& request, ClientTurn& turn) {
  const absl::Time now = turn.context().now;
  const bool held = request.state() == v1::MEETING_STATE_HELD;
  const bool cancelled = request.state() == v1::MEETING_STATE_CANCELLED;
  if (!held && !cancelled && request.state() != v1::MEETING_STATE_MISSED) {
    return InvalidField("state", "must be held, missed or cancelled");
  }
  ASSIGN_OR_RETURN(v1::Meeting meeting, ScheduledMeeting(request.meeting(), turn));
  if (request.has_start_time() && !cancelled) {
    RETURN_IF_ERROR(pipeline::TimeFrom(request.start_time(), "start_time").status());
    *meeting.mutable_start_time() = request.start_time();
  }
  if (!cancelled && FromProto(meeting.start_time()) > now) {
    return InvalidField("start_time", "is in the future: say when the meeting began");
  }
  if (held) {
    ASSIGN_OR_RETURN(meeting, AsHeld(request, std::move(meeting), turn));
  } else {
    RETURN_IF_ERROR(CheckNotHeld(request));
  }
  meeting.set_state(request.state());
  *meeting.mutable_end_time() = ToProto(now);
  EndMeetingTask(meeting.name(), cancelled ? v1::TASK_STATE_CANCELLED : v1::TASK_STATE_DONE, turn);
  if (held) MakeDecisionTasks(meeting, turn);
  Note(meeting, turn);
  if (held) TellHeld(meeting, turn);
  if (cancelled) TellCancelled(meeting, turn);
  if (request.state() == v1::MEETING_STATE_MISSED) {
    turn.AddTask(TaskAbout(v1::TASK_KIND_CONTACT, meeting.name(),
                           DueAfterOfficeDays(now, turn.policy().contact_after_miss_office_days), turn));
  }
  return meeting;
}

void CancelMeetingsOfEndedJourneys(ClientTurn& turn) {
  const auto known = turn.state().meetings();
  for (v1::Meeting meeting : known) {
    if (meeting.state() != v1::MEETING_STATE_SCHEDULED || turn.OfCurrentJourney(FromProto(meeting.create_time()))) {
      continue;
    }
    meeting.set_state(v1::MEETING_STATE_CANCELLED);
    *meeting.mutable_end_time() = ToProto(turn.context().fact_time);
    Note(meeting, turn);
    TellCancelled(meeting, turn);
    EndMeetingTask(meeting.name(), v1::TASK_STATE_CANCELLED, turn);
  }
}

}  // namespace polku::coordinator_network
