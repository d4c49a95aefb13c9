// What a finding rests on.
#pragma once

#include <cstdint>
#include <vector>

#include "services/follow-up/domain/findings.h"

namespace polku::follow_up {

// Journal versions of the facts behind a finding, oldest first. Thin on purpose: the facts that
// began and made the break, not all that was looked at.
std::vector<int64_t> EvidenceVersions(const polku::follow_up::v1::JourneyRecord& journey, const Finding& finding);

// The rules after which nothing else would be dated: whoever resolves one says what comes next.
bool NeedsNextStep(polku::follow_up::v1::Rule rule);

}  // namespace polku::follow_up
