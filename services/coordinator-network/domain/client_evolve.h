// How an event changes a client's support.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {

// `settled_max`: how many settled subjects the state keeps; the oldest go first.
void EvolveClient(const polku::coordinator_network::v1::ClientSupportEvent& event, int settled_max,
                  polku::coordinator_network::v1::ClientSupport& state);

// "interruptions/3" of "clients/C/interruptions/3": how settled subjects are written.
std::string SettledForm(absl::string_view subject);

}  // namespace polku::coordinator_network
