// Instruments that a client has filled in: recorded, corrected, compared over time.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// A correction is a record of its own, and is taken whatever has become of the assessment.
// Errors: those of CheckOpen; kNotFound for `corrects`; kFailedPrecondition RECORD_SUPERSEDED or
// TOO_MANY_INSTRUMENTS; kInvalidArgument naming every wrong field.
absl::StatusOr<Decision> RecordInstrument(const v1::ClientAssessment& state, const v1::RecordInstrumentRequest& request,
                                          const pathway::Catalogue& catalogue, const pipeline::Context& context);

// OK when every instrument that the stage requires has been recorded for the assessment, or scored by the record
// of another. A record that tells why there are no answers counts: nobody can be made to answer.
// Errors: kFailedPrecondition INSTRUMENTS_MISSING naming them.
absl::Status CheckRequiredInstruments(const v1::ClientAssessment& state, const v1::Assessment& assessment,
                                      const pathway::v1::AssessmentStage& stage);

// All records in the order of their days, then of recording. Each result of a record that stands has the change
// since the one before it of the same instrument and version.
std::vector<v1::InstrumentRecord> RecordsOverTime(const v1::ClientAssessment& state);

// Whether the record is of that instrument ("was"), or scores it too.
bool IsOfInstrument(const v1::InstrumentRecord& record, absl::string_view id);

}  // namespace polku::assessment
