#include "services/assessment/domain/disclosure.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"

namespace polku::assessment {
namespace {

// Of what a command decides and its reply tells; empty where anybody's word is taken.
absl::string_view ClassOf(const v1::ClientAssessmentInput& input) {
  using Input = v1::ClientAssessmentInput;
  switch (input.input_case()) {
    case Input::kScheduleSession:
    case Input::kRecordInstrument:
    case Input::kCompleteAssessment:
    case Input::kCancelAssessment:
    case Input::kStartReassessment:
    case Input::kRequestConsultation:
      return kAssessmentClass;
    case Input::kProposePlan:
    case Input::kRevisePlan:
    case Input::kApprovePlan:
      return kPlanClass;
    default:
      return "";
  }
}

}  // namespace

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

bool IsAssessedBy(const v1::ClientAssessment& state, absl::string_view organisation) {
  const auto& assessments = state.assessments();
  return std::any_of(assessments.begin(), assessments.end(), [&](const v1::Assessment& each) {
    return each.unit() == organisation && each.state() != v1::ASSESSMENT_STATE_CANCELLED &&
           !IsJourneyClosed(state, each);
  });
}

absl::Status CheckCommandable(const v1::ClientAssessment& state, const v1::ClientAssessmentInput& input,
                              const pipeline::Context& context) {
  const absl::string_view data_class = ClassOf(input);
  if (data_class.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(permissions::CheckNotRestricted(state.restricted()));
  const std::string& organisation = context.principal.organisation;
  if (state.assessments().empty() || IsAssessedBy(state, organisation)) return absl::OkStatus();
  RETURN_IF_ERROR(permissions::CheckNotDenied(
      permissions::IsDenied(state.permissions(), organisation, data_class, LocalDay(context.now))));
  return permissions::CheckKnown(context.now - context.covered_until);
}

absl::Status CheckConsultable(const v1::ClientAssessment& state, const std::string& basis,
                              const std::string& organisation, const pipeline::Context& context) {
  RETURN_IF_ERROR(permissions::CheckNotRestricted(state.restricted()));
  if (!IsPermissionName(basis)) return absl::OkStatus();
  if (IsPermitted(state, basis, organisation, LocalDay(context.now))) {
    return permissions::CheckKnown(context.now - context.covered_until);
  }
  absl::Status status = absl::FailedPreconditionError("the client does not permit this organisation the assessment");
  AddViolation(status, "basis", absl::StrCat("lets ", organisation, " know nothing of class \"assessment\" today"));
  return WithReason(status, "PERMISSION_MISSING");
}

}  // namespace polku::assessment
