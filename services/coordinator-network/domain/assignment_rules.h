// Who supports the client: from the accepted referral to the end of the journey.
#pragma once

#include "absl/status/status.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/client_turn.h"

namespace polku::coordinator_network {

// Opens the support and proposes the best coordinator among lookup 0. A referral for a client
// who is supported already only adds to what is known.
void OnReferralAccepted(const polku::referral::v1::ReferralAccepted& fact, ClientTurn& turn);

// A journey that goes on behind its end: the support begins anew, as after an accepted referral.
void OnJourneyOpened(const polku::follow_up::v1::JourneyOpened& fact, ClientTurn& turn);
// Ends the support: tasks, assignment and the place at the coordinator.
void OnJourneyClosed(ClientTurn& turn);

// Everything ends; places go back.
void OnErased(ClientTurn& turn);

// Lookup 0: candidates, or the named coordinator. The turn's state then holds the assignment.
// Errors: kInvalidArgument; kNotFound for an unknown coordinator; kFailedPrecondition when the
// support is not open (SUPPORT_NOT_OPEN) or the client is taken (ALREADY_ACCEPTED).
absl::Status AssignCoordinator(const polku::coordinator_network::v1::AssignCoordinatorRequest& request,
                               ClientTurn& turn);

// The proposed coordinator steps back; lookup 0: the other candidates.
// Errors: kFailedPrecondition (NOT_PROPOSED).
absl::Status DeclineAssignment(const polku::coordinator_network::v1::DeclineAssignmentRequest& request,
                               ClientTurn& turn);

// The coordinator holds a place for the client. When the proposal is no longer theirs the place
// is given back.
void OnConfirmAssignment(const polku::coordinator_network::v1::ConfirmAssignment& step, ClientTurn& turn);

}  // namespace polku::coordinator_network
