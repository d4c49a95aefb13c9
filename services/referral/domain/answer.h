// The receiving unit answers a referral.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// Errors of both: kNotFound when there is no such referral to the caller's organisation;
// kFailedPrecondition REFERRAL_ANSWERED or REFERRAL_LINKED; kInvalidArgument naming the field. Accepting also
// refuses with kInvalidArgument a pathway that is not in the catalogue, or that does not serve
// the client's segment, or the municipality of residence on this day, or that does not take referrals from whoever
// referred the client. Whoever withheld the municipality under a safety order is not refused for it. Without a version
// the active one of this day is taken; a draft is taken when its version is named. kFailedPrecondition QUOTA_FULL when
// the rows of "pathway_clients" in `context` say that every place of a quota is taken: two acceptances of the same
// moment may both get the last one.
absl::StatusOr<Decision> AcceptReferral(const v1::Client& state, const v1::AcceptReferralRequest& request,
                                        const pathway::Catalogue& catalogue, const pipeline::Context& context);
// Which rows accepting wants: of a pathway with a quota, its clients by segment.
std::vector<pipeline::Lookup> LookupsOfAcceptance(const v1::AcceptReferralRequest& request,
                                                  const pathway::Catalogue& catalogue);
absl::StatusOr<Decision> DeclineReferral(const v1::Client& state, const v1::DeclineReferralRequest& request,
                                         const pipeline::Context& context);

}  // namespace polku::referral
