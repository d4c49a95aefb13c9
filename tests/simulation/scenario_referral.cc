// The life of a referral until it is answered.
#include <utility>

#include "polku/referral/v1/api.pb.h"
#include "tests/simulation/scenario_script.h"

namespace polku::simulation {
namespace {

namespace v1 = ::polku::referral::v1;

void Ask(Script& script, const std::string& referral, Waiting& waiting) {
  v1::RequestInformationRequest ask;
  ask.set_name(referral);
  ask.add_topics(v1::INFORMATION_TOPIC_HEALTH);
  script.AddAs(waiting.unit, Hour(waiting.day, 12), kReferral, "RequestInformation", std::move(ask));
  waiting.day += 1 + script.Pick(12);
  if (script.Chance(15)) return;  // Nobody answers the question.
  v1::ProvideInformationRequest provide;
  provide.set_name(referral);
  provide.set_text("kanarialintu");
  script.AddAs(waiting.referrer, Hour(waiting.day, 13), kReferral, "ProvideInformation", std::move(provide));
}

void Redirect(Script& script, const std::string& referral, Waiting& waiting) {
  v1::RedirectReferralRequest redirect;
  redirect.set_name(referral);
  redirect.set_receiving_unit(kOtherUnit);
  redirect.set_reason(v1::REDIRECT_REASON_NO_CAPACITY);
  script.AddAs(waiting.unit, Hour(waiting.day, 14), kReferral, "RedirectReferral", std::move(redirect));
  waiting.unit = kOtherUnit;
  waiting.day += script.Pick(16);
}

void Withdraw(Script& script, const std::string& referral, const Waiting& waiting) {
  v1::WithdrawReferralRequest withdraw;
  withdraw.set_name(referral);
  withdraw.set_reason(v1::WITHDRAW_REASON_CLIENT_DOES_NOT_WANT);
  script.AddAs(waiting.referrer, Hour(waiting.day, 15), kReferral, "WithdrawReferral", std::move(withdraw));
}

void Decline(Script& script, const std::string& referral, const Waiting& waiting) {
  v1::DeclineReferralRequest decline;
  decline.set_name(referral);
  decline.set_reason(v1::DECLINE_REASON_NO_CAPACITY);
  script.AddAs(waiting.unit, Hour(waiting.day, 15), kReferral, "DeclineReferral", std::move(decline));
}

void Reopen(Script& script, const std::string& referral, Waiting& waiting) {
  waiting.day += 1 + script.Pick(12);
  v1::ReopenReferralRequest reopen;
  reopen.set_name(referral);
  reopen.set_reason(v1::REOPEN_REASON_NEED_AGAIN);
  script.AddAs(waiting.referrer, Hour(waiting.day, 9), kReferral, "ReopenReferral", std::move(reopen));
  waiting.day += script.Pick(9);
}

}  // namespace

bool AwaitAnswer(Script& script, const std::string& referral, Waiting& waiting) {
  waiting.day += script.Chance(15) ? script.Pick(25) : script.Pick(4);
  if (script.Chance(15)) Ask(script, referral, waiting);
  if (script.Chance(8)) Redirect(script, referral, waiting);
  if (script.Chance(3)) {
    v1::VoidRecordRequest mistake;
    mistake.set_name(referral);
    mistake.set_reason(v1::VOID_REASON_ENTERED_TWICE);
    script.AddAs(kUnit, Hour(waiting.day, 15), kReferral, "VoidRecord", std::move(mistake));
    return false;
  }
  const int fate = script.Pick(100);
  if (fate >= 14) return true;
  if (fate < 6) Withdraw(script, referral, waiting);
  if (fate >= 6) Decline(script, referral, waiting);
  if (script.Chance(60)) return false;
  Reopen(script, referral, waiting);
  return true;
}

}  // namespace polku::simulation
