// The read side: one client's journey in words, lists, and why an interruption was found.
// All block on the database.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/rpc/gate.h"
#include "polku/follow_up/v1/api.pb.h"

namespace polku::follow_up {

// With the timeline, oldest first: at most the latest 1000 entries.
// Errors: kInvalidArgument; kNotFound; what Disclose refuses.
absl::StatusOr<v1::Journey> GetJourney(rpc::ReadScope& scope, const v1::GetJourneyRequest& request,
                                       const pathway::Catalogue& catalogue);

absl::StatusOr<v1::Source> GetSource(rpc::ReadScope& scope, const v1::GetSourceRequest& request);

// Open ones by due instant; ended ones by name.
absl::StatusOr<v1::ListInterruptionsResponse> ListInterruptions(rpc::ReadScope& scope,
                                                                const v1::ListInterruptionsRequest& request,
                                                                const pathway::Catalogue& catalogue);

// Why, on what evidence, and what became of it. Errors as GetJourney.
absl::StatusOr<v1::Explanation> ExplainInterruption(rpc::ReadScope& scope,
                                                    const v1::ExplainInterruptionRequest& request);

// Empty is the promise. What came due less than a minute ago is still being carried out.
absl::StatusOr<v1::ListSafetyNetViolationsResponse> ListSafetyNetViolations(
    rpc::ReadScope& scope, const v1::ListSafetyNetViolationsRequest& request);

// Limits that are near and not reached, of open journeys. Reads the states of the clients of a page.
// Errors: kInvalidArgument.
absl::StatusOr<v1::ListAtRiskResponse> ListAtRisk(rpc::ReadScope& scope, const v1::ListAtRiskRequest& request,
                                                  const pathway::Catalogue& catalogue);

absl::StatusOr<v1::OutreachBreaker> GetOutreachBreaker(rpc::ReadScope& scope,
                                                       const v1::GetOutreachBreakerRequest& request);
absl::StatusOr<v1::OutreachBreaker> ReadBreaker(store::Reader& reader);

// Open interruptions whose outreach waits for that.
absl::StatusOr<int64_t> CountWaitingOutreach(store::Reader& reader, v1::OutreachWait wait);

// How many clients that list holds.
absl::StatusOr<int64_t> CountSafetyNetViolations(store::Reader& reader, absl::Time now);

struct SourceCount {
  int64_t sources = 0;
  int64_t held_findings = 0;  // That wait for what these sources have not told yet.
};
struct SourceCounts {
  SourceCount reporting;
  SourceCount silent;  // Sources that nobody has registered count as such.
};
absl::StatusOr<SourceCounts> CountSources(store::Reader& reader);

}  // namespace polku::follow_up
