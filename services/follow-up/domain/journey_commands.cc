// RecordContact, ResolveInterruption, CloseJourney, ReopenJourney.
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pathway/steps.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/evidence.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::DayFrom;
using polku::pipeline::TimeFrom;
using polku::pipeline::ToProto;

absl::StatusOr<InterruptionRecord> OpenOne(const JourneyRecord& journey, const std::string& name) {
  for (const InterruptionRecord& each : journey.interruptions()) {
    if (each.interruption() == name) return each;
  }
  int ordinal = 0;
  if (absl::SimpleAtoi(LastSegment(name), &ordinal) && ordinal >= 1 && ordinal <= journey.interruptions_numbered()) {
    return WithReason(absl::FailedPreconditionError("the interruption has ended already"), "INTERRUPTION_ENDED");
  }
  return WithReason(absl::NotFoundError("there is no such interruption"), "INTERRUPTION_NOT_FOUND");
}

absl::Status CheckNextStep(const ResolveInterruptionRequest& request, Rule rule, const Draft& draft) {
  if (request.has_next_step_date()) {
    ASSIGN_OR_RETURN(const absl::CivilDay day, DayFrom(request.next_step_date(), "next_step_date"));
    if (day < LocalDay(draft.now())) return InvalidField("next_step_date", "must be today or later");
    return absl::OkStatus();
  }
  if (!NeedsNextStep(rule)) return absl::OkStatus();
  absl::Status missing = absl::FailedPreconditionError("the client would be left without a dated next step");
  AddViolation(missing, "next_step_date", "is missing");
  return WithReason(std::move(missing), "NEXT_STEP_MISSING");
}

// The outcome is asked for where the pathway has done its part, not where life went another way.
absl::Status CheckOutcome(const CloseJourneyRequest& request, const Draft& draft) {
  const JourneyRecord& journey = draft.state();
  const auto* pathway =
      journey.pathway_version() > 0 ? draft.catalogue().Find(journey.pathway(), journey.pathway_version()) : nullptr;
  if (pathway == nullptr || pathway->closing_outcomes().empty()) {
    return request.outcome().empty() ? absl::OkStatus() : InvalidField("outcome", "the pathway has no outcomes");
  }
  if (request.outcome().empty()) {
    const bool asked = request.reason() == CLOSE_REASON_GOAL_REACHED ||
                       request.reason() == CLOSE_REASON_WORK_OR_STUDY || request.reason() == CLOSE_REASON_PENSION;
    return asked ? InvalidField("outcome", "is needed on this pathway") : absl::OkStatus();
  }
  return pathway::FindOutcome(pathway->closing_outcomes(), request.outcome()) != nullptr
             ? absl::OkStatus()
             : InvalidField("outcome", "is none of the pathway's closing outcomes");
}

absl::Status CheckClosing(const CloseJourneyRequest& request, const Draft& draft) {
  RETURN_IF_ERROR(RequireNamedUser("end a follow-up", draft.context()));
  if (request.reason() == CLOSE_REASON_UNSPECIFIED || !CloseReason_IsValid(request.reason())) {
    return InvalidField("reason", "must be one of the listed reasons");
  }
  RETURN_IF_ERROR(CheckOutcome(request, draft));
  if (!request.has_recontact_date()) {
    return request.reason() == CLOSE_REASON_NOT_REACHED
               ? InvalidField("recontact_date", "is required when the client was not reached")
               : absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const absl::CivilDay day, DayFrom(request.recontact_date(), "recontact_date"));
  return day <= LocalDay(draft.now()) ? InvalidField("recontact_date", "must be after today") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Reply> RecordContact(const RecordContactRequest& request, Draft& draft) {
  ASSIGN_OR_RETURN(const absl::Time time, TimeFrom(request.contact_time(), "contact_time"));
  if (time > draft.now()) return InvalidField("contact_time", "must not be in the future");
  if (!ContactKind_IsValid(request.kind())) return InvalidField("kind", "must be one of the listed kinds");
  if (!request.organisation().empty() && !IsResourceName(request.organisation(), "organisations/*")) {
    return InvalidField("organisation", "must be a name like \"organisations/*\", or empty");
  }
  JourneyEvent event;
  ContactRecorded& recorded = *event.mutable_contact_recorded();
  recorded.set_client(request.client());
  recorded.set_contact(absl::StrCat(request.client(), "/contacts/", draft.state().contacts_numbered() + 1));
  *recorded.mutable_contact_time() = request.contact_time();
  recorded.set_kind(request.kind() == CONTACT_KIND_UNSPECIFIED ? CONTACT_KIND_CALL : request.kind());
  recorded.set_organisation(request.organisation().empty() ? draft.context().principal.organisation
                                                           : request.organisation());
  auto reply = std::make_unique<RecordContactResponse>();
  reply->set_contact(recorded.contact());
  draft.Emit(std::move(event));
  return reply;
}

absl::StatusOr<Reply> ResolveInterruption(const ResolveInterruptionRequest& request, Draft& draft) {
  if (request.outcome() == RESOLUTION_OUTCOME_UNSPECIFIED || !ResolutionOutcome_IsValid(request.outcome())) {
    return InvalidField("outcome", "must be one of the listed outcomes");
  }
  if (request.outcome() == RESOLUTION_OUTCOME_JOURNEY_CLOSED) {
    return InvalidField("outcome", "is given by closing the journey");
  }
  ASSIGN_OR_RETURN(const InterruptionRecord open, OpenOne(draft.state(), request.name()));
  RETURN_IF_ERROR(CheckNextStep(request, open.rule(), draft));
  Interruption view = InterruptionView(draft.state(), open);
  Resolve(open, request.outcome(), draft.now(), request.has_next_step_date() ? &request.next_step_date() : nullptr,
          draft);
  view.set_state(INTERRUPTION_STATE_RESOLVED);
  view.set_outcome(request.outcome());
  *view.mutable_end_time() = ToProto(draft.now());
  return std::make_unique<Interruption>(std::move(view));
}

absl::StatusOr<Reply> CloseJourney(const CloseJourneyRequest& request, Draft& draft) {
  RETURN_IF_ERROR(CheckClosing(request, draft));
  const std::vector<InterruptionRecord> open(draft.state().interruptions().begin(),
                                             draft.state().interruptions().end());
  for (const InterruptionRecord& each : open) {
    Resolve(each, RESOLUTION_OUTCOME_JOURNEY_CLOSED, draft.now(), nullptr, draft);
  }
  JourneyEvent event;
  JourneyClosed& closed = *event.mutable_journey_closed();
  closed.set_client(request.client());
  closed.set_reason(request.reason());
  *closed.mutable_close_time() = ToProto(draft.now());
  if (request.has_recontact_date()) *closed.mutable_recontact_date() = request.recontact_date();
  closed.set_outcome(request.outcome());
  draft.Emit(std::move(event));
  return std::make_unique<Journey>(JourneyView(draft.state(), draft.rules()));
}

absl::StatusOr<Reply> ReopenJourney(const ReopenJourneyRequest& request, Draft& draft) {
  RETURN_IF_ERROR(RequireNamedUser("open a follow-up again", draft.context()));
  if (request.reason() == REOPEN_REASON_UNSPECIFIED || !ReopenReason_IsValid(request.reason())) {
    return InvalidField("reason", "must be one of the listed reasons");
  }
  const JourneyRecord& journey = draft.state();
  if (journey.open()) {
    return WithReason(absl::FailedPreconditionError("the client is being followed"), "JOURNEY_OPEN");
  }
  if (!journey.closed() || journey.erased()) return RequireOpen(JourneyRecord());
  const absl::CivilDay last = LocalDay(At(journey.close_us())) + draft.rules().reopen_within_days();
  if (LocalDay(draft.now()) > last) {
    return WithReason(absl::FailedPreconditionError("the follow-up ended too long ago: a new referral is needed"),
                      "REOPEN_TOO_LATE");
  }
  JourneyEvent event;
  JourneyOpened& opened = *event.mutable_journey_opened();
  opened.set_client(journey.client());
  opened.set_referral(journey.referral());
  opened.set_pathway(journey.pathway());
  opened.set_pathway_version(journey.pathway_version());
  opened.set_rules_version(journey.rules_version());
  opened.set_responsible_party(journey.responsible_party());
  opened.set_segment(journey.segment());
  *opened.mutable_open_time() = ToProto(draft.now());
  *opened.mutable_reopened_after() = ToProto(At(journey.close_us()));
  draft.Emit(std::move(event));
  return std::make_unique<Journey>(JourneyView(draft.state(), draft.rules()));
}

}  // namespace polku::follow_up
