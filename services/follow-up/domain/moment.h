// The state keeps instants as microseconds since 1970 (0 = not set); the rules think in absl::Time
// and local days.
#pragma once

#include <cstdint>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/calendar.h"

namespace polku::follow_up {

inline int64_t Micros(absl::Time time) { return absl::ToUnixMicros(time); }
inline absl::Time At(int64_t micros) { return absl::FromUnixMicros(micros); }

// The end of the `count`-th office day after `day`.
inline absl::Time EndOfOfficeDay(absl::CivilDay day, int count) { return EndOfDay(AddOfficeDays(day, count)); }

}  // namespace polku::follow_up
