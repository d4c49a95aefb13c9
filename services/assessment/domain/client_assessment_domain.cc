#include "services/assessment/domain/client_assessment_domain.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/after_due.h"
#include "services/assessment/domain/assessments.h"
#include "services/assessment/domain/consultations.h"
#include "services/assessment/domain/deadlines.h"
#include "services/assessment/domain/disclosure.h"
#include "services/assessment/domain/index.h"
#include "services/assessment/domain/instruments.h"
#include "services/assessment/domain/plans.h"
#include "services/assessment/domain/sessions.h"

namespace polku::assessment {
namespace {

absl::StatusOr<std::string> KeyOfPart(absl::string_view name, absl::string_view collection, absl::string_view field) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, absl::StrCat("clients/*/", collection, "/*"))) {
    return InvalidField(field, absl::StrCat("must be clients/<uuid>/", collection, "/<number>"));
  }
  return *client;
}

}  // namespace

std::vector<pipeline::Lookup> ClientAssessmentDomain::LookupsOf(const std::string& key, const State&,
                                                                const Input& input) const {
  std::vector<pipeline::Lookup> lookups;
  const auto& proposed = input.has_propose_plan() ? input.propose_plan().measures() : input.revise_plan().added();
  for (const v1::PlannedMeasure& measure : proposed) {
    if (!measure.group().empty()) lookups.push_back(GroupMembersOf(key, measure));
  }
  return lookups;
}

absl::StatusOr<std::string> ClientAssessmentDomain::KeyOf(const Input& input) const {
  switch (input.input_case()) {
    case Input::kCompleteAssessment:
      return KeyOfPart(input.complete_assessment().name(), "assessments", "name");
    case Input::kProposePlan:
      return KeyOfPart(input.propose_plan().assessment(), "assessments", "assessment");
    case Input::kApprovePlan:
      return KeyOfPart(input.approve_plan().name(), "plans", "name");
    case Input::kScheduleSession:
      return KeyOfPart(input.schedule_session().assessment(), "assessments", "assessment");
    case Input::kRecordSession:
      return KeyOfPart(input.record_session().name(), "sessions", "name");
    case Input::kCancelAssessment:
      return KeyOfPart(input.cancel_assessment().name(), "assessments", "name");
    case Input::kStartReassessment:
      return KeyOfPart(input.start_reassessment().assessment(), "assessments", "assessment");
    case Input::kRequestConsultation:
      return KeyOfPart(input.request_consultation().assessment(), "assessments", "assessment");
    case Input::kAnswerConsultation:
      return KeyOfPart(input.answer_consultation().name(), "consultations", "name");
    case Input::kRevisePlan:
      return KeyOfPart(input.revise_plan().plan(), "plans", "plan");
    case Input::kRecordInstrument:
      return KeyOfPart(input.record_instrument().assessment(), "assessments", "assessment");
    case Input::kMeasureStarted:
      return KeyOfPart(input.measure_started().measure(), "measures", "measure");
    case Input::kRecordVoided:
      return ClientOf(input.record_voided().name()).value_or("");
    case Input::kClientErased:
      return input.client_erased().client();
    case Input::kReferralAccepted:
      return KeyOfPart(input.referral_accepted().referral(), "referrals", "referral");
    case Input::kJourneyClosed:
      return input.journey_closed().client();
    case Input::kJourneyOpened:
      return input.journey_opened().client();
    case Input::kJourneyMoved:
      return input.journey_moved().client();
    case Input::kOutreachAttempted:
      return KeyOfPart(input.outreach_attempted().task(), "tasks", "task");
    case Input::kPermissionGranted:
      return KeyOfPart(input.permission_granted().permission(), "permissions", "permission");
    case Input::kPermissionWithdrawn:
      return KeyOfPart(input.permission_withdrawn().permission(), "permissions", "permission");
    case Input::kProcessingRestricted:
      return input.processing_restricted().client();
    case Input::kTick:
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("this input is for a key that its sender gives");
}

// A deadline that has passed when something else happens is told first, however late its tick
// comes: what is told does not depend on which of the two was quicker.
absl::StatusOr<Decision> ClientAssessmentDomain::Decide(const State& state, const Input& input,
                                                        const pipeline::Context& context) const {
  if (input.has_tick()) return OnTick(state, context);
  return pipeline::DecideAfterDue(
      *this, state, context,
      [](const State& before, const pipeline::Context& then) { return assessment::OnTick(before, then); },
      [&](const State& later, const pipeline::Context& then) { return DecideInput(later, input, then); });
}

absl::StatusOr<Decision> ClientAssessmentDomain::DecideInput(const State& state, const Input& input,
                                                             const pipeline::Context& context) const {
  RETURN_IF_ERROR(CheckCommandable(state, input, context));
  switch (input.input_case()) {
    case Input::kReferralAccepted:
      return OnReferralAccepted(state, input.referral_accepted(), catalogue_, context);
    case Input::kJourneyClosed:
      return OnJourneyClosed(state, input.journey_closed(), context);
    case Input::kJourneyOpened:
      return OnJourneyOpened(state, input.journey_opened(), context);
    case Input::kJourneyMoved:
      return OnJourneyMoved(state, input.journey_moved(), context);
    case Input::kOutreachAttempted:
      return OnOutreachAttempted(state, input.outreach_attempted(), catalogue_, context);
    case Input::kCompleteAssessment:
      return CompleteAssessment(state, input.complete_assessment(), catalogue_, context);
    case Input::kScheduleSession:
      return ScheduleSession(state, input.schedule_session(), catalogue_, context);
    case Input::kRecordSession:
      return RecordSession(state, input.record_session(), context);
    case Input::kCancelAssessment:
      return CancelAssessment(state, input.cancel_assessment(), context);
    case Input::kStartReassessment:
      return StartReassessment(state, input.start_reassessment(), catalogue_, context);
    case Input::kRequestConsultation:
      return RequestConsultation(state, input.request_consultation(), catalogue_, context);
    case Input::kAnswerConsultation:
      return AnswerConsultation(state, input.answer_consultation(), context);
    case Input::kRevisePlan:
      return RevisePlan(state, input.revise_plan(), catalogue_, context);
    case Input::kRecordInstrument:
      return RecordInstrument(state, input.record_instrument(), catalogue_, context);
    case Input::kPermissionGranted:
    case Input::kPermissionWithdrawn:
    case Input::kProcessingRestricted:
      return OnDisclosureFact(input);
    case Input::kMeasureStarted:
      return OnMeasureStarted(state, input.measure_started(), context);
    case Input::kRecordVoided:
      return OnRecordVoided(state, input.record_voided(), context);
    case Input::kClientErased: {
      // Nothing is told: what others keep of the client they forget by the same fact.
      Decision decision;
      *decision.events.emplace_back().mutable_client_erased() = input.client_erased();
      decision.erase = true;
      return decision;
    }
    case Input::kProposePlan:
      return ProposePlan(state, input.propose_plan(), catalogue_, context);
    case Input::kApprovePlan:
      return ApprovePlan(state, input.approve_plan(), context);
    case Input::kTick:
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("an input that this domain does not know");
}

std::optional<absl::Time> ClientAssessmentDomain::NextDue(const State& state) const { return NextDeadline(state); }

std::vector<pipeline::IndexRow> ClientAssessmentDomain::Index(const State& state) const { return IndexRows(state); }

}  // namespace polku::assessment
