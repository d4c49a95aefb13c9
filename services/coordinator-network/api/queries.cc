#include "services/coordinator-network/api/queries.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {
namespace {

using pipeline::ToProto;
using store::Row;
using store::Value;

// The state of an aggregate and its version; version 0 when there is none.
template <class State>
absl::StatusOr<std::pair<State, int64_t>> LoadState(store::Reader& reader, const std::string& key) {
  ASSIGN_OR_RETURN(const std::vector<store::StoredAggregate> found, reader.Load({&key, 1}));
  std::pair<State, int64_t> result{State(), found.front().version};
  if (!result.first.ParseFromString(found.front().state)) return absl::DataLossError("an aggregate cannot be read");
  return result;
}

v1::Coordinator CoordinatorOf(const std::pair<v1::CoordinatorRecord, int64_t>& loaded) {
  v1::Coordinator coordinator = loaded.first.coordinator();
  coordinator.set_etag(absl::StrCat(loaded.second));
  return coordinator;
}

constexpr absl::string_view kTaskColumns =
    "task, coordinator, kind, rule, subject, measure, create_us, due_us, attempts, last_outcome, next_step_required";

v1::Task TaskOf(const Row& row) {
  const auto number = [&row](size_t column) { return static_cast<int>(std::get<int64_t>(row[column])); };
  v1::Task task;
  task.set_name(std::get<std::string>(row[0]));
  task.set_coordinator(std::get<std::string>(row[1]));
  task.set_kind(static_cast<v1::TaskKind>(number(2)));
  task.set_state(v1::TASK_STATE_OPEN);
  task.set_rule(number(3));
  task.set_subject(std::get<std::string>(row[4]));
  task.set_measure(std::get<std::string>(row[5]));
  *task.mutable_create_time() = ToProto(store::ToTime(row[6]));
  *task.mutable_due_time() = ToProto(store::ToTime(row[7]));
  task.set_attempts(number(8));
  task.set_last_outcome(static_cast<v1::AttemptOutcome>(number(9)));
  task.set_next_step_required(number(10) != 0);
  return task;
}

}  // namespace

absl::StatusOr<v1::Coordinator> GetCoordinator(rpc::ReadScope& scope, const v1::GetCoordinatorRequest& request) {
  if (!IsResourceName(request.name(), "coordinators/*")) return InvalidField("name", "must be \"coordinators/X\"");
  ASSIGN_OR_RETURN(const auto loaded, LoadState<v1::CoordinatorRecord>(scope.reader, request.name()));
  if (loaded.second == 0) {
    return WithReason(absl::NotFoundError("no coordinator has this name"), "COORDINATOR_UNKNOWN");
  }
  return CoordinatorOf(loaded);
}

absl::StatusOr<v1::ListCoordinatorsResponse> ListCoordinators(rpc::ReadScope& scope,
                                                              const v1::ListCoordinatorsRequest& request) {
  constexpr absl::string_view kFingerprint = "ListCoordinators";
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(kFingerprint, request.page_token(), request.page_size()));
  const Value after = cursor.after.empty() ? Value(std::string()) : cursor.after.front();
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   scope.reader.Query(absl::StrCat("SELECT coordinator FROM coordinator WHERE coordinator > $1 "
                                                   "ORDER BY coordinator LIMIT ",
                                                   cursor.limit + 1),
                                      {after}));
  v1::ListCoordinatorsResponse response;
  for (const Row& row : rows) {
    if (response.coordinators_size() == cursor.limit) {
      response.set_next_page_token(scope.pager.Seal(kFingerprint, {response.coordinators(cursor.limit - 1).name()}));
      break;
    }
    ASSIGN_OR_RETURN(const auto loaded,
                     LoadState<v1::CoordinatorRecord>(scope.reader, std::get<std::string>(row.front())));
    *response.add_coordinators() = CoordinatorOf(loaded);
  }
  return response;
}

absl::StatusOr<v1::Assignment> GetAssignment(rpc::ReadScope& scope, const v1::GetAssignmentRequest& request) {
  if (!IsResourceName(request.client(), "clients/*") || !ClientOf(request.client()).has_value()) {
    return InvalidField("client", "must be \"clients/C\" with a lower-case UUID");
  }
  ASSIGN_OR_RETURN(const auto loaded, LoadState<v1::ClientSupport>(scope.reader, request.client()));
  if (!loaded.first.has_assignment()) {
    return WithReason(absl::NotFoundError("no coordinator was ever sought for this client"), "ASSIGNMENT_UNKNOWN");
  }
  scope.Viewed(request.client());
  return loaded.first.assignment();
}

absl::StatusOr<v1::ListWorklistResponse> ListWorklist(rpc::ReadScope& scope, const v1::ListWorklistRequest& request) {
  if (!IsResourceName(request.coordinator(), "coordinators/*")) {
    return InvalidField("coordinator", "must be \"coordinators/X\" or \"coordinators/lead\"");
  }
  const std::string fingerprint = absl::StrCat("ListWorklist ", request.coordinator());
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  std::vector<Value> parameters = {request.coordinator()};
  std::string sql = absl::StrCat("SELECT ", kTaskColumns, " FROM task WHERE coordinator = $1");
  if (!cursor.after.empty()) {
    absl::StrAppend(&sql, " AND (due_us > $2 OR (due_us = $2 AND task > $3))");
    parameters.insert(parameters.end(), cursor.after.begin(), cursor.after.end());
  }
  absl::StrAppend(&sql, " ORDER BY due_us, task LIMIT ", cursor.limit + 1);
  ASSIGN_OR_RETURN(const std::vector<Row> rows, scope.reader.Query(sql, parameters));
  v1::ListWorklistResponse response;
  for (const Row& row : rows) {
    if (response.tasks_size() == cursor.limit) {
      const Row& last = rows[static_cast<size_t>(cursor.limit) - 1];
      response.set_next_page_token(scope.pager.Seal(fingerprint, {last[7], last[0]}));
      break;
    }
    *response.add_tasks() = TaskOf(row);
  }
  scope.Viewed(request.coordinator());
  return response;
}

absl::StatusOr<WorklistTotals> CountWorklist(store::Reader& reader) {
  WorklistTotals totals;
  ASSIGN_OR_RETURN(const std::vector<Row> kinds, reader.Query("SELECT kind, COUNT(*) FROM task GROUP BY kind", {}));
  for (const Row& row : kinds) totals.open_tasks[std::get<int64_t>(row[0])] = std::get<int64_t>(row[1]);
  ASSIGN_OR_RETURN(
      const std::vector<Row> first,
      reader.Query("SELECT MIN(due_us) FROM task WHERE kind = $1 AND attempts = 0", {int64_t{v1::TASK_KIND_OUTREACH}}));
  totals.first_undelivered_due = store::ToTime(first.front().front());
  return totals;
}

}  // namespace polku::coordinator_network
