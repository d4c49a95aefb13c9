// A referral as a caller may see it, without the person.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

// The BSeR status code that the referrer sees. `event` is the newest thing arranged for the client since the
// referral was accepted, or none. Source: code set businessStatus of the BSeR implementation guide, 2.0.0-ballot.
absl::string_view BusinessStatus(v1::ReferralState state,
                                 v1::ServiceEvent::Kind event = v1::ServiceEvent::KIND_UNSPECIFIED);

// What the referrer of `referral` hears of: the newest event if it came after the acceptance.
v1::ServiceEvent::Kind EventFor(const v1::Client& state, const v1::Referral& referral);

// The referral for a reply to `principal`: with business status and etag, without the person. Whoever else has
// referred the client stays untold to a referrer. `version` is the aggregate's; the etag changes with any change
// to the client.
v1::Referral ToReply(const v1::Client& state, const v1::Referral& referral, int64_t version,
                     const pipeline::Principal& principal);

}  // namespace polku::referral
