// When an assessment opens, runs late, is complete or is cancelled.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "polku/follow_up/v1/events.pb.h"
#include "polku/referral/v1/events.pb.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// Calendar days for an assessment on a pathway that this process does not know: the client must
// not be without a deadline because a definition has not been rolled out here yet.
// Source: agreed practice; as in the shipped pathway.
inline constexpr int kCompleteWithinDaysDefault = 90;

// Opens one assessment a referral. The deadline is the end of the local day that lies
// complete_within_days of the pathway after the day of acceptance.
Decision OnReferralAccepted(const v1::ClientAssessment& state, const referral::v1::ReferralAccepted& accepted,
                            const pathway::Catalogue& catalogue, const pipeline::Context& context);

// Open assessments of the journey are cancelled; one opened by a referral that is told
// only later, too.
Decision OnJourneyClosed(const v1::ClientAssessment& state, const follow_up::v1::JourneyClosed& closed,
                         const pipeline::Context& context);
// A journey that was closed is opened again: its cancelled assessment goes on, with its deadline.
Decision OnJourneyOpened(const v1::ClientAssessment& state, const follow_up::v1::JourneyOpened& opened,
                         const pipeline::Context& context);

// Tells once of every open assessment whose deadline has passed.
Decision OnTick(const v1::ClientAssessment& state, const pipeline::Context& context);
std::optional<absl::Time> NextDeadline(const v1::ClientAssessment& state);

// Errors: kNotFound; kFailedPrecondition ASSESSMENT_COMPLETE or ASSESSMENT_CANCELLED.
absl::StatusOr<Decision> CompleteAssessment(const v1::ClientAssessment& state,
                                            const v1::CompleteAssessmentRequest& request,
                                            const pipeline::Context& context);

}  // namespace polku::assessment
