#include "services/assessment/domain/disclosure.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"

namespace polku::assessment {

Decision OnDisclosureFact(const v1::ClientAssessmentInput& input) {
  Decision decision;
  v1::ClientAssessmentEvent& event = decision.events.emplace_back();
  if (input.has_permission_granted()) *event.mutable_permission_granted() = input.permission_granted();
  if (input.has_permission_withdrawn()) *event.mutable_permission_withdrawn() = input.permission_withdrawn();
  if (input.has_processing_restricted()) *event.mutable_processing_restricted() = input.processing_restricted();
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
