// Numbers for the steering group: how far journeys came, how long it took, who came back after an outreach.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/rpc/gate.h"
#include "polku/follow_up/v1/api.pb.h"

namespace polku::follow_up {

// Counts of 1 to this less one are not told.
inline constexpr int kSuppressedBelow = 5;

// One journey as the tables have it. InfiniteFuture: not yet.
struct ReportedJourney {
  std::string group;
  absl::Time opened;
  absl::Time assessed = absl::InfiniteFuture();
  absl::Time planned = absl::InfiniteFuture();
  absl::Time started = absl::InfiniteFuture();
  v1::CloseReason closing = v1::CLOSE_REASON_UNSPECIFIED;  // Unspecified: it goes on.
};
struct ReportedOutreach {
  std::string group;
  absl::Time asked;
  absl::Time returned = absl::InfiniteFuture();
};

// All, then each group. Pure.
std::vector<v1::SteeringRow> SteeringRows(const std::vector<ReportedJourney>& journeys,
                                          const std::vector<ReportedOutreach>& outreaches, bool by_group,
                                          absl::Time now);

// Blocks on the database. Errors: kInvalidArgument; kFailedPrecondition (REPORT_TOO_LARGE).
absl::StatusOr<v1::SteeringReport> GetSteeringReport(rpc::ReadScope& scope,
                                                     const v1::GetSteeringReportRequest& request);

}  // namespace polku::follow_up
