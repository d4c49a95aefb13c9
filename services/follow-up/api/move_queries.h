// What moving running journeys to another version of their pathway would change, and how far a move is. All block on
// the database.
#pragma once

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/rpc/gate.h"
#include "polku/follow_up/v1/api.pb.h"

namespace polku::follow_up {

// Errors: kInvalidArgument; kNotFound when it has never been tried.
absl::StatusOr<v1::JourneyMove> GetJourneyMove(rpc::ReadScope& scope, const v1::GetJourneyMoveRequest& request);

// Reads the states of the clients of a page. Errors: kInvalidArgument; kNotFound.
absl::StatusOr<v1::ListJourneyMoveChangesResponse> ListJourneyMoveChanges(
    rpc::ReadScope& scope, const v1::ListJourneyMoveChangesRequest& request, const pathway::Catalogue& catalogue);

}  // namespace polku::follow_up
