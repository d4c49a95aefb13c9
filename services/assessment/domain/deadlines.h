// The deadlines of a client's assessments: which are running, and telling once that one has passed.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "services/assessment/domain/evolve.h"

namespace polku::assessment {

// Tells of every deadline that has passed and has not been told, in their order.
Decision OnTick(const v1::ClientAssessment& state, const pipeline::Context& context);

// When the next one is told; none when nothing runs.
std::optional<absl::Time> NextDeadline(const v1::ClientAssessment& state);

}  // namespace polku::assessment
