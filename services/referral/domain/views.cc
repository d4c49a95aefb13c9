#include "services/referral/domain/views.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/evolve_merge.h"

namespace polku::referral {
namespace {

constexpr absl::string_view kIntakeRole = "intake";

absl::string_view InServiceStatus(v1::ServiceEvent::Kind event) {
  switch (event) {
    case v1::ServiceEvent::KIND_SCHEDULED:
      return "5.1.1";
    case v1::ServiceEvent::KIND_UNATTENDED:
      return "5.1.2";
    case v1::ServiceEvent::KIND_CANCELLED:
      return "5.1.3";
    case v1::ServiceEvent::KIND_COMPLETED:
      return "5.1.4";
    default:
      return "3.0";
  }
}

bool IsOwn(const v1::Client& state, absl::string_view referral, const pipeline::Principal& principal) {
  const v1::Referral* found = FindReferral(state, referral);
  return found != nullptr && found->referrer() == principal.organisation;
}

void AddWarnings(const v1::Client& state, const pipeline::Principal& principal, v1::Referral& reply) {
  for (const v1::EntryWarning& warning : state.entry_warnings()) {
    if (warning.referral() != reply.name()) continue;
    for (const v1::PossibleDuplicate& duplicate : warning.possible_duplicates()) {
      const bool told = principal.role == kIntakeRole || (duplicate.kind() == v1::PossibleDuplicate::KIND_SAME_PERSON &&
                                                          IsOwn(state, duplicate.referral(), principal));
      if (told) *reply.add_possible_duplicates() = duplicate;
    }
  }
}

}  // namespace

absl::string_view BusinessStatus(v1::ReferralState state, v1::ServiceEvent::Kind event) {
  switch (state) {
    case v1::REFERRAL_STATE_RECEIVED:
    case v1::REFERRAL_STATE_INFORMATION_REQUESTED:
    case v1::REFERRAL_STATE_REDIRECTED:
      return "2.0";
    case v1::REFERRAL_STATE_ACCEPTED:
    case v1::REFERRAL_STATE_IN_SERVICE:
      return InServiceStatus(event);
    case v1::REFERRAL_STATE_DECLINED:
      return "4.0";
    case v1::REFERRAL_STATE_WITHDRAWN:
    case v1::REFERRAL_STATE_VOIDED:
      return "6.0";
    case v1::REFERRAL_STATE_CLOSED:
      return "7.0";
    default:
      return "";
  }
}

v1::ServiceEvent::Kind EventFor(const v1::Client& state, const v1::Referral& referral) {
  const bool served =
      referral.state() == v1::REFERRAL_STATE_ACCEPTED || referral.state() == v1::REFERRAL_STATE_IN_SERVICE;
  const v1::ServiceEvent last = NewestEvent(state);
  if (!served || !last.has_time()) return v1::ServiceEvent::KIND_UNSPECIFIED;
  const bool before = pipeline::FromProto(last.time()) < pipeline::FromProto(referral.answer_time());
  return before ? v1::ServiceEvent::KIND_UNSPECIFIED : last.kind();
}

v1::Referral ToReply(const v1::Client& state, const v1::Referral& referral, int64_t version,
                     const pipeline::Principal& principal) {
  v1::Referral reply = referral;
  reply.clear_person();
  const absl::string_view status = BusinessStatus(reply.state(), EventFor(state, referral));
  reply.set_business_status(status.data(), status.size());
  reply.set_etag(absl::StrCat(version));
  if (principal.role != kIntakeRole && !IsOwn(state, reply.linked_referral(), principal)) reply.clear_linked_referral();
  AddWarnings(state, principal, reply);
  return reply;
}

}  // namespace polku::referral
