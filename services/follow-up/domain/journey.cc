#include "services/follow-up/domain/journey.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/disclosure.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey_move.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"
#include "services/follow-up/domain/own_clients.h"
#include "services/follow-up/domain/provider_feed.h"
#include "services/follow-up/domain/reconcile.h"
#include "services/follow-up/domain/rule_set.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

// The command's reply; null for a Tick, a step and a peer's fact.
absl::StatusOr<Reply> Take(const JourneyInput& input, Draft& draft) {
  switch (input.input_case()) {
    case JourneyInput::kStartMeasure:
      return StartMeasure(input.start_measure(), draft);
    case JourneyInput::kAttendanceMark:
      return RecordMark(input.attendance_mark(), draft);
    case JourneyInput::kCompleteMeasure:
      return CompleteMeasure(input.complete_measure(), draft);
    case JourneyInput::kEndMeasureEarly:
      return EndMeasureEarly(input.end_measure_early(), draft);
    case JourneyInput::kRecordContact:
      return RecordContact(input.record_contact(), draft);
    case JourneyInput::kResolveInterruption:
      return ResolveInterruption(input.resolve_interruption(), draft);
    case JourneyInput::kCloseJourney:
      return CloseJourney(input.close_journey(), draft);
    case JourneyInput::kAgreePause:
      return AgreePause(input.agree_pause(), draft);
    case JourneyInput::kEndPause:
      return EndPause(input.end_pause(), draft);
    case JourneyInput::kOfferTransition:
      return OfferTransition(input.offer_transition(), draft);
    case JourneyInput::kAcceptTransition:
      return AcceptTransition(input.accept_transition(), draft);
    case JourneyInput::kDeclineTransition:
      return DeclineTransition(input.decline_transition(), draft);
    case JourneyInput::kRecordCircumstance:
      return RecordCircumstance(input.record_circumstance(), draft);
    case JourneyInput::kReopenJourney:
      return ReopenJourney(input.reopen_journey(), draft);
    case JourneyInput::kHoldOutreach:
      return HoldOutreach(input.hold_outreach(), draft);
    case JourneyInput::kReleaseOutreach:
      return ReleaseOutreach(input.release_outreach(), draft);
    case JourneyInput::kVoidRecord:
      return VoidRecord(input.void_record(), draft);
    case JourneyInput::kRecordBenefitPeriod:
      return RecordBenefitPeriod(input.record_benefit_period(), draft);
    case JourneyInput::kImportJourney:
      return ImportJourney(input.import_journey(), draft);
    case JourneyInput::kRequestReviewedOutreach:
      return RequestReviewedOutreach(input.request_reviewed_outreach(), draft);
    case JourneyInput::kTryRules:
      TryRulesOn(input.try_rules(), draft);
      return Reply();
    case JourneyInput::kMoveToRules:
      MoveTo(input.move_to_rules(), draft);
      return Reply();
    case JourneyInput::kTryMove:
      TryMoveOn(input.try_move(), draft);
      return Reply();
    case JourneyInput::kTakeMove:
      MoveAlong(input.take_move(), draft);
      return Reply();
    case JourneyInput::kOutreachLetThrough:
      TakeLetThrough(input.outreach_let_through(), draft);
      return Reply();
    case JourneyInput::kClosureTold:
      TakeClosure(input.closure_told(), draft);
      return Reply();
    default:
      TakePeerFact(input, draft);
      return Reply();
  }
}

// Everything a caller says of a journey that goes on.
bool IsCommandForOpen(const JourneyInput& input) {
  switch (input.input_case()) {
    case JourneyInput::kStartMeasure:
    case JourneyInput::kAttendanceMark:
    case JourneyInput::kCompleteMeasure:
    case JourneyInput::kEndMeasureEarly:
    case JourneyInput::kRecordContact:
    case JourneyInput::kResolveInterruption:
    case JourneyInput::kCloseJourney:
    case JourneyInput::kAgreePause:
    case JourneyInput::kEndPause:
    case JourneyInput::kOfferTransition:
    case JourneyInput::kAcceptTransition:
    case JourneyInput::kDeclineTransition:
    case JourneyInput::kRecordCircumstance:
    case JourneyInput::kHoldOutreach:
    case JourneyInput::kReleaseOutreach:
    case JourneyInput::kVoidRecord:
    case JourneyInput::kRecordBenefitPeriod:
    case JourneyInput::kImportJourney:
    case JourneyInput::kRequestReviewedOutreach:
      return true;
    default:
      return false;
  }
}

bool Looks(const JourneyInput& input) { return input.has_tick() || input.has_recheck_coverage(); }

}  // namespace

absl::StatusOr<pipeline::Decision<JourneyEvent>> JourneyDomain::Decide(const State& state, const Input& input,
                                                                       const pipeline::Context& context) const {
  if (input.has_provider_report()) {
    RETURN_IF_ERROR(RequireOpen(state));
    RETURN_IF_ERROR(CheckProvider(input.provider_report(), state, context.principal.organisation));
    return Decide(state, CommandIn(input.provider_report()), context);
  }
  if (context.principal.role == kProviderRole) {
    RETURN_IF_ERROR(CheckOwnClient(input, state, context.principal.organisation));
  }
  // A case number is an alias: the command has come to whom the case belongs to.
  if (input.has_import_journey() && !state.client().empty() && state.client() != input.import_journey().client()) {
    return WithReason(absl::AlreadyExistsError("another client was brought in from that case"), "CASE_IMPORTED");
  }
  if (IsDecision(input)) RETURN_IF_ERROR(CheckMayKnow(state, context));
  if (IsCommandForOpen(input)) RETURN_IF_ERROR(RequireOpen(state));
  Draft draft(state, context, catalogue_);
  Coverage coverage;
  Reply reply;
  EndHoldThatIsOver(draft);
  if (Looks(input)) {
    coverage = CoverageFrom(context);
    JudgeUnmarkedSessions(coverage, draft);
  } else {
    HoldWhatIsDue(draft);
    ASSIGN_OR_RETURN(reply, Take(input, draft));
  }
  Reconcile(coverage, draft);
  AskForClosures(state, draft);
  pipeline::Decision<Event> decision = draft.Take();
  decision.erase = input.has_client_erased();
  HoldBack(state, context, reply.get());
  decision.reply = std::move(reply);
  return decision;
}

absl::Status RequireNamedUser(absl::string_view what, const pipeline::Context& context) {
  if (!context.principal.user.empty()) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError(absl::StrCat("only a named person may ", what)),
                    "NAMED_USER_REQUIRED");
}

absl::Status RequireOpen(const JourneyRecord& journey) {
  if (journey.open()) return absl::OkStatus();
  if (!journey.closed()) return WithReason(absl::NotFoundError("the client is not followed here"), "JOURNEY_NOT_FOUND");
  return WithReason(absl::FailedPreconditionError("the follow-up of the client has ended"), "JOURNEY_CLOSED");
}

void Resolve(const InterruptionRecord& open, ResolutionOutcome outcome, absl::Time time,
             const google::type::Date* next_step, Draft& draft) {
  JourneyEvent event;
  InterruptionResolved& resolved = *event.mutable_interruption_resolved();
  resolved.set_interruption(open.interruption());
  resolved.set_outcome(outcome);
  *resolved.mutable_resolve_time() = pipeline::ToProto(time);
  if (next_step != nullptr) *resolved.mutable_next_step_date() = *next_step;
  draft.Emit(std::move(event));
}

}  // namespace polku::follow_up
