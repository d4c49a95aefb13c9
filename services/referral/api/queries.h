// The read side: one referral with what the caller may see of the person, and lists.
#pragma once

#include "absl/status/statusor.h"
#include "libs/base/hetu.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "libs/rpc/gate.h"
#include "polku/referral/v1/api.pb.h"

namespace polku::referral {

// All block on the database.

// With the person as far as Disclose lets the caller see it; whereabouts under a safety order are
// for intake alone. Errors: kInvalidArgument for another kind of name; kNotFound, also for a
// referrer whose organisation did not send the referral; what Disclose refuses.
absl::StatusOr<v1::Referral> GetReferral(rpc::ReadScope& scope, const v1::GetReferralRequest& request);

// Newest first; a referrer sees its own organisation's. Errors: those of the page size and token.
absl::StatusOr<v1::ListReferralsResponse> ListReferrals(rpc::ReadScope& scope, const v1::ListReferralsRequest& request);

// Whom the identity code leads to; leaves an audit row. For intake. Errors: kInvalidArgument at "identity_code";
// kNotFound; what Disclose refuses.
absl::StatusOr<v1::ClientRecord> FindClient(rpc::ReadScope& scope, const v1::FindClientRequest& request,
                                            HetuPolicy identity, absl::string_view hash_key);

// What the unit told, its queue as it is now, and the quotas of the pathways that take clients today. Errors:
// kInvalidArgument at "unit".
absl::StatusOr<v1::UnitCapacity> GetUnitCapacity(rpc::ReadScope& scope, const v1::GetUnitCapacityRequest& request,
                                                 const pathway::Catalogue& catalogue, absl::Time now);

}  // namespace polku::referral
