// The read side: one assessment, plan or consultation from the aggregate, lists from the index table.
#pragma once

#include "absl/status/statusor.h"
#include "libs/rpc/gate.h"
#include "polku/assessment/v1/api.pb.h"

namespace polku::assessment {

// All block on the database.

// Errors of all three: kInvalidArgument for another kind of name; kNotFound; what Disclose refuses.
absl::StatusOr<v1::Assessment> GetAssessment(rpc::ReadScope& scope, const v1::GetAssessmentRequest& request);
absl::StatusOr<v1::Plan> GetPlan(rpc::ReadScope& scope, const v1::GetPlanRequest& request);
// Also for the organisation that was asked.
absl::StatusOr<v1::Consultation> GetConsultation(rpc::ReadScope& scope, const v1::GetConsultationRequest& request);

// Earliest deadline first. Errors: those of the page size and token.
absl::StatusOr<v1::ListAssessmentsResponse> ListAssessments(rpc::ReadScope& scope,
                                                            const v1::ListAssessmentsRequest& request);

}  // namespace polku::assessment
