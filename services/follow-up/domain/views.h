// A state as the API shows it.
#pragma once

#include <string>

#include "polku/follow_up/v1/api.pb.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::follow_up {

polku::follow_up::v1::Measure MeasureView(const polku::follow_up::v1::MeasureRecord& measure);
// The rule set that found an open one.
std::string FoundBy(const polku::follow_up::v1::JourneyRecord& journey,
                    const polku::follow_up::v1::InterruptionRecord& interruption);
// Of an open one.
polku::follow_up::v1::Interruption InterruptionView(const polku::follow_up::v1::JourneyRecord& journey,
                                                    const polku::follow_up::v1::InterruptionRecord& interruption);
// "clients/C/benefit-periods/N".
std::string BenefitName(const polku::follow_up::v1::JourneyRecord& journey,
                        const polku::follow_up::v1::BenefitRecord& benefit);
polku::follow_up::v1::Pause PauseView(const polku::follow_up::v1::PauseRecord& pause);
polku::follow_up::v1::Transition TransitionView(const polku::follow_up::v1::TransitionRecord& transition);
polku::follow_up::v1::OutreachHold OutreachHoldView(const polku::follow_up::v1::JourneyRecord& journey);
// Without the timeline, which is in the journal.
polku::follow_up::v1::Journey JourneyView(const polku::follow_up::v1::JourneyRecord& journey,
                                          const polku::pathway::v1::RuleSet& rules);

}  // namespace polku::follow_up
