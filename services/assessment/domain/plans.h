// Plans of measures: proposed, then approved by a named person.
#pragma once

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "polku/follow_up/v1/events.pb.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// Numbers the measures and fills what the measure type presets. Several plans may follow each other.
// Errors: kNotFound; kFailedPrecondition ASSESSMENT_NOT_COMPLETE, JOURNEY_CLOSED or
// TOO_MANY_PLANS; kInvalidArgument naming every wrong field of every measure.
absl::StatusOr<Decision> ProposePlan(const v1::ClientAssessment& state, const v1::ProposePlanRequest& request,
                                     const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Proposes a change of an approved plan, numbered like a plan. Several may wait; one that no longer fits when it
// is approved is refused then.
// Errors: kNotFound; kFailedPrecondition PLAN_IS_REVISION, PLAN_NOT_APPROVED, JOURNEY_CLOSED or TOO_MANY_PLANS;
// kInvalidArgument naming every wrong field.
absl::StatusOr<Decision> RevisePlan(const v1::ClientAssessment& state, const v1::RevisePlanRequest& request,
                                    const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Follow-up tells that a measure has started: no revision removes it from now on.
Decision OnMeasureStarted(const v1::ClientAssessment& state, const follow_up::v1::MeasureStarted& started,
                          const pipeline::Context& context);
// Follow-up tells that something was a mistake: a measure whose start was one may be removed again.
Decision OnRecordVoided(const v1::ClientAssessment& state, const follow_up::v1::RecordVoided& voided,
                        const pipeline::Context& context);

// Errors: kNotFound; kFailedPrecondition PLAN_APPROVED, PLAN_CHANGED or JOURNEY_CLOSED; kPermissionDenied
// USER_REQUIRED when nobody is named as the one who approves.
absl::StatusOr<Decision> ApprovePlan(const v1::ClientAssessment& state, const v1::ApprovePlanRequest& request,
                                     const pipeline::Context& context);

}  // namespace polku::assessment
