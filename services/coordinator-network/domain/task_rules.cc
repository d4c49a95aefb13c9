#include "services/coordinator-network/domain/task_rules.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;
using pipeline::ToProto;

bool IsOutreach(const v1::Task& task) { return task.kind() == v1::TASK_KIND_OUTREACH; }
bool IsContact(const v1::Task& task) { return task.kind() == v1::TASK_KIND_CONTACT; }

const v1::Task* FindSubject(const std::string& subject, const ClientTurn& turn) {
  for (const v1::Task& task : turn.state().tasks()) {
    if (task.subject() == subject) return &task;
  }
  return nullptr;
}

// Of which deadline of an assessment a task is. The completion's is the assessment itself.
std::string DeadlineSubject(const std::string& assessment, polku::assessment::v1::AssessmentDeadline kind) {
  using namespace polku::assessment::v1;  // NOLINT: its enumerators.
  if (kind == ASSESSMENT_DEADLINE_UNSPECIFIED || kind == ASSESSMENT_DEADLINE_COMPLETION) return assessment;
  absl::string_view name = AssessmentDeadline_Name(kind);
  absl::ConsumePrefix(&name, "ASSESSMENT_DEADLINE_");
  return absl::StrCat(assessment, " ", name);
}

void EndDeadlineTasks(const std::string& assessment,
                      std::initializer_list<polku::assessment::v1::AssessmentDeadline> kinds, ClientTurn& turn) {
  for (const auto kind : kinds) {
    const std::string subject = DeadlineSubject(assessment, kind);
    turn.EndTasks([&](const v1::Task& task) { return task.subject() == subject; }, v1::TASK_STATE_CANCELLED);
  }
}

std::string DayOfSession(const v1::Task& task) {
  const std::vector<std::string> parts = absl::StrSplit(task.subject(), ' ');
  return parts.size() == 3 ? parts[1] : std::string();
}

bool IsCall(const v1::Task& task) { return IsOutreach(task) || IsContact(task); }

// The end of the first office day on which calls go on; the infinite past when nothing holds them back.
absl::Time DueBehindHold(const ClientTurn& turn) {
  if (!turn.state().has_outreach_held_until()) return absl::InfinitePast();
  return DueAfterOfficeDays(FromProto(turn.state().outreach_held_until()) - absl::Microseconds(1), 1);
}

// Gives open calls the limit that `limit_of` makes of their own.
template <class Limit>
void MoveCallLimits(ClientTurn& turn, const Limit& limit_of) {
  const std::vector<v1::Task> tasks(turn.state().tasks().begin(), turn.state().tasks().end());
  for (const v1::Task& task : tasks) {
    const absl::Time due = FromProto(task.due_time());
    if (IsCall(task) && limit_of(due) != due) turn.EscalateTask(task.name(), task.rung(), ToProto(limit_of(due)));
  }
}

}  // namespace

void OnOutreachHeld(const polku::follow_up::v1::OutreachHeld& fact, ClientTurn& turn) {
  if (!pipeline::DayFrom(fact.until_date(), "until_date").ok()) return;
  v1::ClientSupportEvent event;
  *event.mutable_outreach_held() = fact;
  turn.Emit(std::move(event));
  MoveCallLimits(turn, [&](absl::Time due) { return std::max(due, DueBehindHold(turn)); });
}

void OnOutreachReleased(const polku::follow_up::v1::OutreachReleased& fact, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  *event.mutable_outreach_released() = fact;
  turn.Emit(std::move(event));
  const absl::Time limit = DueAfterOfficeDays(FromProto(fact.release_time()), 1);
  MoveCallLimits(turn, [&](absl::Time due) { return std::min(due, limit); });
}

void OnCircumstanceRecorded(const polku::follow_up::v1::CircumstanceRecorded& fact, ClientTurn& turn) {
  if (!pipeline::DayFrom(fact.from_date(), "from_date").ok()) return;
  v1::ClientSupportEvent event;
  *event.mutable_circumstance_recorded() = fact;
  turn.Emit(std::move(event));
  if (turn.state().standing_circumstances().empty()) return;
  // Follow-up itself takes back its outreach.
  turn.EndTasks(IsContact, v1::TASK_STATE_CANCELLED);
}

void OnOutreachRequested(const polku::follow_up::v1::OutreachRequested& fact, ClientTurn& turn) {
  if (!turn.OfCurrentJourney(turn.context().fact_time) || turn.IsHandled(fact.interruption())) return;
  if (fact.rule() == polku::follow_up::v1::RULE_MISSED_ATTENDANCE && !fact.measure().empty()) {
    turn.EndTasks([&](const v1::Task& task) { return IsContact(task) && task.measure() == fact.measure(); },
                  v1::TASK_STATE_CANCELLED);
  }
  v1::Task task;
  task.set_kind(v1::TASK_KIND_OUTREACH);
  task.set_coordinator(turn.ListOwner());
  task.set_subject(fact.interruption());
  task.set_measure(fact.measure());
  task.set_rule(fact.rule());
  task.set_next_step_required(fact.next_step_required());
  *task.mutable_due_time() = fact.due_time();
  const std::string name = turn.AddTask(std::move(task));

  v1::ClientSupportEvent event;
  v1::OutreachTaskAssigned& assigned = *event.mutable_outreach_task_assigned();
  assigned.set_task(name);
  assigned.set_interruption(fact.interruption());
  assigned.set_coordinator(turn.ListOwner());
  *assigned.mutable_due_time() = fact.due_time();
  turn.Emit(std::move(event));
}

void OnInterruptionEnded(const std::string& interruption, ClientTurn& turn) {
  if (!turn.IsHandled(interruption)) {
    v1::ClientSupportEvent event;
    event.mutable_early_end_noted()->set_interruption(interruption);
    turn.Emit(std::move(event));
    return;
  }
  turn.EndTasks([&](const v1::Task& task) { return IsOutreach(task) && task.subject() == interruption; },
                v1::TASK_STATE_CANCELLED);
}

void OnAttendanceMissed(const polku::follow_up::v1::AttendanceMissed& fact, ClientTurn& turn) {
  const absl::StatusOr<absl::CivilDay> day = pipeline::DayFrom(fact.date(), "date");
  if (!day.ok() || !turn.OfCurrentJourney(turn.context().fact_time)) return;
  if (!turn.state().standing_circumstances().empty()) return;
  const std::string subject = absl::StrCat(fact.measure(), " ", FormatDay(*day), " ", fact.session());
  if (turn.IsHandled(subject)) return;
  for (const v1::Task& task : turn.state().tasks()) {
    if (task.measure() == fact.measure() && (IsContact(task) || IsOutreach(task))) return;
  }
  v1::Task task;
  task.set_kind(v1::TASK_KIND_CONTACT);
  task.set_coordinator(turn.ListOwner());
  task.set_subject(subject);
  task.set_measure(fact.measure());
  const absl::Time due = EndOfDay(AddOfficeDays(*day, turn.policy().contact_after_miss_office_days));
  *task.mutable_due_time() = ToProto(std::max(due, DueBehindHold(turn)));
  turn.AddTask(std::move(task));
}

void OnAssessmentOverdue(const polku::assessment::v1::AssessmentOverdue& fact, ClientTurn& turn) {
  const std::string subject = DeadlineSubject(fact.assessment(), fact.kind());
  if (!turn.OfCurrentJourney(turn.context().fact_time) || turn.IsHandled(subject)) return;
  v1::Task task;
  task.set_kind(v1::TASK_KIND_OVERDUE_ASSESSMENT);
  task.set_coordinator(turn.ListOwner());
  task.set_subject(subject);
  *task.mutable_due_time() =
      ToProto(DueAfterOfficeDays(FromProto(fact.deadline()), turn.policy().overdue_assessment_office_days));
  turn.AddTask(std::move(task));
}

void OnAssessmentEnded(const std::string& assessment, ClientTurn& turn) {
  using namespace polku::assessment::v1;  // NOLINT: its enumerators.
  EndDeadlineTasks(assessment,
                   {ASSESSMENT_DEADLINE_FIRST_CONTACT, ASSESSMENT_DEADLINE_FIRST_MEETING,
                    ASSESSMENT_DEADLINE_COMPLETION, ASSESSMENT_DEADLINE_CONSULTATION},
                   turn);
}

void OnSessionScheduled(const polku::assessment::v1::SessionScheduled& fact, ClientTurn& turn) {
  EndDeadlineTasks(fact.assessment(), {polku::assessment::v1::ASSESSMENT_DEADLINE_FIRST_CONTACT}, turn);
}

void OnSessionHeld(const polku::assessment::v1::SessionHeld& fact, ClientTurn& turn) {
  using namespace polku::assessment::v1;  // NOLINT: its enumerators.
  EndDeadlineTasks(fact.assessment(), {ASSESSMENT_DEADLINE_FIRST_CONTACT, ASSESSMENT_DEADLINE_FIRST_MEETING}, turn);
}

void OnAssessmentOpened(const polku::assessment::v1::AssessmentOpened& fact, ClientTurn& turn) {
  turn.EndTasks(
      [&](const v1::Task& task) {
        return task.kind() == v1::TASK_KIND_OVERDUE_ASSESSMENT && absl::EndsWith(task.subject(), " REASSESSMENT") &&
               !absl::StartsWith(task.subject(), absl::StrCat(fact.assessment(), " "));
      },
      v1::TASK_STATE_CANCELLED);
}

void OnOutreachEscalated(const polku::follow_up::v1::OutreachEscalated& fact, ClientTurn& turn) {
  const v1::Task* task = FindSubject(fact.interruption(), turn);
  if (task == nullptr || !IsOutreach(*task)) return;
  const std::string name = task->name();
  turn.EscalateTask(name, fact.rung(), fact.due_time());
  if (fact.rung() >= polku::follow_up::v1::OUTREACH_RUNG_SUPERVISOR) turn.MoveTask(name, kLead);
}

void OnPauseAgreed(const polku::follow_up::v1::PauseAgreed& fact, ClientTurn& turn) {
  const absl::StatusOr<absl::CivilDay> start = pipeline::DayFrom(fact.start_date(), "start_date");
  const absl::StatusOr<absl::CivilDay> resume = pipeline::DayFrom(fact.resume_date(), "resume_date");
  if (!start.ok() || !resume.ok()) return;
  const std::string first = FormatDay(*start);
  const std::string after = FormatDay(*resume);
  turn.EndTasks(
      [&](const v1::Task& task) {
        if (!IsContact(task) || (!fact.measure().empty() && task.measure() != fact.measure())) return false;
        const std::string day = DayOfSession(task);
        return day >= first && day < after;
      },
      v1::TASK_STATE_CANCELLED);
}

void OnTransitionOffered(const polku::follow_up::v1::TransitionOffered& fact, ClientTurn& turn) {
  if (!turn.OfCurrentJourney(turn.context().fact_time) || turn.IsHandled(fact.transition())) return;
  v1::Task task;
  task.set_kind(v1::TASK_KIND_ANSWER_TRANSITION);
  task.set_coordinator(turn.ListOwner());
  task.set_subject(fact.transition());
  *task.mutable_due_time() = fact.accept_due_time();
  turn.AddTask(std::move(task));
}

void OnTransitionAnswered(const std::string& transition, ClientTurn& turn) {
  turn.EndTasks([&](const v1::Task& task) { return task.subject() == transition; }, v1::TASK_STATE_DONE);
}

void OnPlanChanged(ClientTurn& turn) {
  turn.EndTasks(
      [&](const v1::Task& task) {
        return task.kind() == v1::TASK_KIND_CHANGE_PLAN && FromProto(task.create_time()) <= turn.context().fact_time;
      },
      v1::TASK_STATE_DONE);
}

void OnReferralOverdue(const polku::referral::v1::ReferralOverdue& fact, ClientTurn& turn) {
  const bool escalated = fact.level() == polku::referral::v1::ReferralOverdue::LEVEL_ESCALATION;
  std::string subject = absl::StrCat(fact.referral(), " ", FormatDay(LocalDay(FromProto(fact.waiting_since()))));
  const google::protobuf::Timestamp due =
      ToProto(DueAfterOfficeDays(FromProto(fact.due_time()), turn.policy().overdue_referral_office_days));
  const int rung = escalated ? polku::follow_up::v1::OUTREACH_RUNG_SUPERVISOR : 0;
  if (const v1::Task* reminded = FindSubject(subject, turn); reminded != nullptr) {
    if (escalated) turn.EscalateTask(std::string(reminded->name()), rung, due);
    return;
  }
  // The reminder's task was put aside, and still nobody has answered.
  if (escalated) subject += " ESCALATION";
  if (turn.IsHandled(subject)) return;
  v1::Task task;
  task.set_kind(v1::TASK_KIND_ANSWER_REFERRAL);
  task.set_coordinator(kLead);
  task.set_subject(std::move(subject));
  task.set_rung(rung);
  *task.mutable_due_time() = due;
  turn.AddTask(std::move(task));
}

void OnReferralAnswered(const std::string& referral, ClientTurn& turn) {
  const std::string prefix = absl::StrCat(referral, " ");
  turn.EndTasks([&](const v1::Task& task) { return IsReferralTask(task) && absl::StartsWith(task.subject(), prefix); },
                v1::TASK_STATE_DONE);
}

}  // namespace polku::coordinator_network
