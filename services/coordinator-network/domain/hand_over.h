// A taken client goes to another coordinator. Three steps: the client's aggregate chooses the taker
// (BeginHandOver), the taker's reserves a place (TakeOver), the client's makes the change or tells
// the network lead that there was no place (AnswerHandOver). Until then the giver answers for the client.
#pragma once

#include <string>
#include <vector>

#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/client_turn.h"
#include "services/coordinator-network/domain/matching.h"

namespace polku::coordinator_network {

// Lookup 0: candidates, or the named taker. Does nothing when `from` does not have the client any more.
void OnBeginHandOver(const polku::coordinator_network::v1::BeginHandOver& step, ClientTurn& turn);

void OnAnswerHandOver(const polku::coordinator_network::v1::AnswerHandOver& step, ClientTurn& turn);

// The rows of lookup 0 as of today.
std::vector<Candidate> CandidatesOf(const pipeline::Context& context);

// Frees the place that `coordinator` has kept for the client since `reserve_time`.
void GiveBackPlace(const std::string& coordinator, const google::protobuf::Timestamp& reserve_time, ClientTurn& turn);

}  // namespace polku::coordinator_network
