#include "services/coordinator-network/domain/client_domain.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "services/coordinator-network/domain/assignment_rules.h"
#include "services/coordinator-network/domain/client_evolve.h"
#include "services/coordinator-network/domain/client_turn.h"
#include "services/coordinator-network/domain/hand_over.h"
#include "services/coordinator-network/domain/index.h"
#include "services/coordinator-network/domain/meetings.h"
#include "services/coordinator-network/domain/permissions.h"
#include "services/coordinator-network/domain/task_commands.h"
#include "services/coordinator-network/domain/task_rules.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using Decision = pipeline::Decision<v1::ClientSupportEvent>;

// The client of a name in `field`, which has to look like `pattern`.
absl::StatusOr<std::string> ClientIn(const std::string& name, absl::string_view pattern, absl::string_view field) {
  std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, pattern)) {
    return InvalidField(field, absl::StrCat("must be a name like \"", pattern, "\" with a lower-case UUID"));
  }
  return *std::move(client);
}

// What the referral service told of permissions and restriction is journalled as it came.
void KeepFact(const ClientDomain::Input& input, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  if (input.has_permission_granted()) *event.mutable_permission_granted() = input.permission_granted();
  if (input.has_permission_withdrawn()) *event.mutable_permission_withdrawn() = input.permission_withdrawn();
  if (input.has_processing_restricted()) *event.mutable_processing_restricted() = input.processing_restricted();
  turn.Emit(std::move(event));
}

absl::StatusOr<Decision> DecideFact(const ClientDomain::Input& input, ClientTurn& turn) {
  switch (input.input_case()) {
    case ClientDomain::Input::kReferralAccepted:
      OnReferralAccepted(input.referral_accepted(), turn);
      break;
    case ClientDomain::Input::kAssessmentOverdue:
      OnAssessmentOverdue(input.assessment_overdue(), turn);
      break;
    case ClientDomain::Input::kAssessmentOpened:
      OnAssessmentOpened(input.assessment_opened(), turn);
      break;
    case ClientDomain::Input::kAssessmentCompleted:
      OnAssessmentEnded(input.assessment_completed().assessment(), turn);
      break;
    case ClientDomain::Input::kAssessmentCancelled:
      OnAssessmentEnded(input.assessment_cancelled().assessment(), turn);
      break;
    case ClientDomain::Input::kSessionScheduled:
      OnSessionScheduled(input.session_scheduled(), turn);
      break;
    case ClientDomain::Input::kSessionHeld:
      OnSessionHeld(input.session_held(), turn);
      break;
    case ClientDomain::Input::kAttendanceMissed:
      OnAttendanceMissed(input.attendance_missed(), turn);
      break;
    case ClientDomain::Input::kOutreachRequested:
      OnOutreachRequested(input.outreach_requested(), turn);
      break;
    case ClientDomain::Input::kInterruptionRetracted:
      OnInterruptionEnded(input.interruption_retracted().interruption(), turn);
      break;
    case ClientDomain::Input::kInterruptionResolved:
      OnInterruptionEnded(input.interruption_resolved().interruption(), turn);
      break;
    case ClientDomain::Input::kJourneyClosed:
      OnJourneyClosed(turn);
      break;
    case ClientDomain::Input::kJourneyOpened:
      OnJourneyOpened(input.journey_opened(), turn);
      break;
    case ClientDomain::Input::kOutreachHeld:
      OnOutreachHeld(input.outreach_held(), turn);
      break;
    case ClientDomain::Input::kOutreachReleased:
      OnOutreachReleased(input.outreach_released(), turn);
      break;
    case ClientDomain::Input::kCircumstanceRecorded:
      OnCircumstanceRecorded(input.circumstance_recorded(), turn);
      break;
    case ClientDomain::Input::kOutreachEscalated:
      OnOutreachEscalated(input.outreach_escalated(), turn);
      break;
    case ClientDomain::Input::kPauseAgreed:
      OnPauseAgreed(input.pause_agreed(), turn);
      break;
    case ClientDomain::Input::kTransitionOffered:
      OnTransitionOffered(input.transition_offered(), turn);
      break;
    case ClientDomain::Input::kTransitionAccepted:
      OnTransitionAnswered(input.transition_accepted().transition(), turn);
      break;
    case ClientDomain::Input::kTransitionDeclined:
      OnTransitionAnswered(input.transition_declined().transition(), turn);
      break;
    case ClientDomain::Input::kReferralOverdue:
      OnReferralOverdue(input.referral_overdue(), turn);
      break;
    case ClientDomain::Input::kReferralDeclined:
      OnReferralAnswered(input.referral_declined().referral(), turn);
      break;
    case ClientDomain::Input::kReferralRedirected:
      OnReferralAnswered(input.referral_redirected().referral(), turn);
      break;
    case ClientDomain::Input::kReferralWithdrawn:
      OnReferralAnswered(input.referral_withdrawn().referral(), turn);
      break;
    case ClientDomain::Input::kReferralInformationRequested:
      OnReferralAnswered(input.referral_information_requested().referral(), turn);
      break;
    case ClientDomain::Input::kPermissionGranted:
    case ClientDomain::Input::kPermissionWithdrawn:
    case ClientDomain::Input::kProcessingRestricted:
      KeepFact(input, turn);
      break;
    case ClientDomain::Input::kPlanApproved:
    case ClientDomain::Input::kPlanRevised:
      OnPlanChanged(turn);
      break;
    case ClientDomain::Input::kConfirmAssignment:
      OnConfirmAssignment(input.confirm_assignment(), turn);
      break;
    case ClientDomain::Input::kBeginHandOver:
      OnBeginHandOver(input.begin_hand_over(), turn);
      break;
    case ClientDomain::Input::kAnswerHandOver:
      OnAnswerHandOver(input.answer_hand_over(), turn);
      break;
    default:
      return absl::InternalError("no rule for this input");
  }
  return turn.Finish();
}

template <class Message>
std::unique_ptr<google::protobuf::Message> Reply(Message message) {
  return std::make_unique<Message>(std::move(message));
}

}  // namespace

absl::StatusOr<std::string> ClientDomain::KeyOf(const Input& input) const {
  switch (input.input_case()) {
    case Input::kReferralAccepted:
      return ClientIn(input.referral_accepted().referral(), "clients/*/referrals/*", "referral");
    case Input::kAssessmentOverdue:
      return ClientIn(input.assessment_overdue().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kAssessmentOpened:
      return ClientIn(input.assessment_opened().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kAssessmentCancelled:
      return ClientIn(input.assessment_cancelled().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kSessionScheduled:
      return ClientIn(input.session_scheduled().session(), "clients/*/sessions/*", "session");
    case Input::kSessionHeld:
      return ClientIn(input.session_held().session(), "clients/*/sessions/*", "session");
    case Input::kAssessmentCompleted:
      return ClientIn(input.assessment_completed().assessment(), "clients/*/assessments/*", "assessment");
    case Input::kAttendanceMissed:
      return ClientIn(input.attendance_missed().measure(), "clients/*/measures/*", "measure");
    case Input::kOutreachRequested:
      return ClientIn(input.outreach_requested().interruption(), "clients/*/interruptions/*", "interruption");
    case Input::kOutreachEscalated:
      return ClientIn(input.outreach_escalated().interruption(), "clients/*/interruptions/*", "interruption");
    case Input::kPauseAgreed:
      return ClientIn(input.pause_agreed().pause(), "clients/*/pauses/*", "pause");
    case Input::kTransitionOffered:
      return ClientIn(input.transition_offered().transition(), "clients/*/transitions/*", "transition");
    case Input::kTransitionAccepted:
      return ClientIn(input.transition_accepted().transition(), "clients/*/transitions/*", "transition");
    case Input::kTransitionDeclined:
      return ClientIn(input.transition_declined().transition(), "clients/*/transitions/*", "transition");
    case Input::kReferralOverdue:
      return ClientIn(input.referral_overdue().referral(), "clients/*/referrals/*", "referral");
    case Input::kReferralDeclined:
      return ClientIn(input.referral_declined().referral(), "clients/*/referrals/*", "referral");
    case Input::kReferralRedirected:
      return ClientIn(input.referral_redirected().referral(), "clients/*/referrals/*", "referral");
    case Input::kReferralWithdrawn:
      return ClientIn(input.referral_withdrawn().referral(), "clients/*/referrals/*", "referral");
    case Input::kReferralInformationRequested:
      return ClientIn(input.referral_information_requested().referral(), "clients/*/referrals/*", "referral");
    case Input::kClientErased:
      return ClientIn(input.client_erased().client(), "clients/*", "client");
    case Input::kPermissionGranted:
      return ClientIn(input.permission_granted().permission(), "clients/*/permissions/*", "permission");
    case Input::kPermissionWithdrawn:
      return ClientIn(input.permission_withdrawn().permission(), "clients/*/permissions/*", "permission");
    case Input::kProcessingRestricted:
      return ClientIn(input.processing_restricted().client(), "clients/*", "client");
    case Input::kPlanApproved:
      return ClientIn(input.plan_approved().plan(), "clients/*/plans/*", "plan");
    case Input::kPlanRevised:
      return ClientIn(input.plan_revised().plan(), "clients/*/plans/*", "plan");
    case Input::kScheduleMeeting:
      return ClientIn(input.schedule_meeting().client(), "clients/*", "client");
    case Input::kRecordMeeting:
      return ClientIn(input.record_meeting().meeting(), "clients/*/meetings/*", "meeting");
    case Input::kDeclineAssignment:
      return ClientIn(input.decline_assignment().client(), "clients/*", "client");
    case Input::kBeginHandOver:
      return ClientIn(input.begin_hand_over().client(), "clients/*", "client");
    case Input::kAnswerHandOver:
      return ClientIn(input.answer_hand_over().client(), "clients/*", "client");
    case Input::kInterruptionRetracted:
      return ClientIn(input.interruption_retracted().interruption(), "clients/*/interruptions/*", "interruption");
    case Input::kInterruptionResolved:
      return ClientIn(input.interruption_resolved().interruption(), "clients/*/interruptions/*", "interruption");
    case Input::kJourneyClosed:
      return ClientIn(input.journey_closed().client(), "clients/*", "client");
    case Input::kJourneyOpened:
      return ClientIn(input.journey_opened().client(), "clients/*", "client");
    case Input::kOutreachHeld:
      return ClientIn(input.outreach_held().client(), "clients/*", "client");
    case Input::kOutreachReleased:
      return ClientIn(input.outreach_released().client(), "clients/*", "client");
    case Input::kCircumstanceRecorded:
      return ClientIn(input.circumstance_recorded().client(), "clients/*", "client");
    case Input::kAssignCoordinator:
      return ClientIn(input.assign_coordinator().client(), "clients/*", "client");
    case Input::kConfirmAssignment:
      return ClientIn(input.confirm_assignment().client(), "clients/*", "client");
    case Input::kRecordOutreachAttempt:
      return ClientIn(input.record_outreach_attempt().task(), "clients/*/tasks/*", "task");
    case Input::kCompleteTask:
      return ClientIn(input.complete_task().task(), "clients/*/tasks/*", "task");
    case Input::kTick:
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("the input names no client");
}

std::vector<pipeline::Lookup> ClientDomain::LookupsOf(const std::string& key, const State& state,
                                                      const Input& input) const {
  if (input.has_referral_accepted()) return {{"coordinators", {key, input.referral_accepted().municipality()}}};
  if (input.journey_opened().has_reopened_after()) return {{"coordinators", {key, state.municipality()}}};
  const bool is_message = input.record_outreach_attempt().channel() == polku::coordinator_network::v1::CHANNEL_MESSAGE;
  if (is_message || input.has_schedule_meeting() || input.has_record_meeting()) return {PermissionLookup(key)};
  if (!input.has_assign_coordinator() && !input.has_begin_hand_over() && !input.has_decline_assignment()) return {};
  const std::string& named =
      input.has_begin_hand_over() ? input.begin_hand_over().to() : input.assign_coordinator().coordinator();
  if (named.empty()) return {{"coordinators_for_client", {key}}};
  return {{"coordinator_by_name", {key, named}}};
}

absl::StatusOr<Decision> ClientDomain::Decide(const State& state, const Input& input,
                                              const pipeline::Context& context) const {
  if (input.has_tick()) return Decision();
  absl::StatusOr<std::string> client = KeyOf(input);
  const bool is_command = input.has_assign_coordinator() || input.has_decline_assignment() ||
                          input.has_record_outreach_attempt() || input.has_complete_task() ||
                          input.has_schedule_meeting() || input.has_record_meeting();
  if (!client.ok()) {
    if (is_command) return client.status();
    return Decision();  // A peer's fact is never refused.
  }
  ClientTurn turn(state, *std::move(client), context, policy_);
  switch (input.input_case()) {
    case Input::kAssignCoordinator:
      RETURN_IF_ERROR(AssignCoordinator(input.assign_coordinator(), turn));
      return turn.Finish(Reply(turn.state().assignment()));
    case Input::kDeclineAssignment:
      RETURN_IF_ERROR(DeclineAssignment(input.decline_assignment(), turn));
      return turn.Finish(Reply(turn.state().assignment()));
    case Input::kClientErased: {
      OnErased(turn);
      Decision decision = turn.Finish();
      decision.erase = true;
      return decision;
    }
    case Input::kRecordOutreachAttempt: {
      ASSIGN_OR_RETURN(v1::Task task, RecordAttempt(input.record_outreach_attempt(), turn));
      return turn.Finish(Reply(std::move(task)));
    }
    case Input::kCompleteTask: {
      ASSIGN_OR_RETURN(v1::Task task, CompleteTask(input.complete_task(), turn));
      return turn.Finish(Reply(std::move(task)));
    }
    case Input::kScheduleMeeting: {
      ASSIGN_OR_RETURN(v1::Meeting meeting, ScheduleMeeting(input.schedule_meeting(), turn));
      return turn.Finish(Reply(std::move(meeting)));
    }
    case Input::kRecordMeeting: {
      ASSIGN_OR_RETURN(v1::Meeting meeting, RecordMeeting(input.record_meeting(), turn));
      return turn.Finish(Reply(std::move(meeting)));
    }
    default:
      return DecideFact(input, turn);
  }
}

void ClientDomain::Evolve(const Event& event, State& state) const { EvolveClient(event, policy_, state); }

std::vector<pipeline::IndexRow> ClientDomain::Index(const State& state) const { return IndexOf(state); }

std::vector<pipeline::IndexRow> ClientDomain::RowsOf(const Event& event) const { return PermissionRows(event); }

}  // namespace polku::coordinator_network
