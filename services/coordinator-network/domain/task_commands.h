// What people do with a task.
#pragma once

#include "absl/status/statusor.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/client_turn.h"

namespace polku::coordinator_network {

// Both give the task as it is afterwards.
// Errors: kInvalidArgument naming the field; kNotFound (TASK_UNKNOWN); kFailedPrecondition
// (TASK_ENDED, SUPPORT_CLOSED).
absl::StatusOr<polku::coordinator_network::v1::Task> RecordAttempt(
    const polku::coordinator_network::v1::RecordOutreachAttemptRequest& request, ClientTurn& turn);

// Errors: also kFailedPrecondition NO_ATTEMPT for an outreach that nobody has tried, and
// NOT_BY_HAND for tasks that end by assigning or accepting, or by recording a meeting.
absl::StatusOr<polku::coordinator_network::v1::Task> CompleteTask(
    const polku::coordinator_network::v1::CompleteTaskRequest& request, ClientTurn& turn);

}  // namespace polku::coordinator_network
