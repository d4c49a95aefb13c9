#include "services/coordinator-network/domain/index.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::IndexRow;
using store::TableShape;
using store::Value;

const TableShape& AssignmentTable() {
  static const TableShape shape{
      "assignment", {"client"}, {"coordinator", "state", "municipality", "assign_us", "accept_us"}};
  return shape;
}

const TableShape& TaskTable() {
  static const TableShape shape{"task",
                                {"task"},
                                {"client", "coordinator", "kind", "rule", "subject", "measure", "create_us", "due_us",
                                 "attempts", "last_outcome", "next_step_required"}};
  return shape;
}

const TableShape& CoordinatorTable() {
  static const TableShape shape{"coordinator",
                                {"coordinator"},
                                {"organisation", "municipalities", "segment_mask", "languages", "competences",
                                 "capacity", "accepted", "last_accept_us"}};
  return shape;
}

const TableShape& CoordinatorMunicipalityTable() {
  static const TableShape shape{"coordinator_municipality", {"municipality", "coordinator"}, {"segment_mask"}};
  return shape;
}

Value Instant(bool given, const google::protobuf::Timestamp& timestamp) {
  if (!given) return std::monostate();
  return store::FromTime(pipeline::FromProto(timestamp));
}

int64_t Wide(int value) { return value; }

IndexRow RowOf(const v1::Task& task, const std::string& client) {
  return {&TaskTable(),
          {task.name()},
          {client, task.coordinator(), Wide(task.kind()), Wide(task.rule()), task.subject(), task.measure(),
           Instant(true, task.create_time()), Instant(true, task.due_time()), Wide(task.attempts()),
           Wide(task.last_outcome()), Wide(task.next_step_required() ? 1 : 0)}};
}

}  // namespace

std::vector<IndexRow> IndexOf(const v1::ClientSupport& state) {
  std::vector<IndexRow> rows;
  if (state.closed()) return rows;
  if (state.open()) {
    const v1::Assignment& assignment = state.assignment();
    rows.push_back({&AssignmentTable(),
                    {state.name()},
                    {assignment.coordinator(), Wide(assignment.state()), state.municipality(),
                     Instant(assignment.has_assign_time(), assignment.assign_time()),
                     Instant(assignment.has_accept_time(), assignment.accept_time())}});
  }
  for (const v1::Task& task : state.tasks()) rows.push_back(RowOf(task, state.name()));
  return rows;
}

std::vector<IndexRow> IndexOf(const v1::CoordinatorRecord& state) {
  std::vector<IndexRow> rows;
  const v1::Coordinator& coordinator = state.coordinator();
  if (coordinator.name().empty()) return rows;
  int64_t mask = 0;
  for (const int segment : coordinator.segments()) mask |= SegmentBit(static_cast<polku::common::v1::Segment>(segment));
  rows.push_back({&CoordinatorTable(),
                  {coordinator.name()},
                  {coordinator.organisation(), absl::StrJoin(coordinator.municipalities(), " "), mask,
                   absl::StrJoin(coordinator.languages(), " "), absl::StrJoin(coordinator.competences(), " "),
                   Wide(coordinator.capacity()), Wide(coordinator.accepted()),
                   Instant(coordinator.has_last_accept_time(), coordinator.last_accept_time())}});
  for (const std::string& municipality : coordinator.municipalities()) {
    rows.push_back({&CoordinatorMunicipalityTable(), {municipality, coordinator.name()}, {mask}});
  }
  return rows;
}

}  // namespace polku::coordinator_network
