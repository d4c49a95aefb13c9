// Facts that come for a client or a referral that is somebody else's by now.
#pragma once

#include <optional>
#include <string>

#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// The fact that `input` is, as it is forwarded: about this client and decided at context.fact_time, or as it was
// forwarded here. None when it is no fact.
std::optional<v1::ForwardedFact> FactOf(const v1::ClientInput& input, const pipeline::Context& context);
// The input that the fact was when it came.
v1::ClientInput InputOf(const v1::ForwardedFact& fact);

// Steps that carry the fact to the client that this one is now, and to those that have referrals it may be about.
Decision Forwarded(const v1::Client& state, const v1::ClientInput& input, const pipeline::Context& context);
// The second half of it, for a client that takes the fact itself.
void ForwardToOwners(const v1::Client& state, v1::ForwardedFact fact, Decision& decision);
// To `key` alone.
void ForwardTo(const std::string& key, v1::ForwardedFact fact, Decision& decision);

}  // namespace polku::referral
