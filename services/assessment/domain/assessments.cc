#include "services/assessment/domain/assessments.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pathway/steps.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/instruments.h"
#include "services/assessment/domain/sessions.h"

namespace polku::assessment {
namespace {

using pathway::v1::AssessmentStage;
using pipeline::FromProto;
using pipeline::ToProto;

// Bounds the aggregate; decades of assessments twice a year stay below it.
constexpr int kAssessmentsMax = 100;

// Of a pathway that this process does not know. Nobody is assessed again but on a day that was agreed.
AssessmentStage StageByDefault(const pathway::Catalogue& catalogue) {
  const auto rule_sets = catalogue.rule_sets();
  POLKU_CHECK(!rule_sets.empty());  // A catalogue without rules is refused when it is loaded.
  const pathway::v1::RuleSet& rules = *rule_sets.back();
  AssessmentStage stage;
  stage.set_complete_within_days(rules.assessment_complete_within_days());
  stage.set_first_contact_office_days(rules.assessment_first_contact_office_days());
  stage.set_first_meeting_days(rules.assessment_first_meeting_days());
  stage.set_session_record_office_days(rules.assessment_session_record_office_days());
  stage.set_consultation_days(rules.assessment_consultation_days());
  return stage;
}

// The latest day that may be agreed on for the next assessment.
constexpr int kReassessYearsAheadMax = 3;

// Opens `assessment`, which has its referral, unit, pathway and open_time: numbers it and sets its deadlines.
void Open(v1::Assessment assessment, const pathway::Catalogue& catalogue, Draft& draft) {
  assessment.set_name(absl::StrCat(draft.key(), "/assessments/", NextNumber(draft.state().assessments())));
  assessment.set_state(v1::ASSESSMENT_STATE_OPEN);
  const AssessmentStage stage = StageOf(assessment, catalogue);
  const absl::CivilDay day = LocalDay(FromProto(assessment.open_time()));
  *assessment.mutable_deadline() = ToProto(EndOfDay(day + stage.complete_within_days()));
  *assessment.mutable_first_contact_deadline() =
      ToProto(EndOfDay(AddOfficeDays(day, stage.first_contact_office_days())));
  *assessment.mutable_first_meeting_deadline() = ToProto(EndOfDay(day + stage.first_meeting_days()));
  v1::ClientAssessmentEvent recorded;
  *recorded.mutable_assessment_recorded()->mutable_assessment() = assessment;
  draft.Emit(std::move(recorded));
  v1::ClientAssessmentEvent opened;
  opened.mutable_assessment_opened()->set_assessment(assessment.name());
  opened.mutable_assessment_opened()->set_unit(assessment.unit());
  *opened.mutable_assessment_opened()->mutable_open_time() = assessment.open_time();
  *opened.mutable_assessment_opened()->mutable_deadline() = assessment.deadline();
  opened.mutable_assessment_opened()->set_reassesses(assessment.reassesses());
  opened.mutable_assessment_opened()->set_reason(assessment.reason());
  opened.mutable_assessment_opened()->set_because_of(assessment.because_of());
  draft.Emit(std::move(opened));
}

// The next assessment after `before`: of the same referral, unit and pathway.
v1::Assessment After(const v1::Assessment& before, absl::Time open_time, v1::AssessmentReason reason) {
  v1::Assessment assessment;
  assessment.set_referral(before.referral());
  assessment.set_unit(before.unit());
  assessment.set_pathway(before.pathway());
  assessment.set_pathway_version(before.pathway_version());
  assessment.set_segment(before.segment());
  *assessment.mutable_needs() = before.needs();
  assessment.set_municipality(before.municipality());
  assessment.set_reassesses(before.name());
  assessment.set_reason(reason);
  *assessment.mutable_open_time() = ToProto(open_time);
  return assessment;
}

// What ended it last, a result or a person; the infinite past while nothing has.
absl::Time EndOf(const v1::Assessment& assessment) {
  if (assessment.has_complete_time()) return FromProto(assessment.complete_time());
  return assessment.has_cancel_time() ? FromProto(assessment.cancel_time()) : absl::InfinitePast();
}

// The assessment whose result no longer holds once it was told at `told` that the needs have changed. Null when one has
// taken that in or still will: it is open, or was until the journey ended; it was opened or ended later; it was opened
// because of the same; or the first one is still to come. So it does not matter in which order all that is heard of.
// Null also when the journey had ended before: the task was of it.
const v1::Assessment* ToReassess(const v1::ClientAssessment& state, const std::string& because_of, absl::Time told) {
  if (state.assessments().empty() || state.assessments_size() >= kAssessmentsMax) return nullptr;
  for (const v1::Assessment& each : state.assessments()) {
    if (IsOpen(each) || each.because_of() == because_of) return nullptr;
    if (FromProto(each.open_time()) >= told || EndOf(each) >= told) return nullptr;
  }
  const v1::Assessment& latest = *state.assessments().rbegin();
  const bool by_closing =
      latest.state() == v1::ASSESSMENT_STATE_CANCELLED && latest.cancel_reason() == v1::CANCEL_REASON_UNSPECIFIED;
  if (by_closing) return nullptr;
  const bool ended_before = state.has_journey_close_time() && FromProto(state.journey_close_time()) < told;
  return ended_before && IsJourneyClosed(state, latest) ? nullptr : &latest;
}

// When the result is to be looked at again; absent = never.
absl::StatusOr<std::optional<absl::Time>> ReassessTime(const v1::CompleteAssessmentRequest& request,
                                                       const AssessmentStage& stage, absl::CivilDay today) {
  if (!request.has_reassess_date()) {
    if (stage.reassess_after_days() == 0) return std::nullopt;
    return StartOfDay(today + stage.reassess_after_days());
  }
  ASSIGN_OR_RETURN(const absl::CivilDay day, pipeline::DayFrom(request.reassess_date(), "reassess_date"));
  if (day <= today) return InvalidField("reassess_date", "must be after today");
  if (day > absl::CivilDay(today.year() + kReassessYearsAheadMax, today.month(), today.day())) {
    return InvalidField("reassess_date", absl::StrCat("is more than ", kReassessYearsAheadMax, " years ahead"));
  }
  return StartOfDay(day);
}

absl::Status CheckOutcome(const std::string& outcome, const AssessmentStage& stage) {
  if (stage.outcomes().empty()) {
    return outcome.empty() ? absl::OkStatus() : InvalidField("outcome", "is not told on this pathway");
  }
  if (pathway::FindOutcome(stage.outcomes(), outcome) != nullptr) return absl::OkStatus();
  return InvalidField("outcome", absl::StrCat("must be one of ", absl::StrJoin(stage.outcomes(), ", ",
                                                                               [](std::string* out, const auto& each) {
                                                                                 out->append(each.code());
                                                                               })));
}

}  // namespace

AssessmentStage StageOf(const v1::Assessment& assessment, const pathway::Catalogue& catalogue) {
  // Version 0 would be the newest to Find; an event always names the version it means.
  const auto* definition =
      assessment.pathway_version() > 0 ? catalogue.Find(assessment.pathway(), assessment.pathway_version()) : nullptr;
  return definition == nullptr ? StageByDefault(catalogue) : definition->assessment();
}

Decision OnReferralAccepted(const v1::ClientAssessment& state, const referral::v1::ReferralAccepted& accepted,
                            const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  Draft draft(state, context);
  const auto known = std::find_if(state.assessments().begin(), state.assessments().end(), [&](const auto& each) {
    // Read again after a restore, it does not say of which referral it is.
    const bool unsaid = each.referral().empty() && FromProto(each.open_time()) == FromProto(accepted.accept_time());
    return each.referral() == accepted.referral() || unsaid;
  });
  if (known != state.assessments().end()) return std::move(draft).NoReply();
  v1::Assessment assessment;
  assessment.set_referral(accepted.referral());
  assessment.set_unit(accepted.receiving_unit());
  assessment.set_pathway(accepted.pathway());
  assessment.set_pathway_version(VersionOf(state, accepted.referral(), accepted.pathway_version()));
  assessment.set_reason(v1::ASSESSMENT_REASON_REFERRAL_ACCEPTED);
  assessment.set_segment(accepted.segment());
  *assessment.mutable_needs() = accepted.needs();
  assessment.set_municipality(accepted.municipality());
  *assessment.mutable_open_time() = accepted.accept_time();
  Open(std::move(assessment), catalogue, draft);
  return std::move(draft).NoReply();
}

Decision OnJourneyClosed(const v1::ClientAssessment& state, const follow_up::v1::JourneyClosed& closed,
                         const pipeline::Context& context) {
  Draft draft(state, context);
  v1::ClientAssessmentEvent event;
  *event.mutable_journey_closed() = closed;
  draft.Emit(std::move(event));
  return std::move(draft).NoReply();
}

Decision OnJourneyOpened(const v1::ClientAssessment& state, const follow_up::v1::JourneyOpened& opened,
                         const pipeline::Context& context) {
  Draft draft(state, context);
  // Without a closing before it there is nothing that it could undo.
  if (state.has_journey_close_time()) {
    v1::ClientAssessmentEvent event;
    *event.mutable_journey_opened() = opened;
    draft.Emit(std::move(event));
  }
  return std::move(draft).NoReply();
}

Decision OnJourneyMoved(const v1::ClientAssessment& state, const follow_up::v1::JourneyMoved& moved,
                        const pipeline::Context& context) {
  Draft draft(state, context);
  v1::ClientAssessmentEvent event;
  *event.mutable_journey_moved() = moved;
  draft.Emit(std::move(event));
  return std::move(draft).NoReply();
}

Decision OnOutreachAttempted(const v1::ClientAssessment& state,
                             const coordinator_network::v1::OutreachAttempted& attempted,
                             const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  Draft draft(state, context);
  if (attempted.outcome() != coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_NEEDS_CHANGED) {
    return std::move(draft).NoReply();
  }
  const std::string& because_of = attempted.interruption().empty() ? attempted.task() : attempted.interruption();
  const v1::Assessment* before = ToReassess(state, because_of, context.fact_time);
  if (before == nullptr) return std::move(draft).NoReply();
  v1::Assessment assessment = After(*before, context.fact_time, v1::ASSESSMENT_REASON_NEEDS_CHANGED);
  assessment.set_because_of(because_of);
  Open(std::move(assessment), catalogue, draft);
  return std::move(draft).NoReply();
}

absl::Status CheckOpen(const v1::Assessment* assessment) {
  if (assessment == nullptr) return absl::NotFoundError("assessment: no such assessment");
  if (assessment->state() == v1::ASSESSMENT_STATE_COMPLETE) {
    return WithReason(absl::FailedPreconditionError("assessment: it is complete already"), "ASSESSMENT_COMPLETE");
  }
  if (assessment->state() == v1::ASSESSMENT_STATE_CANCELLED) {
    return WithReason(absl::FailedPreconditionError("assessment: it is cancelled, or the journey has been closed"),
                      "ASSESSMENT_CANCELLED");
  }
  return absl::OkStatus();
}

absl::StatusOr<Decision> CompleteAssessment(const v1::ClientAssessment& state,
                                            const v1::CompleteAssessmentRequest& request,
                                            const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  const v1::Assessment* assessment = FindAssessment(state, request.name());
  RETURN_IF_ERROR(CheckOpen(assessment));
  const AssessmentStage stage = StageOf(*assessment, catalogue);
  ASSIGN_OR_RETURN(const std::optional<absl::Time> reassess, ReassessTime(request, stage, LocalDay(context.now)));
  RETURN_IF_ERROR(CheckRequiredInstruments(state, *assessment, stage));
  RETURN_IF_ERROR(CheckOutcome(request.outcome(), stage));
  Draft draft(state, context);
  if (!request.outcome().empty()) {
    v1::ClientAssessmentEvent concluded;
    concluded.mutable_assessment_concluded()->set_assessment(request.name());
    concluded.mutable_assessment_concluded()->set_outcome(request.outcome());
    draft.Emit(std::move(concluded));
  }
  if (reassess.has_value()) {
    v1::ClientAssessmentEvent agreed;
    agreed.mutable_reassessment_agreed()->set_assessment(request.name());
    *agreed.mutable_reassessment_agreed()->mutable_reassess_time() = ToProto(*reassess);
    draft.Emit(std::move(agreed));
  }
  v1::ClientAssessmentEvent event;
  event.mutable_assessment_completed()->set_assessment(request.name());
  *event.mutable_assessment_completed()->mutable_complete_time() = ToProto(context.now);
  draft.Emit(std::move(event));
  v1::Assessment reply = *FindAssessment(draft.state(), request.name());
  return std::move(draft).ReplyWith(std::move(reply));
}

absl::StatusOr<Decision> CancelAssessment(const v1::ClientAssessment& state, const v1::CancelAssessmentRequest& request,
                                          const pipeline::Context& context) {
  if (request.reason() == v1::CANCEL_REASON_UNSPECIFIED || !v1::CancelReason_IsValid(request.reason())) {
    return InvalidField("reason", "must be given");
  }
  RETURN_IF_ERROR(CheckOpen(FindAssessment(state, request.name())));
  Draft draft(state, context);
  CallOffSessions(request.name(), draft);
  v1::ClientAssessmentEvent recorded;
  recorded.mutable_cancellation_recorded()->set_assessment(request.name());
  recorded.mutable_cancellation_recorded()->set_reason(request.reason());
  draft.Emit(std::move(recorded));
  v1::ClientAssessmentEvent cancelled;
  cancelled.mutable_assessment_cancelled()->set_assessment(request.name());
  *cancelled.mutable_assessment_cancelled()->mutable_cancel_time() = ToProto(context.now);
  draft.Emit(std::move(cancelled));
  v1::Assessment reply = *FindAssessment(draft.state(), request.name());
  return std::move(draft).ReplyWith(std::move(reply));
}

absl::StatusOr<Decision> StartReassessment(const v1::ClientAssessment& state,
                                           const v1::StartReassessmentRequest& request,
                                           const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  const v1::Assessment* before = FindAssessment(state, request.assessment());
  if (before == nullptr) return absl::NotFoundError("reassessment: no such assessment");
  if (IsJourneyClosed(state, *before)) {
    return WithReason(absl::FailedPreconditionError("reassessment: the journey has been closed"), "JOURNEY_CLOSED");
  }
  for (const v1::Assessment& other : state.assessments()) {
    if (other.referral() == before->referral() && IsOpen(other)) {
      return WithReason(absl::FailedPreconditionError("reassessment: an assessment of the referral is open"),
                        "ASSESSMENT_OPEN");
    }
  }
  if (state.assessments_size() >= kAssessmentsMax) {
    return WithReason(absl::FailedPreconditionError("reassessment: the client has too many"), "TOO_MANY_ASSESSMENTS");
  }
  Draft draft(state, context);
  Open(After(*before, context.now, v1::ASSESSMENT_REASON_STARTED_BY_PERSON), catalogue, draft);
  v1::Assessment reply = *draft.state().assessments().rbegin();
  return std::move(draft).ReplyWith(std::move(reply));
}

}  // namespace polku::assessment
