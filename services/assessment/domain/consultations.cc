#include "services/assessment/domain/consultations.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/assessments.h"
#include "services/assessment/domain/disclosure.h"
#include "services/assessment/domain/measure.h"

namespace polku::assessment {
namespace {

// Bounds the aggregate; an assessment has a handful.
constexpr int kConsultationsMax = 100;
constexpr size_t kTextBytesMax = 4000;
// Below a mistyped year.
constexpr int kDueYearsAheadMax = 1;

void CheckText(absl::string_view text, absl::string_view field, absl::Status& status) {
  if (text.empty() || text.size() > kTextBytesMax) {
    AddViolation(status, field, absl::StrCat("must be 1 to ", kTextBytesMax, " bytes"));
  }
}

bool IsPermissionOf(absl::string_view name, absl::string_view client) {
  return IsPermissionName(name) && absl::StartsWith(name, absl::StrCat(client, "/"));
}

// The last day for the answer.
absl::CivilDay DueDay(const v1::RequestConsultationRequest& request, const pathway::v1::AssessmentStage& stage,
                      absl::CivilDay today, absl::Status& status) {
  if (!request.has_due_date()) return today + stage.consultation_days();
  const auto day = pipeline::DayFrom(request.due_date(), "due_date");
  const absl::CivilDay last(today.year() + kDueYearsAheadMax, today.month(), today.day());
  if (!day.ok() || *day < today || *day > last) {
    AddViolation(status, "due_date",
                 absl::StrCat("must be a real day from today to ", kDueYearsAheadMax, " year ahead"));
    return today;
  }
  return *day;
}

}  // namespace

absl::StatusOr<Decision> RequestConsultation(const v1::ClientAssessment& state,
                                             const v1::RequestConsultationRequest& request,
                                             const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  const v1::Assessment* assessment = FindAssessment(state, request.assessment());
  RETURN_IF_ERROR(CheckOpen(assessment));
  if (state.consultations_size() >= kConsultationsMax) {
    return WithReason(absl::FailedPreconditionError("request consultation: the client has too many"),
                      "TOO_MANY_CONSULTATIONS");
  }
  absl::Status status;
  if (!IsResourceName(request.organisation(), "organisations/*")) {
    AddViolation(status, "organisation", "must be organisations/<id>");
  } else if (request.organisation() == assessment->unit()) {
    AddViolation(status, "organisation", "is the unit that assesses");
  }
  CheckText(request.question(), "question", status);
  if (!IsPermissionOf(request.basis(), context.key) && !IsCode(request.basis())) {
    AddViolation(status, "basis", "must be a permission of the client, or 1 to 63 of a-z, 0-9 and hyphen");
  }
  const absl::CivilDay due = DueDay(request, StageOf(*assessment, catalogue), LocalDay(context.now), status);
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(CheckConsultable(state, request.basis(), request.organisation(), context));
  Draft draft(state, context);
  v1::ClientAssessmentEvent recorded;
  v1::Consultation& consultation = *recorded.mutable_consultation_recorded()->mutable_consultation();
  consultation.set_name(absl::StrCat(context.key, "/consultations/", NextNumber(state.consultations())));
  consultation.set_assessment(assessment->name());
  consultation.set_organisation(request.organisation());
  consultation.set_state(v1::CONSULTATION_STATE_REQUESTED);
  consultation.set_question(request.question());
  consultation.set_basis(request.basis());
  *consultation.mutable_request_time() = pipeline::ToProto(context.now);
  *consultation.mutable_due_time() = pipeline::ToProto(EndOfDay(due));
  v1::Consultation reply = consultation;
  draft.Emit(std::move(recorded));
  v1::ClientAssessmentEvent event;
  v1::ConsultationRequested& requested = *event.mutable_consultation_requested();
  requested.set_consultation(reply.name());
  requested.set_assessment(reply.assessment());
  requested.set_organisation(reply.organisation());
  *requested.mutable_request_time() = reply.request_time();
  *requested.mutable_due_time() = reply.due_time();
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(std::move(reply));
}

absl::StatusOr<Decision> AnswerConsultation(const v1::ClientAssessment& state,
                                            const v1::AnswerConsultationRequest& request,
                                            const pipeline::Context& context) {
  const v1::Consultation* consultation = FindConsultation(state, request.name());
  if (consultation == nullptr || consultation->organisation() != context.principal.organisation) {
    return absl::NotFoundError("answer consultation: no such consultation");
  }
  if (consultation->state() == v1::CONSULTATION_STATE_ANSWERED) {
    return WithReason(absl::FailedPreconditionError("answer consultation: it is answered already"),
                      "CONSULTATION_ANSWERED");
  }
  absl::Status status;
  CheckText(request.advice(), "advice", status);
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(CheckConsultable(state, consultation->basis(), consultation->organisation(), context));
  Draft draft(state, context);
  v1::ClientAssessmentEvent recorded;
  v1::Consultation& answered = *recorded.mutable_consultation_recorded()->mutable_consultation();
  answered = *consultation;
  answered.set_state(v1::CONSULTATION_STATE_ANSWERED);
  answered.set_advice(request.advice());
  *answered.mutable_answer_time() = pipeline::ToProto(context.now);
  answered.set_answered_by(context.principal.user);
  v1::Consultation reply = answered;
  draft.Emit(std::move(recorded));
  v1::ClientAssessmentEvent event;
  event.mutable_consultation_answered()->set_consultation(reply.name());
  *event.mutable_consultation_answered()->mutable_answer_time() = reply.answer_time();
  draft.Emit(std::move(event));
  return std::move(draft).ReplyWith(std::move(reply));
}

}  // namespace polku::assessment
