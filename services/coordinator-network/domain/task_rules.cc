#include "services/coordinator-network/domain/task_rules.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;
using pipeline::ToProto;

bool IsOutreach(const v1::Task& task) { return task.kind() == v1::TASK_KIND_OUTREACH; }
bool IsContact(const v1::Task& task) { return task.kind() == v1::TASK_KIND_CONTACT; }

}  // namespace

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
  *task.mutable_due_time() = ToProto(EndOfDay(AddOfficeDays(*day, turn.policy().contact_after_miss_office_days)));
  turn.AddTask(std::move(task));
}

void OnAssessmentOverdue(const polku::assessment::v1::AssessmentOverdue& fact, ClientTurn& turn) {
  if (!turn.OfCurrentJourney(turn.context().fact_time) || turn.IsHandled(fact.assessment())) return;
  v1::Task task;
  task.set_kind(v1::TASK_KIND_OVERDUE_ASSESSMENT);
  task.set_coordinator(turn.ListOwner());
  task.set_subject(fact.assessment());
  *task.mutable_due_time() =
      ToProto(DueAfterOfficeDays(FromProto(fact.deadline()), turn.policy().overdue_assessment_office_days));
  turn.AddTask(std::move(task));
}

void OnAssessmentCompleted(const polku::assessment::v1::AssessmentCompleted& fact, ClientTurn& turn) {
  turn.EndTasks(
      [&](const v1::Task& task) {
        return task.kind() == v1::TASK_KIND_OVERDUE_ASSESSMENT && task.subject() == fact.assessment();
      },
      v1::TASK_STATE_CANCELLED);
}

}  // namespace polku::coordinator_network
