// What the follow-up and assessment services tell about the client.
#pragma once

#include <string>

#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/events.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// The journey that a referral began is open: the referral is in service. One that was closed
// and is opened again goes back to service. What fits no accepted referral is dropped.
Decision OnJourneyOpened(const v1::Client& state, const follow_up::v1::JourneyOpened& opened,
                         const pipeline::Context& context);

// Closes every referral that was accepted up to that instant, and tells ReferralClosed of each.
Decision OnJourneyClosed(const v1::Client& state, const follow_up::v1::JourneyClosed& closed,
                         const pipeline::Context& context);

// Something was arranged for the client, was missed, called off or done: the referrers of accepted referrals hear
// of the newest by business status. Newest by when its service decided it, so the order of arrival does not count.
// `from` is the client that it is about: this one, or one merged into it.
Decision OnServiceEvent(const v1::Client& state, v1::ServiceEvent::Kind kind, const std::string& from,
                        const pipeline::Context& context);

}  // namespace polku::referral
