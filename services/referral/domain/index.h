// Table `referral`: what ListReferrals reads. Ids, codes and instants only.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "libs/store/database.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

std::vector<pipeline::IndexRow> IndexRows(const v1::Client& state);

// The columns that ReferralFrom reads, in its order, for SELECT.
inline constexpr absl::string_view kReferralColumns =
    "referral, referrer, receiving_unit, segment, needs, state, pathway, pathway_version, decline_reason, create_us, "
    "answer_us";
// Never carries the person or a text.
v1::Referral ReferralFrom(const store::Row& row);

}  // namespace polku::referral
