// Whom the client lets know of the assessment, by the facts of the referral service.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "libs/pipeline/domain.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// A class of data that permissions and denials are about, as the two services name it.
inline constexpr absl::string_view kAssessmentClass = "assessment";
inline constexpr absl::string_view kPlanClass = "plan";

// Of PermissionGranted, PermissionWithdrawn and ProcessingRestricted, which are journalled as they came.
Decision OnDisclosureFact(const v1::ClientAssessmentInput& input);

// Whether what a consultation rests on is a permission of the client, and not a statute.
bool IsPermissionName(absl::string_view basis);

// Whether that permission lets `organisation` know of the assessment on `day`. A denial outweighs it.
bool IsPermitted(const v1::ClientAssessment& state, absl::string_view permission, absl::string_view organisation,
                 absl::CivilDay day);

// The unit that assesses the client has that as its task until the journey is closed: no denial concerns it.
bool IsAssessedBy(const v1::ClientAssessment& state, absl::string_view organisation);

// Before a command about the client is taken, for its caller, whom the reply tells of the assessment or plan. How a
// session went is taken from everybody: it must not be lost, and its reply tells what its caller said. Consultations
// have CheckConsultable besides.
// Errors: kFailedPrecondition, reason PROCESSING_RESTRICTED; kPermissionDenied, reason CLIENT_DENIES, and kUnavailable,
// reason PERMISSIONS_UNKNOWN, for a unit that does not assess the client.
absl::Status CheckCommandable(const v1::ClientAssessment& state, const v1::ClientAssessmentInput& input,
                              const pipeline::Context& context);

// Before a consultation is asked for or answered. Errors: kFailedPrecondition, reason PROCESSING_RESTRICTED, or
// PERMISSION_MISSING naming basis; kUnavailable, reason PERMISSIONS_UNKNOWN.
absl::Status CheckConsultable(const v1::ClientAssessment& state, const std::string& basis,
                              const std::string& organisation, const pipeline::Context& context);

}  // namespace polku::assessment
