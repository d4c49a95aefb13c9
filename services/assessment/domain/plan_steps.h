// What the pathway says of a plan: which step a measure belongs to, what comes before it, who may carry it out, and
// what it may cost.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "libs/pathway/steps.h"
#include "libs/store/database.h"
#include "polku/assessment/v1/state.pb.h"
#include "polku/pathway/v1/pathway.pb.h"

namespace polku::assessment {

// What conditions of steps are about: the referral's needs and segment, the assessment's outcome, and the latest class
// of each instrument of the client.
pathway::ClientFacts FactsOf(const v1::ClientAssessment& state, const v1::Assessment& assessment);

// Sets step and limit of the plan's measures, and adds a violation to `status`, under `field`, for each that has no
// place on the pathway: its step is not for the client, or what comes before the step is neither in the plan, nor in
// one that is in force, nor behind; it begins too late after that; its provider does not play the role; its group is
// missing or full. `members` are the rows of "group_members", one for each measure with a group: two proposals of the
// same moment may both get the last place.
void PlaceOnPathway(const v1::ClientAssessment& state, const v1::Assessment& assessment,
                    const pathway::v1::PathwayDefinition& pathway, absl::CivilDay today, absl::string_view field,
                    const std::vector<std::vector<store::Row>>& members, v1::Plan& plan, absl::Status& status);

// The plan's budget is within the pathway's, and `measures`, all that it will have, cost no more.
void CheckBudget(int budget_euros, const google::protobuf::RepeatedPtrField<v1::PlannedMeasure>& measures,
                 const pathway::v1::PathwayDefinition* pathway, absl::Status& status);

}  // namespace polku::assessment
