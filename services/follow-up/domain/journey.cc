#include "services/follow-up/domain/journey.h"

#include <memory>

#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/reconcile.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

absl::StatusOr<std::string> ClientIn(absl::string_view name, absl::string_view pattern, absl::string_view field) {
  std::optional<std::string> client = ClientOf(name);
  if (client.has_value() && IsResourceName(name, pattern)) return *std::move(client);
  return InvalidField(field, absl::StrCat("must be a name like \"", pattern, "\""));
}

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
    default:
      TakePeerFact(input, draft);
      return Reply();
  }
}

bool IsCommand(const JourneyInput& input) {
  switch (input.input_case()) {
    case JourneyInput::kStartMeasure:
    case JourneyInput::kAttendanceMark:
    case JourneyInput::kCompleteMeasure:
    case JourneyInput::kEndMeasureEarly:
    case JourneyInput::kRecordContact:
    case JourneyInput::kResolveInterruption:
    case JourneyInput::kCloseJourney:
      return true;
    default:
      return false;
  }
}

bool Looks(const JourneyInput& input) { return input.has_tick() || input.has_recheck_coverage(); }

}  // namespace

absl::StatusOr<std::string> JourneyDomain::KeyOf(const Input& input) const {
  switch (input.input_case()) {
    case Input::kReferralAccepted:
      return ClientIn(input.referral_accepted().referral(), "clients/*/referrals/*", "referral");
    case Input::kAssessmentOpened:
      return ClientIn(input.assessment_opened().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kAssessmentCompleted:
      return ClientIn(input.assessment_completed().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kPlanApproved:
      return ClientIn(input.plan_approved().plan(), "clients/*/plans/*", "plan");
    case Input::kAssignmentAccepted:
      return ClientIn(input.assignment_accepted().client(), "clients/*", "client");
    // By the task: an attempt at a contact task has no interruption, and is activity all the same.
    case Input::kOutreachAttempted:
      return ClientIn(input.outreach_attempted().task(), "clients/*/tasks/*", "task");
    case Input::kOutreachCompleted:
      return ClientIn(input.outreach_completed().task(), "clients/*/tasks/*", "task");
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
    case Input::kRecheckCoverage:
      return ClientIn(input.recheck_coverage().client(), "clients/*", "client");
    case Input::kTick:
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("a tick or an empty input has no key of its own");
}

absl::StatusOr<pipeline::Decision<JourneyEvent>> JourneyDomain::Decide(const State& state, const Input& input,
                                                                       const pipeline::Context& context) const {
  if (IsCommand(input)) RETURN_IF_ERROR(RequireOpen(state));
  Draft draft(state, context, catalogue_);
  Coverage coverage;
  Reply reply;
  if (Looks(input)) {
    coverage = CoverageFrom(context);
    JudgeUnmarkedSessions(coverage, draft);
  } else {
    HoldWhatIsDue(draft);
    ASSIGN_OR_RETURN(reply, Take(input, draft));
  }
  Reconcile(coverage, draft);
  pipeline::Decision<Event> decision = draft.Take();
  decision.reply = std::move(reply);
  return decision;
}

std::optional<absl::Time> JourneyDomain::NextDue(const State& state) const {
  const int64_t next = NextDueUs(state, RulesOf(catalogue_, state.rules_version()));
  return next == 0 ? std::nullopt : std::optional(At(next));
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
