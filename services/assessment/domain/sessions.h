// Sessions of the client with those who assess: agreed, then recorded.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// Errors: those of CheckOpen; kFailedPrecondition TOO_MANY_SESSIONS; kInvalidArgument naming start_time.
absl::StatusOr<Decision> ScheduleSession(const v1::ClientAssessment& state, const v1::ScheduleSessionRequest& request,
                                         const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Taken whatever has become of the assessment: what happened is a fact. A later record replaces an earlier one.
// Errors: kNotFound; kFailedPrecondition SESSION_NOT_BEGUN, or SESSION_RECORDED when it says the same already;
// kInvalidArgument naming outcome.
absl::StatusOr<Decision> RecordSession(const v1::ClientAssessment& state, const v1::RecordSessionRequest& request,
                                       const pipeline::Context& context);

// Cancels the sessions of the assessment that have not begun, on the unit's side.
void CallOffSessions(const std::string& assessment, Draft& draft);

}  // namespace polku::assessment
