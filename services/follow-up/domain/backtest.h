// What a rule set would have found: a client's journal played again. What people and peers told is taken as it came;
// what the service found is left out and found anew.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/pathway/catalogue.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

struct JournalledEvent {
  absl::Time time;
  polku::follow_up::v1::JourneyEvent event;
};

struct ReplayedFinding {
  polku::follow_up::v1::MeasureInterrupted found;
  bool retracted = false;
};

// The findings up to `until` of the journal of one client, which is followed by `version` of the catalogue all along;
// empty: by the rule sets that it had. Everything told is taken to cover the time up to its record, so a finding may
// come earlier than it did while a feed was behind; what a late fact disproved then comes back as retracted.
std::vector<ReplayedFinding> Replay(const std::vector<JournalledEvent>& journal, const pathway::Catalogue& catalogue,
                                    const std::string& version, absl::Time until);

}  // namespace polku::follow_up
