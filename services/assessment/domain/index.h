// Tables `assessment`, what ListAssessments reads, and `group_place`. Ids, codes, days and instants only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "libs/store/database.h"
#include "polku/assessment/v1/state.pb.h"

namespace polku::assessment {

std::vector<pipeline::IndexRow> IndexRows(const v1::ClientAssessment& state);

// Lookup name -> SQL.
//   "group_members"  how many other clients have a place in the group on days that overlap. Parameters: GroupMembersOf.
std::map<std::string, std::string> LookupQueries();
pipeline::Lookup GroupMembersOf(const std::string& client, const v1::PlannedMeasure& measure);

// The columns that AssessmentFrom reads, in its order, for SELECT.
inline constexpr absl::string_view kAssessmentColumns =
    "assessment, referral, unit, pathway, pathway_version, state, open_us, deadline_us, complete_us, reason";
v1::Assessment AssessmentFrom(const store::Row& row);

}  // namespace polku::assessment
