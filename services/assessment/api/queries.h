// The read side: one assessment, plan or consultation and the answers to instruments from the aggregate, lists of
// assessments from the index table, instruments from the catalogue.
#pragma once

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/rpc/gate.h"
#include "polku/assessment/v1/api.pb.h"

namespace polku::assessment {

// All that take a scope block on the database.

// Errors of all three: kInvalidArgument for another kind of name; kNotFound; what Disclose refuses.
absl::StatusOr<v1::Assessment> GetAssessment(rpc::ReadScope& scope, const v1::GetAssessmentRequest& request);
absl::StatusOr<v1::Plan> GetPlan(rpc::ReadScope& scope, const v1::GetPlanRequest& request);
// Also for the organisation that was asked.
absl::StatusOr<v1::Consultation> GetConsultation(rpc::ReadScope& scope, const v1::GetConsultationRequest& request);

// Earliest deadline first. Errors: those of the page size and token.
absl::StatusOr<v1::ListAssessmentsResponse> ListAssessments(rpc::ReadScope& scope,
                                                            const v1::ListAssessmentsRequest& request);

// In the order of their days. Each record on the page leaves an audit row.
// Errors: kInvalidArgument naming client; those of the page size and token; what Disclose refuses.
absl::StatusOr<v1::ListInstrumentRecordsResponse> ListInstrumentRecords(
    rpc::ReadScope& scope, const v1::ListInstrumentRecordsRequest& request);

// Errors: kInvalidArgument naming every wrong field.
absl::StatusOr<v1::ScoreInstrumentResponse> ScoreInstrument(const pathway::Catalogue& catalogue,
                                                            const v1::ScoreInstrumentRequest& request);
v1::ListInstrumentsResponse ListInstruments(const pathway::Catalogue& catalogue);

}  // namespace polku::assessment
