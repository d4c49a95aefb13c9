#include "services/referral/domain/checks.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/person.h"

namespace polku::referral {
namespace {

constexpr size_t kCodeCharactersMax = 63;

}  // namespace

absl::StatusOr<const v1::Referral*> FindFor(Side side, const v1::Client& state, const std::string& name,
                                            const pipeline::Context& context) {
  const std::string& organisation = context.principal.organisation;
  const v1::Referral* referral = FindReferral(state, name);
  const bool sent = referral != nullptr && side != Side::kReceiver && referral->referrer() == organisation;
  const bool received = referral != nullptr && side != Side::kReferrer && referral->receiving_unit() == organisation;
  if (!sent && !received) return absl::NotFoundError("no such referral of this organisation");
  return referral;
}

absl::Status CheckUnanswered(const v1::Referral& referral) {
  if (!IsWaiting(referral)) {
    return WithReason(absl::FailedPreconditionError("the referral has been answered already"), "REFERRAL_ANSWERED");
  }
  if (!referral.linked_referral().empty()) {
    return WithReason(absl::FailedPreconditionError("the referral follows another one and is answered with that"),
                      "REFERRAL_LINKED");
  }
  return absl::OkStatus();
}

absl::StatusOr<const v1::Referral*> FindUnanswered(const v1::Client& state, const std::string& name,
                                                   const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const v1::Referral* referral, FindFor(Side::kReceiver, state, name, context));
  RETURN_IF_ERROR(CheckUnanswered(*referral));
  return referral;
}

bool IsCode(absl::string_view text) {
  for (char c : text) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-') return false;
  }
  return !text.empty() && text.size() <= kCodeCharactersMax;
}

absl::Status CheckText(absl::string_view text) {
  if (CharactersOf(text) <= kTextCharactersMax) return absl::OkStatus();
  return InvalidField("text", absl::StrCat("is longer than ", kTextCharactersMax, " characters"));
}

absl::Status CheckReason(bool known, bool other, absl::string_view text) {
  if (!known) return InvalidField("reason", "must be one of the reasons");
  if (other && text.empty()) return InvalidField("text", "is needed with the reason OTHER");
  return CheckText(text);
}

}  // namespace polku::referral
