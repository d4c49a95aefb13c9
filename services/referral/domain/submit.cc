#include "services/referral/domain/submit.h"

#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/person.h"

namespace polku::referral {
namespace {

constexpr int kNeedsMax = 20;
constexpr int kReasonCharactersMax = 4000;
constexpr size_t kCodeCharactersMax = 63;

bool IsCode(absl::string_view text) {
  for (char c : text) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-') return false;
  }
  return !text.empty() && text.size() <= kCodeCharactersMax;
}

void CheckNeeds(const v1::Referral& referral, absl::Status& status) {
  if (referral.needs().empty()) AddViolation(status, "referral.needs", "needs at least one");
  if (referral.needs_size() > kNeedsMax) {
    return AddViolation(status, "referral.needs", absl::StrCat("has more than ", kNeedsMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < referral.needs_size(); ++i) {
    const std::string path = absl::StrCat("referral.needs[", i, "]");
    if (!IsCode(referral.needs(i))) {
      AddViolation(status, path, "must be 1 to 63 of a-z, 0-9 and hyphen");
    } else if (!seen.insert(referral.needs(i)).second) {
      AddViolation(status, path, "is there twice");
    }
  }
}

absl::Status CheckRequest(const v1::SubmitReferralRequest& request, HetuPolicy identity, absl::Time now) {
  if (!request.has_referral()) return InvalidField("referral", "is needed");
  const v1::Referral& referral = request.referral();
  absl::Status status;
  if (!IsResourceName(referral.receiving_unit(), "organisations/*")) {
    AddViolation(status, "referral.receiving_unit", "must be organisations/<id>");
  }
  if (referral.segment() == common::v1::SEGMENT_UNSPECIFIED || !common::v1::Segment_IsValid(referral.segment())) {
    AddViolation(status, "referral.segment", "must be one of the segments");
  }
  CheckNeeds(referral, status);
  if (CharactersOf(referral.reason()) > kReasonCharactersMax) {
    AddViolation(status, "referral.reason", absl::StrCat("is longer than ", kReasonCharactersMax, " characters"));
  }
  if (!referral.has_person()) {
    AddViolation(status, "referral.person", "is needed");
  } else {
    CheckPerson(referral.person(), identity, now, "referral.person", status);
  }
  return status;
}

// Only what the caller may say, and what follows from who and when.
v1::Referral NewReferral(const v1::Referral& told, const v1::Client& state, const pipeline::Context& context) {
  v1::Referral referral;
  referral.set_name(absl::StrCat(context.key, "/referrals/", state.referrals_size() + 1));
  referral.set_referrer(context.principal.organisation);
  referral.set_receiving_unit(told.receiving_unit());
  referral.set_segment(told.segment());
  *referral.mutable_needs() = told.needs();
  referral.set_reason(told.reason());
  referral.set_state(v1::REFERRAL_STATE_RECEIVED);
  *referral.mutable_create_time() = pipeline::ToProto(context.now);
  return referral;
}

v1::ReferralReceived Received(const v1::Referral& referral) {
  v1::ReferralReceived received;
  received.set_referral(referral.name());
  received.set_referrer(referral.referrer());
  received.set_receiving_unit(referral.receiving_unit());
  received.set_segment(referral.segment());
  *received.mutable_needs() = referral.needs();
  *received.mutable_receive_time() = referral.create_time();
  return received;
}

}  // namespace

absl::StatusOr<Decision> SubmitReferral(const v1::Client& state, const v1::SubmitReferralRequest& request,
                                        HetuPolicy identity, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckRequest(request, identity, context.now));
  if (!IsResourceName(context.principal.organisation, "organisations/*")) {
    return WithReason(absl::PermissionDeniedError("submit referral: the caller's organisation is not known"),
                      "ORGANISATION_REQUIRED");
  }
  if (state.referrals_size() >= kReferralsMax) {
    return WithReason(absl::FailedPreconditionError("submit referral: the client has too many referrals"),
                      "TOO_MANY_REFERRALS");
  }
  Draft draft(state, context);
  v1::Person person = Merged(state.person(), request.referral().person(), identity);
  if (!google::protobuf::util::MessageDifferencer::Equals(person, state.person())) {
    v1::ClientEvent event;
    event.mutable_person_recorded()->set_client(context.key);
    *event.mutable_person_recorded()->mutable_person() = std::move(person);
    draft.Emit(std::move(event));
  }
  const v1::Referral referral = NewReferral(request.referral(), state, context);
  v1::ClientEvent recorded;
  *recorded.mutable_referral_recorded()->mutable_referral() = referral;
  draft.Emit(std::move(recorded));
  v1::ClientEvent received;
  *received.mutable_referral_received() = Received(referral);
  draft.Emit(std::move(received));
  return std::move(draft).ReplyWith(referral.name());
}

}  // namespace polku::referral
