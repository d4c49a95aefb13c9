// A referral comes in.
#pragma once

#include "absl/status/statusor.h"
#include "libs/base/hetu.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// Referrals that one client can have; far above what a life brings, below what would make the
// aggregate slow to load.
inline constexpr int kReferralsMax = 200;

// Errors: kInvalidArgument naming every wrong field; kFailedPrecondition TOO_MANY_REFERRALS;
// kPermissionDenied ORGANISATION_REQUIRED when the caller's organisation is not known.
absl::StatusOr<Decision> SubmitReferral(const v1::Client& state, const v1::SubmitReferralRequest& request,
                                        HetuPolicy identity, const pipeline::Context& context);

}  // namespace polku::referral
