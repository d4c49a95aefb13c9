// When an assessment opens, is complete, is cancelled or starts anew.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "polku/coordinator_network/v1/events.pb.h"
#include "polku/follow_up/v1/events.pb.h"
#include "polku/referral/v1/events.pb.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// The numbers that `assessment` is held to: those of its pathway, or those of the newest rule set for a pathway that
// this process does not know.
pathway::v1::AssessmentStage StageOf(const v1::Assessment& assessment, const pathway::Catalogue& catalogue);

// OK when `assessment` is there and open.
// Errors: kNotFound when it is null; kFailedPrecondition ASSESSMENT_COMPLETE or ASSESSMENT_CANCELLED.
absl::Status CheckOpen(const v1::Assessment* assessment);

// Opens one assessment a referral. The deadlines are ends of local days counted from the day of acceptance
// (AssessmentStage).
Decision OnReferralAccepted(const v1::ClientAssessment& state, const referral::v1::ReferralAccepted& accepted,
                            const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Open assessments of the journey are cancelled; one opened by a referral that is told
// only later, too.
Decision OnJourneyClosed(const v1::ClientAssessment& state, const follow_up::v1::JourneyClosed& closed,
                         const pipeline::Context& context);
// A journey that was closed is opened again: its assessment goes on, with the deadlines it had, unless a person
// had cancelled it.
Decision OnJourneyOpened(const v1::ClientAssessment& state, const follow_up::v1::JourneyOpened& opened,
                         const pipeline::Context& context);

// The journey goes on by another version of the pathway, and so do its assessments: what is asked, planned and opened
// from now on. Deadlines that run stay as they are. Known also of a referral that is told only later.
Decision OnJourneyMoved(const v1::ClientAssessment& state, const follow_up::v1::JourneyMoved& moved,
                        const pipeline::Context& context);

// Somebody has reached the client, and the needs have changed: the next assessment is opened, as of when that was told.
// Once for an interruption or, without one, a task; never beside an open assessment, which takes it in.
Decision OnOutreachAttempted(const v1::ClientAssessment& state,
                             const coordinator_network::v1::OutreachAttempted& attempted,
                             const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Errors: those of CheckOpen and CheckRequiredInstruments; kInvalidArgument naming reassess_date.
absl::StatusOr<Decision> CompleteAssessment(const v1::ClientAssessment& state,
                                            const v1::CompleteAssessmentRequest& request,
                                            const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Calls off the sessions to come. What becomes of the journey is follow-up's to find.
// Errors: those of CheckOpen; kInvalidArgument naming reason.
absl::StatusOr<Decision> CancelAssessment(const v1::ClientAssessment& state, const v1::CancelAssessmentRequest& request,
                                          const pipeline::Context& context);

// Opens an assessment of the same referral, unit and pathway, with deadlines counted from today.
// Errors: kNotFound; kFailedPrecondition JOURNEY_CLOSED, ASSESSMENT_OPEN or TOO_MANY_ASSESSMENTS.
absl::StatusOr<Decision> StartReassessment(const v1::ClientAssessment& state,
                                           const v1::StartReassessmentRequest& request,
                                           const pathway::Catalogue& catalogue, const pipeline::Context& context);

}  // namespace polku::assessment
