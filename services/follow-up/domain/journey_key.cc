// Which journey an input is for.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/resource_name.h"
#include "libs/base/violation.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/provider_feed.h"

namespace polku::follow_up {
namespace {

using Input = polku::follow_up::v1::JourneyInput;

absl::StatusOr<std::string> ClientIn(absl::string_view name, absl::string_view pattern, absl::string_view field) {
  std::optional<std::string> client = ClientOf(name);
  if (client.has_value() && IsResourceName(name, pattern)) return *std::move(client);
  return InvalidField(field, absl::StrCat("must be a name like \"", pattern, "\""));
}

absl::StatusOr<std::string> KeyOfVoid(const polku::follow_up::v1::VoidRecordRequest& request) {
  constexpr absl::string_view kPatterns[] = {"clients/*/contacts/*", "clients/*/benefit-periods/*",
                                             "clients/*/interruptions/*", "clients/*/measures/*"};
  for (const absl::string_view pattern : kPatterns) {
    if (IsResourceName(request.name(), pattern)) return ClientIn(request.name(), pattern, "name");
  }
  return InvalidField("name", absl::StrCat("must be a name like \"", absl::StrJoin(kPatterns, "\" or \""), "\""));
}

absl::StatusOr<std::string> KeyOfPeerFact(const Input& input) {
  switch (input.input_case()) {
    case Input::kReferralAccepted:
      return ClientIn(input.referral_accepted().referral(), "clients/*/referrals/*", "referral");
    case Input::kPermissionWithdrawn:
      return ClientIn(input.permission_withdrawn().permission(), "clients/*/permissions/*", "permission");
    case Input::kPermissionGranted:
      return ClientIn(input.permission_granted().permission(), "clients/*/permissions/*", "permission");
    case Input::kProcessingRestricted:
      return ClientIn(input.processing_restricted().client(), "clients/*", "client");
    case Input::kClientTransferred:
      return ClientIn(input.client_transferred().client(), "clients/*", "client");
    case Input::kClientErased:
      return ClientIn(input.client_erased().client(), "clients/*", "client");
    case Input::kAssessmentOpened:
      return ClientIn(input.assessment_opened().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kAssessmentCompleted:
      return ClientIn(input.assessment_completed().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kAssessmentCancelled:
      return ClientIn(input.assessment_cancelled().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kSessionHeld:
      return ClientIn(input.session_held().session(), "clients/*/sessions/*", "session");
    case Input::kPlanApproved:
      return ClientIn(input.plan_approved().plan(), "clients/*/plans/*", "plan");
    case Input::kPlanRevised:
      return ClientIn(input.plan_revised().plan(), "clients/*/plans/*", "plan");
    case Input::kAssignmentAccepted:
      return ClientIn(input.assignment_accepted().client(), "clients/*", "client");
    case Input::kCoordinatorReplaced:
      return ClientIn(input.coordinator_replaced().client(), "clients/*", "client");
    // By the task: an attempt at a contact task has no interruption, and is activity all the same.
    case Input::kOutreachAttempted:
      return ClientIn(input.outreach_attempted().task(), "clients/*/tasks/*", "task");
    case Input::kOutreachCompleted:
      return ClientIn(input.outreach_completed().task(), "clients/*/tasks/*", "task");
    case Input::kMeetingHeld:
      return ClientIn(input.meeting_held().meeting(), "clients/*/meetings/*", "meeting");
    default:
      return absl::InternalError("a tick or an empty input has no key of its own");
  }
}

}  // namespace

absl::StatusOr<std::string> JourneyDomain::KeyOf(const Input& input) const {
  if (input.has_provider_report()) {
    return ClientIn(MeasureOf(input.provider_report()), "clients/*/measures/*", "measure");
  }
  switch (input.input_case()) {
    case Input::kStartMeasure:
      return ClientIn(input.start_measure().name(), "clients/*/measures/*", "name");
    case Input::kAttendanceMark:
      return ClientIn(input.attendance_mark().measure(), "clients/*/measures/*", "measure");
    case Input::kCompleteMeasure:
      return ClientIn(input.complete_measure().name(), "clients/*/measures/*", "name");
    case Input::kEndMeasureEarly:
      return ClientIn(input.end_measure_early().name(), "clients/*/measures/*", "name");
    case Input::kRecordContact:
      return ClientIn(input.record_contact().client(), "clients/*", "client");
    case Input::kResolveInterruption:
      return ClientIn(input.resolve_interruption().name(), "clients/*/interruptions/*", "name");
    case Input::kCloseJourney:
      return ClientIn(input.close_journey().client(), "clients/*", "client");
    case Input::kAgreePause:
      return ClientIn(input.agree_pause().client(), "clients/*", "client");
    case Input::kEndPause:
      return ClientIn(input.end_pause().name(), "clients/*/pauses/*", "name");
    case Input::kOfferTransition:
      return ClientIn(input.offer_transition().client(), "clients/*", "client");
    case Input::kAcceptTransition:
      return ClientIn(input.accept_transition().name(), "clients/*/transitions/*", "name");
    case Input::kDeclineTransition:
      return ClientIn(input.decline_transition().name(), "clients/*/transitions/*", "name");
    case Input::kRecordCircumstance:
      return ClientIn(input.record_circumstance().client(), "clients/*", "client");
    case Input::kReopenJourney:
      return ClientIn(input.reopen_journey().client(), "clients/*", "client");
    case Input::kHoldOutreach:
      return ClientIn(input.hold_outreach().client(), "clients/*", "client");
    case Input::kReleaseOutreach:
      return ClientIn(input.release_outreach().client(), "clients/*", "client");
    case Input::kImportJourney:
      return ClientIn(input.import_journey().client(), "clients/*", "client");
    case Input::kRequestReviewedOutreach:
      return ClientIn(input.request_reviewed_outreach().name(), "clients/*/interruptions/*", "name");
    case Input::kRecordBenefitPeriod:
      return ClientIn(input.record_benefit_period().client(), "clients/*", "client");
    case Input::kVoidRecord:
      return KeyOfVoid(input.void_record());
    case Input::kRecheckCoverage:
      return ClientIn(input.recheck_coverage().client(), "clients/*", "client");
    case Input::kTryRules:
      return ClientIn(input.try_rules().client(), "clients/*", "client");
    case Input::kMoveToRules:
      return ClientIn(input.move_to_rules().client(), "clients/*", "client");
    case Input::kTryMove:
      return ClientIn(input.try_move().client(), "clients/*", "client");
    case Input::kTakeMove:
      return ClientIn(input.take_move().client(), "clients/*", "client");
    case Input::kOutreachLetThrough:
      return ClientIn(input.outreach_let_through().interruption(), "clients/*/interruptions/*", "interruption");
    case Input::kClosureTold:
      return ClientIn(input.closure_told().client(), "clients/*", "client");
    default:
      return KeyOfPeerFact(input);
  }
}

}  // namespace polku::follow_up
