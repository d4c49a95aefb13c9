// Table `assessment`: what ListAssessments reads. Ids, codes and instants only.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "libs/store/database.h"
#include "polku/assessment/v1/state.pb.h"

namespace polku::assessment {

std::vector<pipeline::IndexRow> IndexRows(const v1::ClientAssessment& state);

// The columns that AssessmentFrom reads, in its order, for SELECT.
inline constexpr absl::string_view kAssessmentColumns =
    "assessment, referral, unit, pathway, pathway_version, state, open_us, deadline_us, complete_us";
v1::Assessment AssessmentFrom(const store::Row& row);

}  // namespace polku::assessment
