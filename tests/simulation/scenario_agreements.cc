// What people agree on beside the plan, and what they hear of a client's life.
#include <algorithm>
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/referral/v1/api.pb.h"
#include "tests/simulation/scenario_script.h"

namespace polku::simulation {
namespace {

using pipeline::ToProto;
using pipeline::ToProtoDay;
namespace v1 = ::polku::follow_up::v1;

// A pause of the whole journey or of its first measure, agreed before or after it has begun, and sometimes ended before
// its time.
void Pause(Script& script, const std::string& name, absl::CivilDay day) {
  const absl::CivilDay start = day + 10 + script.Pick(80);
  const absl::CivilDay resume = start + 3 + script.Pick(30);
  v1::AgreePauseRequest agree;
  agree.set_client(name);
  if (script.Chance(40)) agree.set_measure(absl::StrCat(name, "/measures/1"));
  *agree.mutable_start_date() = ToProtoDay(start);
  *agree.mutable_resume_date() = ToProtoDay(resume);
  agree.set_reason(v1::PAUSE_REASON_HOLIDAY);
  const absl::CivilDay agreed = start - 3 + script.Pick(8);
  script.Add(Hour(agreed, 10), kFollowUp, "AgreePause", std::move(agree));
  if (!script.Chance(40)) return;
  const absl::CivilDay end = std::max(agreed, start) + 1 + script.Pick(std::max<int>(1, resume - start - 1));
  v1::EndPauseRequest request;
  request.set_name(absl::StrCat(name, "/pauses/1"));
  *request.mutable_end_date() = ToProtoDay(std::min(end, resume));
  script.Add(Hour(end, 11), kFollowUp, "EndPause", std::move(request));
}

// Another organisation answers for the client from some day on, if it wants to.
void HandOver(Script& script, const std::string& name, const std::string& giver, absl::CivilDay day) {
  day += 5 + script.Pick(90);
  const std::string taker = "organisations/taker";
  const std::string transition = absl::StrCat(name, "/transitions/1");
  v1::OfferTransitionRequest offer;
  offer.set_client(name);
  offer.set_taker(taker);
  script.AddAs(giver, Hour(day, 9), kFollowUp, "OfferTransition", std::move(offer));
  const int fate = script.Pick(100);
  if (fate < 20) return;  // Nobody answers.
  day += script.Pick(12);
  if (fate < 30) {
    v1::DeclineTransitionRequest decline;
    decline.set_name(transition);
    script.AddAs(taker, Hour(day, 10), kFollowUp, "DeclineTransition", std::move(decline));
    return;
  }
  v1::AcceptTransitionRequest accept;
  accept.set_name(transition);
  script.AddAs(taker, Hour(day, 10), kFollowUp, "AcceptTransition", std::move(accept));
  for (const auto kind : {v1::CONTACT_KIND_CALL, v1::CONTACT_KIND_MEETING}) {
    if (script.Chance(20)) return;
    day += script.Pick(6);
    v1::RecordContactRequest contact;
    contact.set_client(name);
    *contact.mutable_contact_time() = ToProto(Hour(day, 12));
    contact.set_kind(kind);
    contact.set_organisation(taker);
    Contact(script, Hour(day + script.Pick(3), 13), std::move(contact));
  }
}

// A permission for the service chain, withdrawn and sometimes given again.
void Permit(Script& script, const std::string& name, absl::CivilDay day) {
  namespace referral = ::polku::referral::v1;
  referral::GrantPermissionRequest grant;
  grant.set_client(name);
  grant.set_purpose("service-chain");
  grant.set_organisation(kUnit);
  grant.add_classes("follow-up");
  script.Add(Hour(day, 18), kReferral, "GrantPermission", grant);
  if (script.Chance(30)) return;
  day += 10 + script.Pick(80);
  referral::WithdrawPermissionRequest withdraw;
  withdraw.set_name(name + "/permissions/1");
  script.Add(Hour(day, 13), kReferral, "WithdrawPermission", std::move(withdraw));
  if (script.Chance(50)) return;
  script.Add(Hour(day + 1 + script.Pick(25), 13), kReferral, "GrantPermission", std::move(grant));
}

// Work found, for some time or for good, or said by mistake.
void Change(Script& script, const std::string& name, absl::CivilDay day) {
  day += 20 + script.Pick(80);
  v1::RecordCircumstanceRequest request;
  request.set_client(name);
  request.set_circumstance(v1::CIRCUMSTANCE_WORK_STARTED);
  *request.mutable_from_date() = ToProtoDay(day - script.Pick(10));
  request.set_source(v1::CIRCUMSTANCE_SOURCE_CLIENT);
  script.Add(Hour(day, 14), kFollowUp, "RecordCircumstance", request);
  if (script.Chance(40)) return;
  day += 1 + script.Pick(20);
  if (script.Chance(50)) {
    request.set_revoked(true);
  } else {
    *request.mutable_end_date() = ToProtoDay(day);
  }
  script.Add(Hour(day, 14), kFollowUp, "RecordCircumstance", std::move(request));
}

// Nobody is to call the client for some days, or for fewer than was thought.
void Hold(Script& script, const std::string& name, absl::CivilDay day) {
  day += 5 + script.Pick(90);
  v1::HoldOutreachRequest hold;
  hold.set_client(name);
  *hold.mutable_until_date() = ToProtoDay(day + 2 + script.Pick(28));
  hold.set_reason(v1::OUTREACH_HOLD_REASON_TREATMENT);
  script.Add(Hour(day, 10), kFollowUp, "HoldOutreach", std::move(hold));
  if (script.Chance(50)) return;
  v1::ReleaseOutreachRequest release;
  release.set_client(name);
  script.Add(Hour(day + 1 + script.Pick(20), 9), kFollowUp, "ReleaseOutreach", std::move(release));
}

// Certificates and decisions one after the other, some of long ago, some told before they begin; some are corrected or
// taken back. Each on a day of its own, so that their names are known.
void Illness(Script& script, const std::string& name, SeededRandom& random) {
  absl::CivilDay told = kFirstDay + 5 + Pick(random, 60);
  absl::CivilDay first = told - Pick(random, 150);
  const int periods = 1 + Pick(random, 5);
  for (int number = 1; number <= periods; ++number) {
    v1::RecordBenefitPeriodRequest request;
    request.set_client(name);
    v1::BenefitPeriod& period = *request.mutable_period();
    const absl::CivilDay last = first + 5 + Pick(random, 80);
    period.set_kind(static_cast<v1::BenefitKind>(1 + Pick(random, 4)));
    *period.mutable_first_date() = ToProtoDay(first);
    *period.mutable_last_date() = ToProtoDay(last);
    const bool is_allowance = period.kind() == v1::BENEFIT_KIND_SICKNESS_ALLOWANCE ||
                              period.kind() == v1::BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE;
    if (is_allowance && Chance(random, 20)) period.set_paid_days(1 + Pick(random, 4));
    period.set_source(v1::BENEFIT_SOURCE_KELA);
    script.Add(LocalTime(told, 9 * 60 + 20), kFollowUp, "RecordBenefitPeriod", request);
    first = last + 1 + (Chance(random, 60) ? 0 : Pick(random, 45));
    told += 1 + Pick(random, 15);
    if (!Chance(random, 30)) continue;
    const std::string mistake = absl::StrCat(name, "/benefit-periods/", 1 + Pick(random, number));
    if (Chance(random, 50)) {
      *period.mutable_last_date() = ToProtoDay(last + 7);
      request.set_corrects(mistake);
      script.Add(LocalTime(told, 9 * 60 + 20), kFollowUp, "RecordBenefitPeriod", std::move(request));
    } else {
      v1::VoidRecordRequest wrong;
      wrong.set_name(mistake);
      wrong.set_reason(v1::VOID_REASON_WRONG_DATE);
      script.Add(LocalTime(told, 9 * 60 + 20), kFollowUp, "VoidRecord", std::move(wrong));
    }
    told += 1 + Pick(random, 5);
  }
}

// The record goes to another region: by law, by permission, or not at all. Some come back.
void Transfer(Script& script, const std::string& name, SeededRandom& random) {
  namespace referral = ::polku::referral::v1;
  const std::string region = "organisations/other-region";
  const absl::CivilDay day = kFirstDay + 40 + Pick(random, std::max(1, script.size().days - 45));
  const int reason = Pick(random, 100);
  referral::TransferOutRequest transfer;
  transfer.set_client(name);
  transfer.set_organisation(region);
  transfer.set_text("kanarialintu");
  if (reason < 50) transfer.set_statutory_basis("703/2023 section 54");
  if (reason >= 60) {
    referral::GrantPermissionRequest grant;
    grant.set_client(name);
    grant.set_purpose("region-transfer");
    grant.set_organisation(region);
    grant.add_classes("referral");
    script.Add(LocalTime(day - 1, 9 * 60 + 40), kReferral, "GrantPermission", std::move(grant));
  }
  script.Add(LocalTime(day, 9 * 60 + 50), kReferral, "TransferOut", std::move(transfer)).principal =
      PrincipalOf("intake");
  if (Chance(random, 60)) return;
  v1::RecordCircumstanceRequest returned;
  returned.set_client(name);
  returned.set_circumstance(v1::CIRCUMSTANCE_MOVED_AWAY);
  *returned.mutable_from_date() = ToProtoDay(day);
  returned.set_source(v1::CIRCUMSTANCE_SOURCE_CLIENT);
  returned.set_revoked(true);
  script.Add(LocalTime(day + 1 + Pick(random, 25), 9 * 60 + 50), kFollowUp, "RecordCircumstance", std::move(returned));
}

}  // namespace

void FallIll(Script& script) {
  SeededRandom random(Mix(script.scenario().seed, "benefits"));
  for (int client = 1; client <= script.size().clients; ++client) {
    if (Chance(random, 25)) Illness(script, ClientName(client), random);
  }
}

void MoveAway(Script& script) {
  SeededRandom random(Mix(script.scenario().seed, "transfers"));
  for (int client = 1; client <= script.size().clients; ++client) {
    if (Chance(random, 10)) Transfer(script, ClientName(client), random);
  }
}

void Contact(Script& script, absl::Time told, v1::RecordContactRequest contact) {
  constexpr absl::Duration kOffTheHour = absl::Minutes(7);
  SeededRandom random(Mix(script.scenario().seed, contact.ShortDebugString()));
  const bool mistake = Chance(random, contact.organisation().empty() ? 12 : 30);
  if (mistake) {
    *contact.mutable_contact_time() = ToProto(pipeline::FromProto(contact.contact_time()) + kOffTheHour);
    told += kOffTheHour;
  }
  v1::VoidRecordRequest request;
  request.set_name(contact.client() + "/contacts/0");  // No contact: for the case that it was refused.
  request.set_reason(v1::VOID_REASON_WRONG_CLIENT);
  const Command recorded = script.Add(told, kFollowUp, "RecordContact", std::move(contact));
  if (!mistake) return;
  told += absl::Hours(1 + Pick(random, Chance(random, 70) ? 5 * 24 : 30 * 24));
  script.Add(told, kFollowUp, "VoidRecord", request).mistake = recorded.request_id;
  if (Chance(random, 10))
    script.Add(told + absl::Hours(20), kFollowUp, "VoidRecord", request).mistake = recorded.request_id;
}

void Agree(Script& script, const std::string& client, const std::string& giver, absl::CivilDay day) {
  if (script.Chance(25)) Pause(script, client, day);
  if (script.Chance(20)) HandOver(script, client, giver, day);
  if (script.Chance(10)) Change(script, client, day);
  if (script.Chance(12)) Permit(script, client, day);
  if (script.Chance(15)) Hold(script, client, day);
}

void Close(Script& script) {
  v1::RecordClosureRequest request;
  request.set_provider(kClosingProvider);
  const absl::CivilDay first = kFirstDay + 20 + script.Pick(std::max(1, script.size().days - 40));
  *request.mutable_first_date() = ToProtoDay(first);
  *request.mutable_last_date() = ToProtoDay(first + script.Pick(20));
  script.Add(Hour(first - 10 + script.Pick(20), 8), kFollowUp, "RecordClosure", std::move(request)).principal =
      PrincipalOf("lead");
}

}  // namespace polku::simulation
