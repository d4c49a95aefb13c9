// What a planned measure must hold.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/pathway/v1/pathway.pb.h"

namespace polku::assessment {

// 1 to 63 of a-z, 0-9 and hyphen.
bool IsCode(absl::string_view text);

// The measure with the attendance that its type presets where the proposal gives none (0).
// `pathway` is null when this process does not know the definition.
v1::PlannedMeasure WithDefaults(v1::PlannedMeasure measure, const pathway::v1::PathwayDefinition* pathway);

// Adds a violation to `status` for each wrong field, under `path` ("measures[0]"). Without a
// definition the type is checked for its form only. `today` bounds the planned end: three years
// ahead, above the longest period of rehabilitative work (24 months) and below a mistyped year.
void CheckMeasure(const v1::PlannedMeasure& measure, const pathway::v1::PathwayDefinition* pathway,
                  absl::CivilDay today, absl::string_view path, absl::Status& status);

}  // namespace polku::assessment
