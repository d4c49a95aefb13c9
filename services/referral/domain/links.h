// A second open referral for the same needs follows the first one: it is answered with it.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// The open referral that has every need of `referral`, which is not looked at itself and need not be in `state`;
// or null. One that follows another is never the answer.
const v1::Referral* OpenReferralFor(const v1::Referral& referral, const v1::Client& state);

// What a referral has in common with the open one that it follows.
void Follow(const v1::Referral& open, v1::Referral& referral);

v1::ReferralReceived Received(const v1::Referral& referral, absl::Time now);

// `gone` has been withdrawn, voided or declined: the first of those that followed it and still wait stands for
// itself from now on and is told as received; the others follow that one.
void PassOn(const std::string& gone, Draft& draft);

}  // namespace polku::referral
