// How an event changes a client's support.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

// `policy` bounds what the state keeps: of settled subjects and of meetings that have ended the oldest go first.
void EvolveClient(const polku::coordinator_network::v1::ClientSupportEvent& event, const Policy& policy,
                  polku::coordinator_network::v1::ClientSupport& state);

// "interruptions/3" of "clients/C/interruptions/3": how settled subjects are written.
std::string SettledForm(absl::string_view subject);

}  // namespace polku::coordinator_network
