// What this service told before its database went back to a backup (libs/pipeline/domain.h, Recall).
#pragma once

#include <vector>

#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

// A referral comes back as others know it. Who the person is was told to nobody: somebody whose first referral came
// after the backup is nameless until merged into whoever is entered again.
std::vector<v1::ClientEvent> Recall(const v1::ClientEvent& told, const v1::Client& state);

}  // namespace polku::referral
