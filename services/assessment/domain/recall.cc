#include "services/assessment/domain/recall.h"

#include <utility>

#include "services/assessment/domain/evolve.h"

namespace polku::assessment {
namespace {

using Event = v1::ClientAssessmentEvent;

Event Recorded(v1::Session session) {
  Event event;
  *event.mutable_session_recorded()->mutable_session() = std::move(session);
  return event;
}

v1::Session Known(const std::string& name, const std::string& assessment, const v1::ClientAssessment& state) {
  if (const v1::Session* known = FindSession(state, name); known != nullptr) return *known;
  v1::Session session;
  session.set_name(name);
  session.set_assessment(assessment);
  return session;
}

// Of a session that began or was to begin at the time that `told` names.
template <class Told>
Event RecordedAs(v1::SessionState session_state, const Told& told, const v1::ClientAssessment& state) {
  v1::Session session = Known(told.session(), told.assessment(), state);
  session.set_state(session_state);
  *session.mutable_start_time() = told.start_time();
  return Recorded(std::move(session));
}

Event Opened(const v1::AssessmentOpened& told) {
  Event event;
  v1::Assessment& assessment = *event.mutable_assessment_recorded()->mutable_assessment();
  assessment.set_name(told.assessment());
  assessment.set_unit(told.unit());
  *assessment.mutable_open_time() = told.open_time();
  *assessment.mutable_deadline() = told.deadline();
  assessment.set_reassesses(told.reassesses());
  assessment.set_reason(told.reason());
  assessment.set_because_of(told.because_of());
  return event;
}

Event Cancelled(const v1::AssessmentCancelled& told) {
  Event event;
  event.mutable_cancellation_recorded()->set_assessment(told.assessment());
  event.mutable_cancellation_recorded()->set_reason(v1::CANCEL_REASON_OTHER);
  return event;
}

Event Requested(const v1::ConsultationRequested& told) {
  Event event;
  v1::Consultation& consultation = *event.mutable_consultation_recorded()->mutable_consultation();
  consultation.set_name(told.consultation());
  consultation.set_assessment(told.assessment());
  consultation.set_organisation(told.organisation());
  consultation.set_state(v1::CONSULTATION_STATE_REQUESTED);
  *consultation.mutable_request_time() = told.request_time();
  *consultation.mutable_due_time() = told.due_time();
  return event;
}

Event Answered(const v1::ConsultationAnswered& told, const v1::Consultation& asked) {
  Event event;
  v1::Consultation& consultation = *event.mutable_consultation_recorded()->mutable_consultation();
  consultation = asked;
  consultation.set_state(v1::CONSULTATION_STATE_ANSWERED);
  *consultation.mutable_answer_time() = told.answer_time();
  return event;
}

Event Proposed(const v1::PlanApproved& told) {
  Event event;
  v1::Plan& plan = *event.mutable_plan_proposed()->mutable_plan();
  plan.set_name(told.plan());
  plan.set_state(v1::PLAN_STATE_PROPOSED);
  *plan.mutable_measures() = told.measures();
  *plan.mutable_propose_time() = told.approve_time();
  return event;
}

Event Proposed(const v1::PlanRevised& told, const v1::ClientAssessment& state) {
  Event event;
  v1::Plan& plan = *event.mutable_plan_proposed()->mutable_plan();
  plan.set_name(told.plan());
  plan.set_revises(told.revises());
  if (const v1::Plan* revised = FindPlan(state, told.revises()); revised != nullptr) {
    plan.set_assessment(revised->assessment());
  }
  plan.set_state(v1::PLAN_STATE_PROPOSED);
  *plan.mutable_measures() = told.added();
  *plan.mutable_changed() = told.changed();
  *plan.mutable_removed() = told.removed();
  *plan.mutable_propose_time() = told.approve_time();
  return event;
}

// What goes before `told`, if anything does.
void AddBefore(const Event& told, const v1::ClientAssessment& state, std::vector<Event>& events) {
  switch (told.event_case()) {
    case Event::kAssessmentOpened:
      if (FindAssessment(state, told.assessment_opened().assessment()) == nullptr) {
        events.push_back(Opened(told.assessment_opened()));
      }
      return;
    case Event::kAssessmentCancelled:
      return events.push_back(Cancelled(told.assessment_cancelled()));
    case Event::kSessionScheduled:
      return events.push_back(RecordedAs(v1::SESSION_STATE_SCHEDULED, told.session_scheduled(), state));
    case Event::kSessionHeld:
      return events.push_back(RecordedAs(v1::SESSION_STATE_HELD, told.session_held(), state));
    case Event::kSessionMissed:
      return events.push_back(RecordedAs(v1::SESSION_STATE_MISSED, told.session_missed(), state));
    case Event::kSessionCancelled: {
      v1::Session session = Known(told.session_cancelled().session(), told.session_cancelled().assessment(), state);
      session.set_state(v1::SESSION_STATE_CANCELLED);
      return events.push_back(Recorded(std::move(session)));
    }
    case Event::kConsultationRequested:
      if (FindConsultation(state, told.consultation_requested().consultation()) == nullptr) {
        events.push_back(Requested(told.consultation_requested()));
      }
      return;
    case Event::kConsultationAnswered:
      if (const auto* asked = FindConsultation(state, told.consultation_answered().consultation()); asked != nullptr) {
        events.push_back(Answered(told.consultation_answered(), *asked));
      }
      return;
    case Event::kPlanApproved:
      if (FindPlan(state, told.plan_approved().plan()) == nullptr) events.push_back(Proposed(told.plan_approved()));
      return;
    case Event::kPlanRevised:
      if (FindPlan(state, told.plan_revised().plan()) == nullptr) {
        events.push_back(Proposed(told.plan_revised(), state));
      }
      return;
    default:
      return;
  }
}

}  // namespace

std::vector<Event> Recall(const Event& told, const v1::ClientAssessment& state) {
  std::vector<Event> events;
  AddBefore(told, state, events);
  events.push_back(told);
  return events;
}

}  // namespace polku::assessment
