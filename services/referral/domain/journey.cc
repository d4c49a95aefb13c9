#include "services/referral/domain/journey.h"

#include <utility>

#include "google/protobuf/util/message_differencer.h"

namespace polku::referral {

Decision OnJourneyOpened(const v1::Client& state, const follow_up::v1::JourneyOpened& opened,
                         const pipeline::Context& context) {
  Draft draft(state, context);
  const v1::Referral* referral = FindReferral(state, opened.referral());
  if (referral != nullptr &&
      (referral->state() == v1::REFERRAL_STATE_ACCEPTED || referral->state() == v1::REFERRAL_STATE_CLOSED)) {
    v1::ClientEvent event;
    *event.mutable_journey_opened() = opened;
    draft.Emit(std::move(event));
  }
  return std::move(draft).NoReply();
}

Decision OnJourneyClosed(const v1::Client& state, const follow_up::v1::JourneyClosed& closed,
                         const pipeline::Context& context) {
  Draft draft(state, context);
  v1::ClientEvent event;
  *event.mutable_journey_closed() = closed;
  v1::Client after = state;
  Evolve(event, after);
  if (!google::protobuf::util::MessageDifferencer::Equals(after, state)) draft.Emit(std::move(event));
  return std::move(draft).NoReply();
}

}  // namespace polku::referral
