// The read side: one snapshot each, ordered pages.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/rpc/gate.h"
#include "libs/store/database.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

namespace v1 = ::polku::coordinator_network::v1;

// Errors: kInvalidArgument, kNotFound (COORDINATOR_UNKNOWN).
absl::StatusOr<v1::Coordinator> GetCoordinator(rpc::ReadScope& scope, const v1::GetCoordinatorRequest& request);

// By name.
absl::StatusOr<v1::ListCoordinatorsResponse> ListCoordinators(rpc::ReadScope& scope,
                                                              const v1::ListCoordinatorsRequest& request);

// Also of a client whose support has ended. Errors: kInvalidArgument, kNotFound (ASSIGNMENT_UNKNOWN); what Disclose
// refuses.
absl::StatusOr<v1::Assignment> GetAssignment(rpc::ReadScope& scope, const v1::GetAssignmentRequest& request);

// Open tasks of one list, and of those for whom its owner is the substitute today; earliest due first.
absl::StatusOr<v1::ListWorklistResponse> ListWorklist(rpc::ReadScope& scope, const v1::ListWorklistRequest& request);

// Clients proposed to or taken by a coordinator, or by all whose leave date has come, and how many there are.
absl::StatusOr<v1::ListAssignmentsResponse> ListAssignments(rpc::ReadScope& scope,
                                                            const v1::ListAssignmentsRequest& request);

// Those who fit, best first. Errors: kFailedPrecondition (SUPPORT_NOT_OPEN).
absl::StatusOr<v1::ProposeCoordinatorsResponse> ProposeCoordinators(rpc::ReadScope& scope,
                                                                    const v1::ProposeCoordinatorsRequest& request);
// With what the client does not let participants of a meeting to come know. A participant sees it while the client
// permits that, or by the law that it was invited by. Errors: kInvalidArgument, kNotFound (MEETING_UNKNOWN); what
// Disclose refuses.
absl::StatusOr<v1::Meeting> GetMeeting(rpc::ReadScope& scope, const v1::GetMeetingRequest& request,
                                       const std::vector<std::string>& purposes);

// The latest agreed first, without those that GetMeeting would not show a participant.
absl::StatusOr<v1::ListMeetingsResponse> ListMeetings(rpc::ReadScope& scope, const v1::ListMeetingsRequest& request,
                                                      const std::vector<std::string>& purposes);

// Sums per coordinator, month and activity, in that order. Errors: kInvalidArgument.
absl::StatusOr<v1::TimeUseStatisticsResponse> TimeUseStatistics(rpc::ReadScope& scope,
                                                                const v1::TimeUseStatisticsRequest& request);

// Errors: kInvalidArgument, kNotFound (SERVICE_UNKNOWN).
absl::StatusOr<v1::ServiceEntry> GetService(rpc::ReadScope& scope, const v1::GetServiceRequest& request);

// By name. Errors: kInvalidArgument, also for a code that is not among `codes`.
absl::StatusOr<v1::SearchServicesResponse> SearchServices(rpc::ReadScope& scope,
                                                          const v1::SearchServicesRequest& request,
                                                          const PathwayCodes& codes);

struct WorklistTotals {
  std::map<int64_t, int64_t> open_tasks;  // By TaskKind; kinds without a task are missing.
  // Earliest due time of an outreach that nobody has tried; InfiniteFuture when there is none.
  absl::Time first_undelivered_due = absl::InfiniteFuture();
};
absl::StatusOr<WorklistTotals> CountWorklist(store::Reader& reader);

}  // namespace polku::coordinator_network
