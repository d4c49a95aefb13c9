#include "services/referral/domain/evolve.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/proto_time.h"

namespace polku::referral {
namespace {

void CloseReferrals(const follow_up::v1::JourneyClosed& closed, v1::Client& state) {
  const absl::Time close_time = pipeline::FromProto(closed.close_time());
  for (v1::Referral& referral : *state.mutable_referrals()) {
    // A referral accepted after the closing belongs to the next journey.
    const bool accepted_before =
        referral.state() == v1::REFERRAL_STATE_ACCEPTED && pipeline::FromProto(referral.answer_time()) <= close_time;
    if (accepted_before || referral.state() == v1::REFERRAL_STATE_IN_SERVICE) {
      referral.set_state(v1::REFERRAL_STATE_CLOSED);
    }
  }
}

void Accept(const v1::ReferralAccepted& accepted, v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_ACCEPTED);
  referral.set_pathway(accepted.pathway());
  referral.set_pathway_version(accepted.pathway_version());
  *referral.mutable_answer_time() = accepted.accept_time();
}

void Decline(const v1::ReferralDeclined& declined, v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_DECLINED);
  referral.set_decline_reason(declined.reason());
  *referral.mutable_answer_time() = declined.decline_time();
}

}  // namespace

void Evolve(const v1::ClientEvent& event, v1::Client& state) {
  switch (event.event_case()) {
    case v1::ClientEvent::kPersonRecorded:
      state.set_name(event.person_recorded().client());
      *state.mutable_person() = event.person_recorded().person();
      return;
    case v1::ClientEvent::kReferralRecorded:
      *state.add_referrals() = event.referral_recorded().referral();
      return;
    case v1::ClientEvent::kReferralAnswerRecorded:
      if (auto* referral = FindReferral(state, event.referral_answer_recorded().referral()); referral != nullptr) {
        referral->set_answer_text(event.referral_answer_recorded().text());
      }
      return;
    case v1::ClientEvent::kReferralAccepted:
      if (auto* referral = FindReferral(state, event.referral_accepted().referral()); referral != nullptr) {
        Accept(event.referral_accepted(), *referral);
      }
      return;
    case v1::ClientEvent::kReferralDeclined:
      if (auto* referral = FindReferral(state, event.referral_declined().referral()); referral != nullptr) {
        Decline(event.referral_declined(), *referral);
      }
      return;
    case v1::ClientEvent::kJourneyOpened:
      if (auto* referral = FindReferral(state, event.journey_opened().referral()); referral != nullptr) {
        referral->set_state(v1::REFERRAL_STATE_IN_SERVICE);
      }
      return;
    case v1::ClientEvent::kJourneyClosed:
      CloseReferrals(event.journey_closed(), state);
      return;
    case v1::ClientEvent::kReferralReceived:  // Told to others; ReferralRecorded said it here.
    case v1::ClientEvent::EVENT_NOT_SET:
      return;
  }
}

v1::Referral* FindReferral(v1::Client& state, absl::string_view name) {
  for (v1::Referral& referral : *state.mutable_referrals()) {
    if (referral.name() == name) return &referral;
  }
  return nullptr;
}

const v1::Referral* FindReferral(const v1::Client& state, absl::string_view name) {
  for (const v1::Referral& referral : state.referrals()) {
    if (referral.name() == name) return &referral;
  }
  return nullptr;
}

Decision Draft::ReplyWith(absl::string_view referral) && {
  const v1::Referral* found = FindReferral(state_, referral);
  const int64_t version = context_.next_version - 1 + static_cast<int64_t>(decision_.events.size());
  decision_.reply = std::make_unique<v1::Referral>(found == nullptr ? v1::Referral() : ToReply(*found, version));
  return std::move(decision_);
}

absl::string_view BusinessStatus(v1::ReferralState state) {
  switch (state) {
    case v1::REFERRAL_STATE_RECEIVED:
      return "2.0";
    case v1::REFERRAL_STATE_ACCEPTED:
    case v1::REFERRAL_STATE_IN_SERVICE:
      return "3.0";
    case v1::REFERRAL_STATE_DECLINED:
      return "4.0";
    case v1::REFERRAL_STATE_CLOSED:
      return "7.0";
    default:
      return "";
  }
}

v1::Referral ToReply(const v1::Referral& referral, int64_t version) {
  v1::Referral reply = referral;
  reply.clear_person();
  const absl::string_view status = BusinessStatus(reply.state());
  reply.set_business_status(status.data(), status.size());
  reply.set_etag(absl::StrCat(version));
  return reply;
}

}  // namespace polku::referral
