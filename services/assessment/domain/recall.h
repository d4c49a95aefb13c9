// What this service told before its database went back to a backup (libs/pipeline/domain.h, Recall).
#pragma once

#include <vector>

#include "polku/assessment/v1/state.pb.h"

namespace polku::assessment {

// An assessment comes back without its referral and pathway, and a plan without who approved it; instruments, and what
// was asked and advised, are gone.
std::vector<v1::ClientAssessmentEvent> Recall(const v1::ClientAssessmentEvent& told, const v1::ClientAssessment& state);

}  // namespace polku::assessment
