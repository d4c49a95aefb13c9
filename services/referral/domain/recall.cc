#include "services/referral/domain/recall.h"

#include "libs/base/resource_name.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

std::vector<v1::ClientEvent> Recall(const v1::ClientEvent& told, const v1::Client& state) {
  std::vector<v1::ClientEvent> events;
  if (told.has_referral_received() && FindReferral(state, told.referral_received().referral()) == nullptr) {
    const v1::ReferralReceived& received = told.referral_received();
    if (state.name().empty()) {
      events.emplace_back().mutable_person_recorded()->set_client(ClientOf(received.referral()).value_or(""));
    }
    v1::Referral& referral = *events.emplace_back().mutable_referral_recorded()->mutable_referral();
    referral.set_name(received.referral());
    referral.set_referrer(received.referrer());
    referral.set_receiving_unit(received.receiving_unit());
    referral.set_segment(received.segment());
    *referral.mutable_needs() = received.needs();
    referral.set_state(v1::REFERRAL_STATE_RECEIVED);
    *referral.mutable_create_time() = received.receive_time();
    *referral.mutable_waiting_since() = received.receive_time();
  }
  events.push_back(told);
  return events;
}

}  // namespace polku::referral
