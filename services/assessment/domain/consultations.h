// Advice that another organisation is asked for. It never owns the assessment.
#pragma once

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// Errors: those of CheckOpen; kFailedPrecondition TOO_MANY_CONSULTATIONS; kInvalidArgument naming the fields.
absl::StatusOr<Decision> RequestConsultation(const v1::ClientAssessment& state,
                                             const v1::RequestConsultationRequest& request,
                                             const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Taken late too, and whatever has become of the assessment.
// Errors: kNotFound, also for an organisation that was not asked: it must not learn that there is one;
// kFailedPrecondition CONSULTATION_ANSWERED; kInvalidArgument naming advice.
absl::StatusOr<Decision> AnswerConsultation(const v1::ClientAssessment& state,
                                            const v1::AnswerConsultationRequest& request,
                                            const pipeline::Context& context);

}  // namespace polku::assessment
