#include "services/coordinator-network/api/queries.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "libs/rpc/disclose.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/api/load_state.h"
#include "services/coordinator-network/domain/matching.h"
#include "services/coordinator-network/domain/permissions.h"
#include "services/coordinator-network/lookups.h"

namespace polku::coordinator_network {
namespace {

using pipeline::ToProto;
using store::Row;
using store::Value;

v1::Coordinator CoordinatorOf(const std::pair<v1::CoordinatorRecord, int64_t>& loaded) {
  v1::Coordinator coordinator = loaded.first.coordinator();
  coordinator.set_etag(absl::StrCat(loaded.second));
  return coordinator;
}

constexpr absl::string_view kTaskColumns =
    "task, coordinator, kind, rule, subject, measure, create_us, due_us, attempts, last_outcome, next_step_required, "
    "rung, waiting";

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
  task.set_rung(number(11));
  task.set_waiting(number(12));
  return task;
}

v1::Assignment AssignmentOf(const Row& row) {
  v1::Assignment assignment;
  assignment.set_coordinator(std::get<std::string>(row[0]));
  assignment.set_client(std::get<std::string>(row[1]));
  assignment.set_state(static_cast<v1::AssignmentState>(std::get<int64_t>(row[2])));
  *assignment.mutable_assign_time() = ToProto(store::ToTime(row[3]));
  if (std::holds_alternative<int64_t>(row[4])) *assignment.mutable_accept_time() = ToProto(store::ToTime(row[4]));
  assignment.set_handing_over_to(std::get<std::string>(row[5]));
  return assignment;
}

// A client whose state the caller may see.
struct Disclosed {
  std::string client;
  v1::ClientSupport state;
  std::vector<Row> permissions;  // As MissingClasses reads them.
  rpc::DisclosureFacts facts;
  bool own = false;  // The caller's organisation is that of the coordinator.
};

const char* ClassOf(rpc::DataClass data_class) {
  return data_class == rpc::DataClass::kReferral ? "referral" : "follow-up";
}

// An organisation that has the client sees it as its task. Any other only as long as the client does not deny it,
// which has to be known.
absl::Status AddFacts(rpc::ReadScope& scope, rpc::DataClass data_class, Disclosed& found) {
  found.facts.restricted = found.state.restricted();
  if (!found.state.assignment().coordinator().empty()) {
    ASSIGN_OR_RETURN(const auto coordinator,
                     LoadState<v1::CoordinatorRecord>(scope.reader, found.state.assignment().coordinator()));
    found.own = coordinator.first.coordinator().organisation() == scope.principal.organisation;
  }
  if (found.own) return absl::OkStatus();
  found.facts.denied =
      IsDenied(found.permissions, scope.principal.organisation, ClassOf(data_class), scope.clock.Now());
  ASSIGN_OR_RETURN(found.facts.permissions_unknown_for, scope.UnknownFor(found.client));
  return absl::OkStatus();
}

// The client of `name`.
absl::StatusOr<Disclosed> DisclosedSupport(rpc::ReadScope& scope, const std::string& name, absl::string_view pattern,
                                           absl::string_view field,
                                           rpc::DataClass data_class = rpc::DataClass::kFollowUp) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, pattern)) {
    return InvalidField(field, absl::StrCat("must be a name like \"", pattern, "\" with a lower-case UUID"));
  }
  Disclosed found;
  found.client = *client;
  ASSIGN_OR_RETURN(auto loaded, LoadState<v1::ClientSupport>(scope.reader, *client));
  found.state = std::move(loaded.first);
  ASSIGN_OR_RETURN(found.permissions, scope.reader.Query(LookupQueries().at("permissions_of_client"), {*client}));
  RETURN_IF_ERROR(AddFacts(scope, data_class, found));
  RETURN_IF_ERROR(rpc::Disclose(scope.principal, *client, data_class, found.facts));
  scope.Viewed(*client);
  return found;
}

// Whether the caller may see `meeting`: one that takes part by the client's permission may while it stands.
absl::Status DiscloseMeeting(const rpc::ReadScope& scope, const v1::Meeting& meeting,
                             const std::vector<std::string>& purposes, const Disclosed& found) {
  const std::string& organisation = scope.principal.organisation;
  rpc::DisclosureFacts facts = found.facts;
  for (const v1::MeetingParticipant& participant : meeting.participants()) {
    if (found.own || participant.organisation() != organisation || !participant.statute().empty()) continue;
    facts.not_permitted =
        !MissingClasses(found.permissions, organisation, meeting.classes(), scope.clock.Now(), purposes).empty();
  }
  return rpc::Disclose(scope.principal, found.client, rpc::DataClass::kFollowUp, facts);
}

// Who of the participants of a meeting to come may not be told what, as known now.
void AddMissingClasses(const Disclosed& found, const std::vector<std::string>& purposes, v1::Meeting& meeting) {
  if (meeting.state() != v1::MEETING_STATE_SCHEDULED) return;
  for (v1::MeetingParticipant& participant : *meeting.mutable_participants()) {
    if (!participant.statute().empty()) continue;
    const std::vector<std::string> missing =
        MissingClasses(found.permissions, participant.organisation(), meeting.classes(),
                       pipeline::FromProto(meeting.start_time()), purposes);
    participant.mutable_missing_classes()->Assign(missing.begin(), missing.end());
  }
}

constexpr int kProposals = 5;
constexpr int kProposalsMax = 50;

// "YYYY-MM".
bool IsMonth(const std::string& month) { return month.size() == 7 && ParseDay(absl::StrCat(month, "-01")).ok(); }

absl::Status CheckStatisticsRequest(const v1::TimeUseStatisticsRequest& request) {
  absl::Status status;
  if (!request.coordinator().empty() && !IsResourceName(request.coordinator(), "coordinators/*")) {
    AddViolation(status, "coordinator", "must be \"coordinators/X\" or empty");
  }
  if (!IsMonth(request.from_month())) AddViolation(status, "from_month", "must be a month \"YYYY-MM\"");
  if (!IsMonth(request.to_month())) {
    AddViolation(status, "to_month", "must be a month \"YYYY-MM\"");
  } else if (request.to_month() < request.from_month()) {
    AddViolation(status, "to_month", "must not be before from_month");
  }
  return status;
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
  // Who answers for a client is told to those who sent the client there, too.
  ASSIGN_OR_RETURN(const Disclosed found,
                   DisclosedSupport(scope, request.client(), "clients/*", "client", rpc::DataClass::kReferral));
  if (!found.state.has_assignment()) {
    return WithReason(absl::NotFoundError("no coordinator was ever sought for this client"), "ASSIGNMENT_UNKNOWN");
  }
  return found.state.assignment();
}

absl::StatusOr<v1::ListWorklistResponse> ListWorklist(rpc::ReadScope& scope, const v1::ListWorklistRequest& request) {
  if (!IsResourceName(request.coordinator(), "coordinators/*")) {
    return InvalidField("coordinator", "must be \"coordinators/X\" or \"coordinators/lead\"");
  }
  const std::string fingerprint = absl::StrCat("ListWorklist ", request.coordinator());
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  // Also the lists of those for whom this one stands in today.
  std::vector<Value> parameters = {request.coordinator(), FormatDay(LocalDay(scope.clock.Now()))};
  std::string sql =
      absl::StrCat("SELECT ", kTaskColumns,
                   " FROM task WHERE coordinator IN (SELECT $1 UNION SELECT coordinator FROM coordinator_absence"
                   " WHERE substitute = $1 AND start_day <= $2 AND end_day >= $2)");
  if (!cursor.after.empty()) {
    absl::StrAppend(&sql, " AND (due_us > $3 OR (due_us = $3 AND task > $4))");
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

absl::StatusOr<v1::ListAssignmentsResponse> ListAssignments(rpc::ReadScope& scope,
                                                            const v1::ListAssignmentsRequest& request) {
  const bool of_leavers = request.coordinator().empty();
  if (!of_leavers && !IsResourceName(request.coordinator(), "coordinators/*")) {
    return InvalidField("coordinator", "must be \"coordinators/X\", or empty for those who have left");
  }
  const std::string fingerprint = absl::StrCat("ListAssignments ", request.coordinator());
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  const std::string from = absl::StrCat(
      of_leavers ? " FROM assignment a JOIN coordinator c ON c.coordinator = a.coordinator WHERE c.leave_day <> ''"
                   " AND c.leave_day <= $1"
                 : " FROM assignment a WHERE a.coordinator = $1",
      " AND a.state IN (", int{v1::ASSIGNMENT_STATE_PROPOSED}, ", ", int{v1::ASSIGNMENT_STATE_ACCEPTED}, ")");
  std::vector<Value> parameters = {of_leavers ? FormatDay(LocalDay(scope.clock.Now())) : request.coordinator()};
  ASSIGN_OR_RETURN(const std::vector<Row> total, scope.reader.Query("SELECT COUNT(*)" + from, parameters));
  std::string page =
      absl::StrCat("SELECT a.coordinator, a.client, a.state, a.assign_us, a.accept_us, a.handing_over_to", from);
  if (!cursor.after.empty()) {
    absl::StrAppend(&page, " AND (a.coordinator > $2 OR (a.coordinator = $2 AND a.client > $3))");
    parameters.insert(parameters.end(), cursor.after.begin(), cursor.after.end());
  }
  absl::StrAppend(&page, " ORDER BY a.coordinator, a.client LIMIT ", cursor.limit + 1);
  ASSIGN_OR_RETURN(const std::vector<Row> rows, scope.reader.Query(page, parameters));
  v1::ListAssignmentsResponse response;
  response.set_total_size(static_cast<int>(std::get<int64_t>(total.front().front())));
  for (const Row& row : rows) {
    if (response.assignments_size() == cursor.limit) {
      const Row& last = rows[static_cast<size_t>(cursor.limit) - 1];
      response.set_next_page_token(scope.pager.Seal(fingerprint, {last[0], last[1]}));
      break;
    }
    *response.add_assignments() = AssignmentOf(row);
    scope.Viewed(std::get<std::string>(row[1]));
  }
  return response;
}

absl::StatusOr<v1::ProposeCoordinatorsResponse> ProposeCoordinators(rpc::ReadScope& scope,
                                                                    const v1::ProposeCoordinatorsRequest& request) {
  if (!IsResourceName(request.client(), "clients/*") || !ClientOf(request.client()).has_value()) {
    return InvalidField("client", "must be \"clients/C\" with a lower-case UUID");
  }
  if (request.page_size() < 0) return InvalidField("page_size", "must be 0 or more");
  const int limit = request.page_size() == 0 ? kProposals : std::min(request.page_size(), kProposalsMax);
  ASSIGN_OR_RETURN(const auto loaded, LoadState<v1::ClientSupport>(scope.reader, request.client()));
  if (!loaded.first.open()) {
    return WithReason(absl::FailedPreconditionError("the client is not supported here now"), "SUPPORT_NOT_OPEN");
  }
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   scope.reader.Query(LookupQueries().at("coordinators_for_client"), {request.client()}));
  std::vector<Candidate> candidates;
  for (const Row& row : rows) candidates.push_back(ReadCandidate(row, LocalDay(scope.clock.Now())));
  v1::ProposeCoordinatorsResponse response;
  while (response.proposals_size() < limit) {
    const std::optional<Match> best = BestMatch(candidates, loaded.first, Policy().weights);
    if (!best.has_value()) break;
    v1::CoordinatorProposal& proposal = *response.add_proposals();
    proposal.set_coordinator(best->coordinator);
    proposal.set_score(best->score);
    proposal.mutable_parts()->Assign(best->parts.begin(), best->parts.end());
    std::erase_if(candidates, [&](const Candidate& one) { return one.coordinator == best->coordinator; });
  }
  scope.Viewed(request.client());
  return response;
}

absl::StatusOr<v1::Meeting> GetMeeting(rpc::ReadScope& scope, const v1::GetMeetingRequest& request,
                                       const std::vector<std::string>& purposes) {
  ASSIGN_OR_RETURN(const Disclosed found, DisclosedSupport(scope, request.name(), "clients/*/meetings/*", "name"));
  for (v1::Meeting meeting : found.state.meetings()) {
    if (meeting.name() != request.name()) continue;
    RETURN_IF_ERROR(DiscloseMeeting(scope, meeting, purposes, found));
    AddMissingClasses(found, purposes, meeting);
    return meeting;
  }
  return WithReason(absl::NotFoundError("no such meeting, or one that ended long ago"), "MEETING_UNKNOWN");
}

absl::StatusOr<v1::ListMeetingsResponse> ListMeetings(rpc::ReadScope& scope, const v1::ListMeetingsRequest& request,
                                                      const std::vector<std::string>& purposes) {
  ASSIGN_OR_RETURN(const Disclosed found, DisclosedSupport(scope, request.client(), "clients/*", "client"));
  const v1::ClientSupport& state = found.state;
  const std::string fingerprint = absl::StrCat("ListMeetings ", request.client());
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  // A place in the list is a meeting's number: those before may have left since.
  const auto number_of = [](const v1::Meeting& meeting) {
    int64_t number = 0;
    POLKU_CHECK(absl::SimpleAtoi(LastSegment(meeting.name()), &number));
    return number;
  };
  const int64_t before =
      cursor.after.empty() ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(cursor.after.front());
  v1::ListMeetingsResponse response;
  for (int i = state.meetings_size() - 1; i >= 0; --i) {
    if (number_of(state.meetings(i)) >= before) continue;
    if (!DiscloseMeeting(scope, state.meetings(i), purposes, found).ok()) continue;
    if (response.meetings_size() == cursor.limit) {
      response.set_next_page_token(
          scope.pager.Seal(fingerprint, {number_of(response.meetings(response.meetings_size() - 1))}));
      break;
    }
    *response.add_meetings() = state.meetings(i);
    AddMissingClasses(found, purposes, *response.mutable_meetings()->rbegin());
  }
  return response;
}

absl::StatusOr<v1::TimeUseStatisticsResponse> TimeUseStatistics(rpc::ReadScope& scope,
                                                                const v1::TimeUseStatisticsRequest& request) {
  RETURN_IF_ERROR(CheckStatisticsRequest(request));
  const std::string fingerprint =
      absl::StrCat("TimeUseStatistics ", request.coordinator(), " ", request.from_month(), " ", request.to_month());
  ASSIGN_OR_RETURN(const rpc::Pager::Cursor cursor,
                   scope.pager.Open(fingerprint, request.page_token(), request.page_size()));
  std::vector<Value> parameters = {request.from_month(), request.to_month(), request.coordinator()};
  std::string sql =
      "SELECT coordinator, month, activity, CAST(SUM(minutes) AS BIGINT), COUNT(*) FROM time_use"
      " WHERE minutes > 0 AND month >= $1 AND month <= $2 AND ($3 = '' OR coordinator = $3)";
  if (!cursor.after.empty()) {
    absl::StrAppend(&sql, " AND (coordinator, month, activity) > ($4, $5, $6)");
    parameters.insert(parameters.end(), cursor.after.begin(), cursor.after.end());
  }
  absl::StrAppend(&sql, " GROUP BY coordinator, month, activity ORDER BY coordinator, month, activity LIMIT ",
                  cursor.limit + 1);
  ASSIGN_OR_RETURN(const std::vector<Row> rows, scope.reader.Query(sql, parameters));
  v1::TimeUseStatisticsResponse response;
  for (const Row& row : rows) {
    if (response.sums_size() == cursor.limit) {
      const Row& last = rows[static_cast<size_t>(cursor.limit) - 1];
      response.set_next_page_token(scope.pager.Seal(fingerprint, {last[0], last[1], last[2]}));
      break;
    }
    v1::TimeUseSum& sum = *response.add_sums();
    sum.set_coordinator(std::get<std::string>(row[0]));
    sum.set_month(std::get<std::string>(row[1]));
    sum.set_activity(std::get<std::string>(row[2]));
    sum.set_minutes(std::get<int64_t>(row[3]));
    sum.set_entries(static_cast<int>(std::get<int64_t>(row[4])));
  }
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
