#include "services/assessment/domain/disclosure.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"

namespace polku::assessment {

Decision OnPermissionGranted(const polku::referral::v1::PermissionGranted& fact) {
  Decision decision;
  *decision.events.emplace_back().mutable_permission_granted() = fact;
  return decision;
}

Decision OnPermissionWithdrawn(const polku::referral::v1::PermissionWithdrawn& fact) {
  Decision decision;
  *decision.events.emplace_back().mutable_permission_withdrawn() = fact;
  return decision;
}

Decision OnProcessingRestricted(const polku::referral::v1::ProcessingRestricted& fact) {
  Decision decision;
  *decision.events.emplace_back().mutable_processing_restricted() = fact;
  return decision;
}

bool IsPermissionName(absl::string_view basis) { return IsResourceName(basis, "clients/*/permissions/*"); }

bool IsPermitted(const v1::ClientAssessment& state, absl::string_view permission, absl::string_view organisation,
                 absl::CivilDay day) {
  const auto* found = permissions::FindValid(state.permissions(), permission, day);
  return found != nullptr && !found->denial() && permissions::IsAbout(*found, organisation, kAssessmentClass) &&
         !permissions::IsDenied(state.permissions(), organisation, kAssessmentClass, day);
}

absl::Status CheckConsultable(const v1::ClientAssessment& state, const std::string& basis,
                              const std::string& organisation, const pipeline::Context& context) {
  if (state.restricted()) {
    return WithReason(absl::FailedPreconditionError("the client's processing is restricted"), "PROCESSING_RESTRICTED");
  }
  if (!IsPermissionName(basis)) return absl::OkStatus();
  if (IsPermitted(state, basis, organisation, LocalDay(context.now))) {
    return permissions::CheckKnown(context.now - context.covered_until);
  }
  absl::Status status = absl::FailedPreconditionError("the client does not permit this organisation the assessment");
  AddViolation(status, "basis", absl::StrCat("lets ", organisation, " know nothing of class \"assessment\" today"));
  return WithReason(status, "PERMISSION_MISSING");
}

}  // namespace polku::assessment
