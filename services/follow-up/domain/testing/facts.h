// Facts about a client, as tests tell them.
#pragma once

#include <string>

#include "absl/time/civil_time.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {

// Measure 1 of 2026, on Mondays and Wednesdays from 9 to 12.
polku::assessment::v1::PlannedMeasure TwiceAWeek();

// A pause of a measure, or of the whole journey when `measure` is empty.
polku::follow_up::v1::JourneyInput PauseOf(absl::CivilDay start, int days, const std::string& measure);
// The provider of these tests is closed on that day and `days` more.
polku::follow_up::v1::JourneyInput ClosureOf(absl::CivilDay first, int days);
// Work from that day on, for so many days; 0: still so.
polku::follow_up::v1::JourneyInput CircumstanceOf(absl::CivilDay from, int days);

}  // namespace polku::follow_up
