// One record that is two persons: a merge is undone, or referrals are given to a new client.
#pragma once

#include "absl/status/statusor.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/submit.h"

namespace polku::referral {

// Decides what goes; the other one receives it by a step.
// Errors: kNotFound for a merged client or referral that is not this client's; kFailedPrecondition
// PROCESSING_RESTRICTED or REFERRAL_LINKED; kInvalidArgument naming the fields.
absl::StatusOr<Decision> SplitClient(const v1::Client& state, const v1::SplitClientRequest& request,
                                     const EntryTerms& terms, const pipeline::Context& context);

// The step at the client that becomes one of its own, again or from now on.
Decision OnReceiveSplit(const v1::Client& state, const v1::ReceiveSplit& received, const EntryTerms& terms,
                        const pipeline::Context& context);

}  // namespace polku::referral
