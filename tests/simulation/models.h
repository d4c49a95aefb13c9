// The shipped pathways, and how a client of the simulation goes along each.
#pragma once

#include <cstdint>
#include <vector>

#include "polku/common/v1/organisation.pb.h"
#include "polku/common/v1/types.pb.h"

namespace polku::simulation {

// What a referral, an assessment and a plan say so that the pathway takes them. Source: deploy/pathways.
struct Model {
  const char* pathway = "";
  polku::common::v1::Segment segment = polku::common::v1::SEGMENT_UNEMPLOYED;
  const char* municipality = "";
  const char* need = "";
  polku::common::v1::OrganisationKind referrer = polku::common::v1::ORGANISATION_KIND_EMPLOYMENT_AUTHORITY;
  const char* measure_type = "";
  const char* provider = "";   // Who alone may provide it; empty: anybody.
  const char* outcome = "";    // Of the assessment.
  bool direct = false;         // The unit takes people without a referral; otherwise another organisation refers them.
  bool rates_ability = false;  // The work ability is rated before the assessment is complete.
  bool asks_advice = false;    // A specialist answers before anything is planned.
  bool in_groups = false;      // Measures name a group.
  int starts_within_days = 0;  // A measure is planned to start so many days behind the plan at most; 0: any.
  int days_max = 0;            // Of a measure; 0: any.
};

// All of them.
const std::vector<Model>& Models();
// Those of one run.
std::vector<const Model*> ModelsOf(uint64_t seed);
// That of a client of the run.
const Model& ModelOf(uint64_t seed, int client);

}  // namespace polku::simulation
