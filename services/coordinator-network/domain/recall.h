// What this service told before its database went back to a backup (libs/pipeline/domain.h, Recall).
#pragma once

#include <vector>

#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {

// Who supports the client comes back, and which outreach is done: none is put on a list again. A task that is still
// open is made again by the fact that asked for it, under another name.
std::vector<v1::ClientSupportEvent> Recall(const v1::ClientSupportEvent& told, const v1::ClientSupport& state);

}  // namespace polku::coordinator_network
