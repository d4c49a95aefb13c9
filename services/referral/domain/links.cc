#include "services/referral/domain/links.h"

#include <algorithm>
#include <utility>

#include "libs/pipeline/proto_time.h"

namespace polku::referral {
namespace {

bool HasNeedsOf(const v1::Referral& open, const v1::Referral& referral) {
  return std::all_of(referral.needs().begin(), referral.needs().end(), [&open](const std::string& need) {
    return std::find(open.needs().begin(), open.needs().end(), need) != open.needs().end();
  });
}

}  // namespace

const v1::Referral* OpenReferralFor(const v1::Referral& referral, const v1::Client& state) {
  for (const v1::Referral& open : state.referrals()) {
    const bool leads = IsOpen(open) && open.linked_referral().empty() && open.name() != referral.name();
    if (leads && HasNeedsOf(open, referral)) return &open;
  }
  return nullptr;
}

void Follow(const v1::Referral& open, v1::Referral& referral) {
  referral.set_linked_referral(open.name());
  referral.clear_waiting_since();
  if (IsWaiting(open)) return;
  referral.set_state(open.state());
  referral.set_pathway(open.pathway());
  referral.set_pathway_version(open.pathway_version());
  *referral.mutable_answer_time() = referral.create_time();
  referral.set_journey_client(open.journey_client());
}

v1::ReferralReceived Received(const v1::Referral& referral, absl::Time now) {
  v1::ReferralReceived received;
  received.set_referral(referral.name());
  received.set_referrer(referral.referrer());
  received.set_receiving_unit(referral.receiving_unit());
  received.set_segment(referral.segment());
  *received.mutable_needs() = referral.needs();
  *received.mutable_receive_time() = pipeline::ToProto(now);
  return received;
}

void PassOn(const std::string& gone, Draft& draft) {
  const auto& referrals = draft.state().referrals();
  const auto next = std::find_if(referrals.begin(), referrals.end(), [&gone](const v1::Referral& each) {
    return each.linked_referral() == gone && IsWaiting(each);
  });
  if (next == referrals.end()) return;
  const v1::Referral referral = *next;
  v1::ClientEvent unlinked;
  unlinked.mutable_referral_unlinked()->set_referral(referral.name());
  *unlinked.mutable_referral_unlinked()->mutable_unlink_time() = pipeline::ToProto(draft.context().now);
  draft.Emit(std::move(unlinked));
  v1::ClientEvent received;
  *received.mutable_referral_received() = Received(referral, draft.context().now);
  draft.Emit(std::move(received));
}

}  // namespace polku::referral
