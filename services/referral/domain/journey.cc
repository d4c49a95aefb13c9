#include "services/referral/domain/journey.h"

#include <utility>

#include "google/protobuf/util/message_differencer.h"
#include "libs/pipeline/proto_time.h"

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
  if (google::protobuf::util::MessageDifferencer::Equals(after, state)) return std::move(draft).NoReply();
  draft.Emit(std::move(event));
  for (int i = 0; i < state.referrals_size(); ++i) {
    if (after.referrals(i).state() == state.referrals(i).state()) continue;
    v1::ClientEvent told;
    told.mutable_referral_closed()->set_referral(after.referrals(i).name());
    *told.mutable_referral_closed()->mutable_close_time() = closed.close_time();
    draft.Emit(std::move(told));
  }
  return std::move(draft).NoReply();
}

Decision OnServiceEvent(const v1::Client& state, v1::ServiceEvent::Kind kind, const std::string& from,
                        const pipeline::Context& context) {
  Draft draft(state, context);
  v1::ClientEvent event;
  event.mutable_service_event_seen()->mutable_event()->set_kind(kind);
  *event.mutable_service_event_seen()->mutable_event()->mutable_time() = pipeline::ToProto(context.fact_time);
  if (from != context.key) event.mutable_service_event_seen()->set_from(from);
  v1::Client after = state;
  Evolve(event, after);
  const bool newer = !google::protobuf::util::MessageDifferencer::Equals(after, state);
  if (newer && !state.referrals().empty()) draft.Emit(std::move(event));
  return std::move(draft).NoReply();
}

}  // namespace polku::referral
