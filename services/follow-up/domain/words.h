// Sentences for people, in Finnish and English. No names, no personal data: days, numbers and what
// happened. They are stored with the finding, so that it says ever after what was said then.
#pragma once

#include <optional>

#include "polku/common/v1/types.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/pathway/v1/rules.pb.h"
#include "services/follow-up/domain/findings.h"

namespace polku::follow_up {

polku::common::v1::Text WhyFound(const Finding& finding, const polku::follow_up::v1::JourneyRecord& journey,
                                 const polku::pathway::v1::RuleSet& rules);
// Of one that a pause, a closure or a change in the client's life stands in the way of.
polku::common::v1::Text WhySuppressed(const polku::follow_up::v1::JourneyRecord& journey);
polku::common::v1::Text WhyRetracted(polku::follow_up::v1::Rule rule);
// The journey is followed by other rules now.
polku::common::v1::Text WhyOtherRules(const polku::follow_up::v1::JourneyRecord& journey);
// The journey has been moved to another version of its pathway.
polku::common::v1::Text WhyOtherVersion(const polku::follow_up::v1::JourneyRecord& journey);

// For the timeline. None for what only the machinery needs to remember.
std::optional<polku::common::v1::Text> InWords(const polku::follow_up::v1::JourneyEvent& event);

}  // namespace polku::follow_up
