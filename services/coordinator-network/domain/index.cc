#include "services/coordinator-network/domain/index.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/client_turn.h"
#include "services/coordinator-network/domain/matching.h"
#include "services/coordinator-network/domain/service_entry.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::IndexRow;
using store::TableShape;
using store::Value;

const TableShape& AssignmentTable() {
  static const TableShape shape{
      "assignment", {"client"}, {"coordinator", "state", "municipality", "assign_us", "accept_us", "handing_over_to"}};
  return shape;
}

const TableShape& TaskTable() {
  static const TableShape shape{"task",
                                {"task"},
                                {"client", "coordinator", "kind", "rule", "subject", "measure", "create_us", "due_us",
                                 "attempts", "last_outcome", "next_step_required", "rung", "waiting"}};
  return shape;
}

const TableShape& CoordinatorTable() {
  static const TableShape shape{"coordinator",
                                {"coordinator"},
                                {"organisation", "municipalities", "segment_mask", "languages", "competences",
                                 "capacity", "accepted", "last_accept_us", "absences", "leave_day"}};
  return shape;
}

const TableShape& CoordinatorMunicipalityTable() {
  static const TableShape shape{"coordinator_municipality", {"municipality", "coordinator"}, {"segment_mask"}};
  return shape;
}

const TableShape& AbsenceTable() {
  static const TableShape shape{"coordinator_absence", {"substitute", "coordinator", "start_day"}, {"end_day"}};
  return shape;
}

const TableShape& ServiceTable() {
  static const TableShape shape{
      "service", {"service"}, {"organisation", "segment_mask", "without_referral", "from_day", "to_day", "words"}};
  return shape;
}

const TableShape& ServiceCodeTable() {
  static const TableShape shape{"service_code", {"kind", "code", "service"}, {}};
  return shape;
}

std::string DayText(const google::type::Date& date) { return FormatDay(pipeline::FromProto(date)); }

Value Instant(bool given, const google::protobuf::Timestamp& timestamp) {
  if (!given) return std::monostate();
  return store::FromTime(pipeline::FromProto(timestamp));
}

int64_t Wide(int value) { return value; }

int64_t MaskOf(const google::protobuf::RepeatedField<int>& segments) {
  int64_t mask = 0;
  for (const int segment : segments) mask |= SegmentBit(static_cast<polku::common::v1::Segment>(segment));
  return mask;
}

void AddCodes(const char* kind, const google::protobuf::RepeatedPtrField<std::string>& codes,
              const std::string& service, std::vector<IndexRow>& rows) {
  for (const std::string& code : codes) rows.push_back({&ServiceCodeTable(), {std::string(kind), code, service}, {}});
}

IndexRow RowOf(const v1::Task& task, const std::string& client) {
  return {
      &TaskTable(),
      {task.name()},
      {client, task.coordinator(), Wide(task.kind()), Wide(task.rule()), task.subject(), task.measure(),
       Instant(true, task.create_time()), Instant(true, task.due_time()), Wide(task.attempts()),
       Wide(task.last_outcome()), Wide(task.next_step_required() ? 1 : 0), Wide(task.rung()), Wide(task.waiting())}};
}

}  // namespace

std::vector<IndexRow> IndexOf(const v1::ClientSupport& state) {
  std::vector<IndexRow> rows;
  if (state.open() && !state.closed()) {
    const v1::Assignment& assignment = state.assignment();
    rows.push_back({&AssignmentTable(),
                    {state.name()},
                    {assignment.coordinator(), Wide(assignment.state()), state.municipality(),
                     Instant(assignment.has_assign_time(), assignment.assign_time()),
                     Instant(assignment.has_accept_time(), assignment.accept_time()), assignment.handing_over_to()}});
  }
  for (const v1::Task& task : state.tasks()) {
    // While the support is closed the others wait for a later referral.
    if (!state.closed() || IsReferralTask(task)) rows.push_back(RowOf(task, state.name()));
  }
  return rows;
}

std::vector<IndexRow> IndexOf(const v1::CoordinatorRecord& state) {
  std::vector<IndexRow> rows;
  const v1::Coordinator& coordinator = state.coordinator();
  if (coordinator.name().empty()) return rows;
  const int64_t mask = MaskOf(coordinator.segments());
  rows.push_back({&CoordinatorTable(),
                  {coordinator.name()},
                  {coordinator.organisation(), absl::StrJoin(coordinator.municipalities(), " "), mask,
                   absl::StrJoin(coordinator.languages(), " "), absl::StrJoin(coordinator.competences(), " "),
                   Wide(coordinator.capacity()), Wide(coordinator.accepted()),
                   Instant(coordinator.has_last_accept_time(), coordinator.last_accept_time()),
                   absl::StrJoin(coordinator.absences(), " ",
                                 [](std::string* out, const v1::Absence& absence) {
                                   absl::StrAppend(out, DayText(absence.start_date()), "/",
                                                   DayText(absence.end_date()));
                                 }),
                   coordinator.has_leave_date() ? DayText(coordinator.leave_date()) : std::string()}});
  for (const v1::Absence& absence : coordinator.absences()) {
    if (absence.substitute().empty()) continue;
    rows.push_back({&AbsenceTable(),
                    {absence.substitute(), coordinator.name(), DayText(absence.start_date())},
                    {DayText(absence.end_date())}});
  }
  for (const std::string& municipality : coordinator.municipalities()) {
    rows.push_back({&CoordinatorMunicipalityTable(), {municipality, coordinator.name()}, {mask}});
  }
  return rows;
}

std::vector<IndexRow> IndexOf(const v1::BreakerWatch& state) {
  if (!state.has_task()) return {};
  return {RowOf(state.task(), /*client=*/"")};
}

std::vector<IndexRow> IndexOf(const v1::ProviderServices& state) {
  std::vector<IndexRow> rows;
  for (const v1::ServiceEntry& service : state.services()) {
    const v1::ServiceTitle& title = service.title();
    rows.push_back(
        {&ServiceTable(),
         {service.name()},
         {OrganisationOf(service.name()), MaskOf(service.segments()), Wide(service.without_referral() ? 1 : 0),
          service.has_valid_from() ? DayText(service.valid_from()) : std::string(),
          service.has_valid_to() ? DayText(service.valid_to()) : std::string(),
          InSmallLetters(absl::StrCat(title.fi(), "\n", title.sv(), "\n", title.en()))}});
    AddCodes("municipality", service.municipalities(), service.name(), rows);
    AddCodes("need", service.needs(), service.name(), rows);
    AddCodes("measure-type", service.measure_types(), service.name(), rows);
  }
  return rows;
}

}  // namespace polku::coordinator_network
