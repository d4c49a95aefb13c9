#include "services/assessment/domain/deadlines.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/pipeline/proto_time.h"

namespace polku::assessment {
namespace {

using pipeline::FromProto;

struct Deadline {
  absl::Time due;       // When it is told.
  absl::Time deadline;  // What it is told to have been.
  v1::AssessmentOverdue overdue;
};

class Running {
 public:
  explicit Running(const v1::ClientAssessment& state) : state_(state) {
    for (const v1::Assessment& assessment : state.assessments()) {
      if (IsOpen(assessment)) {
        AddFirstContact(assessment);
        AddFirstMeeting(assessment);
        Add(assessment, v1::ASSESSMENT_DEADLINE_COMPLETION, FromProto(assessment.deadline()));
        AddConsultations(assessment);
      } else if (assessment.state() == v1::ASSESSMENT_STATE_COMPLETE) {
        AddReassessment(assessment);
      }
    }
    std::sort(deadlines_.begin(), deadlines_.end(), [](const Deadline& a, const Deadline& b) {
      return std::tuple(a.due, a.deadline, a.overdue.assessment(), a.overdue.kind(), a.overdue.consultation()) <
             std::tuple(b.due, b.deadline, b.overdue.assessment(), b.overdue.kind(), b.overdue.consultation());
    });
  }

  const std::vector<Deadline>& deadlines() const { return deadlines_; }

 private:
  // An agreed session shows that the client has been reached, whatever comes of it.
  void AddFirstContact(const v1::Assessment& assessment) {
    if (!assessment.has_first_contact_deadline()) return;
    for (const v1::Session& session : state_.sessions()) {
      if (session.assessment() == assessment.name()) return;
    }
    Add(assessment, v1::ASSESSMENT_DEADLINE_FIRST_CONTACT, FromProto(assessment.first_contact_deadline()));
  }

  // A session before the deadline is recorded after it has ended, so its record may come after the
  // deadline: it is waited for, or the alarm would be a false one that nothing takes back.
  void AddFirstMeeting(const v1::Assessment& assessment) {
    if (!assessment.has_first_meeting_deadline()) return;
    const absl::Time deadline = FromProto(assessment.first_meeting_deadline());
    absl::Time due = deadline;
    for (const v1::Session& session : state_.sessions()) {
      if (session.assessment() != assessment.name()) continue;
      if (session.state() == v1::SESSION_STATE_HELD) return;
      if (session.state() == v1::SESSION_STATE_SCHEDULED && FromProto(session.start_time()) < deadline) {
        due = std::max(due, FromProto(session.record_due_time()));
      }
    }
    Add(assessment, v1::ASSESSMENT_DEADLINE_FIRST_MEETING, deadline, due);
  }

  void AddConsultations(const v1::Assessment& assessment) {
    for (const v1::Consultation& consultation : state_.consultations()) {
      if (consultation.assessment() != assessment.name()) continue;
      if (consultation.state() != v1::CONSULTATION_STATE_REQUESTED) continue;
      Add(assessment, v1::ASSESSMENT_DEADLINE_CONSULTATION, FromProto(consultation.due_time()));
      deadlines_.back().overdue.set_consultation(consultation.name());
    }
  }

  void AddReassessment(const v1::Assessment& assessment) {
    if (!assessment.has_reassess_time() || IsJourneyClosed(state_, assessment)) return;
    for (const v1::Assessment& other : state_.assessments()) {
      if (other.reassesses() == assessment.name()) return;
    }
    Add(assessment, v1::ASSESSMENT_DEADLINE_REASSESSMENT, FromProto(assessment.reassess_time()));
  }

  void Add(const v1::Assessment& assessment, v1::AssessmentDeadline kind, absl::Time deadline) {
    Add(assessment, kind, deadline, deadline);
  }
  void Add(const v1::Assessment& assessment, v1::AssessmentDeadline kind, absl::Time deadline, absl::Time due) {
    if (IsTold(assessment, kind)) return;
    Deadline running{due, deadline, {}};
    running.overdue.set_assessment(assessment.name());
    running.overdue.set_kind(kind);
    *running.overdue.mutable_deadline() = pipeline::ToProto(deadline);
    deadlines_.push_back(std::move(running));
  }

  const v1::ClientAssessment& state_;
  std::vector<Deadline> deadlines_;
};

}  // namespace

Decision OnTick(const v1::ClientAssessment& state, const pipeline::Context& context) {
  Draft draft(state, context);
  const Running running(state);
  for (const Deadline& deadline : running.deadlines()) {
    if (deadline.due > context.now) break;
    v1::ClientAssessmentEvent event;
    *event.mutable_assessment_overdue() = deadline.overdue;
    draft.Emit(std::move(event));
  }
  return std::move(draft).NoReply();
}

std::optional<absl::Time> NextDeadline(const v1::ClientAssessment& state) {
  const Running running(state);
  if (running.deadlines().empty()) return std::nullopt;
  return running.deadlines().front().due;
}

}  // namespace polku::assessment
