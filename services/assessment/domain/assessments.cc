#include "services/assessment/domain/assessments.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"

namespace polku::assessment {
namespace {

using pipeline::FromProto;

absl::Time DeadlineOf(const referral::v1::ReferralAccepted& accepted, const pathway::Catalogue& catalogue) {
  // Version 0 would be the newest to Find; an event always names the version it means.
  const auto* definition =
      accepted.pathway_version() > 0 ? catalogue.Find(accepted.pathway(), accepted.pathway_version()) : nullptr;
  const int days = definition == nullptr ? kCompleteWithinDaysDefault : definition->assessment().complete_within_days();
  return EndOfDay(LocalDay(FromProto(accepted.accept_time())) + days);
}

}  // namespace

Decision OnReferralAccepted(const v1::ClientAssessment& state, const referral::v1::ReferralAccepted& accepted,
                            const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  Draft draft(state, context);
  for (const v1::Assessment& known : state.assessments()) {
    if (known.referral() == accepted.referral()) return std::move(draft).NoReply();
  }
  v1::ClientAssessmentEvent recorded;
  v1::Assessment& assessment = *recorded.mutable_assessment_recorded()->mutable_assessment();
  assessment.set_name(absl::StrCat(context.key, "/assessments/", state.assessments_size() + 1));
  assessment.set_referral(accepted.referral());
  assessment.set_unit(accepted.receiving_unit());
  assessment.set_pathway(accepted.pathway());
  assessment.set_pathway_version(accepted.pathway_version());
  assessment.set_state(v1::ASSESSMENT_STATE_OPEN);
  *assessment.mutable_open_time() = accepted.accept_time();
  *assessment.mutable_deadline() = pipeline::ToProto(DeadlineOf(accepted, catalogue));
  v1::ClientAssessmentEvent opened;
  opened.mutable_assessment_opened()->set_assessment(assessment.name());
  opened.mutable_assessment_opened()->set_unit(assessment.unit());
  *opened.mutable_assessment_opened()->mutable_open_time() = assessment.open_time();
  *opened.mutable_assessment_opened()->mutable_deadline() = assessment.deadline();
  draft.Emit(std::move(recorded));
  draft.Emit(std::move(opened));
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

Decision OnTick(const v1::ClientAssessment& state, const pipeline::Context& context) {
  Draft draft(state, context);
  for (const v1::Assessment& assessment : state.assessments()) {
    if (assessment.state() != v1::ASSESSMENT_STATE_OPEN || FromProto(assessment.deadline()) > context.now) continue;
    v1::ClientAssessmentEvent event;
    event.mutable_assessment_overdue()->set_assessment(assessment.name());
    *event.mutable_assessment_overdue()->mutable_deadline() = assessment.deadline();
    draft.Emit(std::move(event));
  }
  return std::move(draft).NoReply();
}

std::optional<absl::Time> NextDeadline(const v1::ClientAssessment& state) {
  std::optional<absl::Time> next;
  for (const v1::Assessment& assessment : state.assessments()) {
    if (assessment.state() != v1::ASSESSMENT_STATE_OPEN) continue;
    const absl::Time deadline = FromProto(assessment.deadline());
    next = next.has_value() ? std::min(*next, deadline) : deadline;
  }
  return next;
}

absl::StatusOr<Decision> CompleteAssessment(const v1::ClientAssessment& state,
                                            const v1::CompleteAssessmentRequest& request,
                                            const pipeline::Context& context) {
  const v1::Assessment* assessment = FindAssessment(state, request.name());
  if (assessment == nullptr) return absl::NotFoundError("complete assessment: no such assessment");
  if (assessment->state() == v1::ASSESSMENT_STATE_COMPLETE) {
    return WithReason(absl::FailedPreconditionError("complete assessment: it is complete already"),
                      "ASSESSMENT_COMPLETE");
  }
  if (assessment->state() == v1::ASSESSMENT_STATE_CANCELLED) {
    return WithReason(absl::FailedPreconditionError("complete assessment: the journey has been closed"),
                      "ASSESSMENT_CANCELLED");
  }
  Draft draft(state, context);
  v1::ClientAssessmentEvent event;
  event.mutable_assessment_completed()->set_assessment(request.name());
  *event.mutable_assessment_completed()->mutable_complete_time() = pipeline::ToProto(context.now);
  draft.Emit(std::move(event));
  v1::Assessment reply = *FindAssessment(draft.state(), request.name());
  return std::move(draft).ReplyWith(std::move(reply));
}

}  // namespace polku::assessment
