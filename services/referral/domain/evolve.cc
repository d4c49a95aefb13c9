#include "services/referral/domain/evolve.h"

#include <algorithm>
#include <memory>

#include "libs/base/part_number.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/evolve_merge.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/views.h"

namespace polku::referral {
namespace {

using google::protobuf::Timestamp;

void StartClock(const Timestamp& since, v1::Referral& referral) {
  *referral.mutable_waiting_since() = since;
  referral.clear_overdue();
}

void StopClock(v1::Referral& referral) {
  referral.clear_waiting_since();
  referral.clear_overdue();
}

// Those that follow `name` and are still open.
template <class Change>
void ForOpenFollowers(absl::string_view name, v1::Client& state, const Change& change) {
  for (v1::Referral& referral : *state.mutable_referrals()) {
    if (referral.linked_referral() == name && IsOpen(referral)) change(referral);
  }
}

void Close(const Timestamp& time, v1::ReferralState state, v1::Referral& referral) {
  referral.set_state(state);
  *referral.mutable_close_time() = time;
  StopClock(referral);
}

void CloseReferrals(const follow_up::v1::JourneyClosed& closed, v1::Client& state) {
  const absl::Time close_time = pipeline::FromProto(closed.close_time());
  for (v1::Referral& referral : *state.mutable_referrals()) {
    // A referral accepted after the closing belongs to the next journey.
    const std::string& journey = referral.journey_client().empty() ? state.name() : referral.journey_client();
    if (journey != closed.client()) continue;
    const bool accepted_before =
        referral.state() == v1::REFERRAL_STATE_ACCEPTED && pipeline::FromProto(referral.answer_time()) <= close_time;
    if (accepted_before || referral.state() == v1::REFERRAL_STATE_IN_SERVICE) {
      Close(closed.close_time(), v1::REFERRAL_STATE_CLOSED, referral);
    }
  }
}

void Accept(const v1::ReferralAccepted& accepted, v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_ACCEPTED);
  referral.set_pathway(accepted.pathway());
  referral.set_pathway_version(accepted.pathway_version());
  *referral.mutable_answer_time() = accepted.accept_time();
  StopClock(referral);
}

void Decline(const v1::ReferralDeclined& declined, v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_DECLINED);
  referral.set_decline_reason(declined.reason());
  *referral.mutable_answer_time() = declined.decline_time();
  StopClock(referral);
}

void OpenJourney(v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_IN_SERVICE);
  referral.clear_close_time();
}

void Redirect(const v1::ReferralRedirected& redirected, v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_REDIRECTED);
  referral.set_receiving_unit(redirected.receiving_unit());
  StartClock(redirected.redirect_time(), referral);
}

void Provide(const v1::InformationProvided& provided, v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_RECEIVED);
  StartClock(provided.provide_time(), referral);
  if (referral.information().empty()) return;
  v1::InformationExchange& exchange = *referral.mutable_information()->rbegin();
  exchange.set_answer(provided.text());
  *exchange.mutable_answer_time() = provided.provide_time();
}

void Note(const v1::ReferralNoted& noted, v1::Referral& referral) {
  referral.set_note(noted.text());
  if (noted.has_redirect()) referral.set_redirect_reason(noted.redirect());
  if (noted.has_withdraw()) referral.set_withdraw_reason(noted.withdraw());
  if (noted.has_reopen()) referral.set_reopen_reason(noted.reopen());
  if (noted.has_voiding()) referral.set_void_reason(noted.voiding());
}

void Reopen(const Timestamp& time, v1::Referral& referral) {
  referral.set_state(v1::REFERRAL_STATE_RECEIVED);
  referral.clear_linked_referral();
  referral.clear_pathway();
  referral.clear_pathway_version();
  referral.clear_decline_reason();
  referral.clear_withdraw_reason();
  referral.clear_answer_text();
  referral.clear_answer_time();
  referral.clear_close_time();
  referral.clear_journey_client();
  StartClock(time, referral);
}

// The first follower of what is gone leads the others.
void Unlink(const v1::ReferralUnlinked& unlinked, v1::Referral& referral, v1::Client& state) {
  const std::string led_by = referral.linked_referral();
  referral.clear_linked_referral();
  referral.set_state(v1::REFERRAL_STATE_RECEIVED);
  StartClock(unlinked.unlink_time(), referral);
  ForOpenFollowers(led_by, state,
                   [&referral](v1::Referral& follower) { follower.set_linked_referral(referral.name()); });
}

void See(const v1::ServiceEventSeen& seen, v1::Client& state) {
  v1::MergedClient* merged = FindMerged(*state.mutable_merged(), seen.from());
  v1::ServiceEvent& last =
      merged == nullptr ? *state.mutable_last_event() : *merged->mutable_content()->mutable_last_event();
  if (IsNewer(seen.event(), last)) last = seen.event();
}

void Grant(const v1::PermissionGranted& granted, v1::Client& state) {
  if (!state.merged_into().empty()) return;  // Told under this name; the other one has it.
  auto& all = *state.mutable_permissions();
  const auto known = std::find_if(
      all.begin(), all.end(), [&granted](const v1::Permission& each) { return each.name() == granted.permission(); });
  if (known != all.end()) return;  // Told again behind a merge that was undone.
  v1::Permission& permission = *all.Add();
  permission.set_name(granted.permission());
  permission.set_purpose(granted.purpose());
  permission.set_organisation(granted.organisation());
  *permission.mutable_classes() = granted.classes();
  *permission.mutable_valid_from() = granted.valid_from();
  if (granted.has_valid_to()) *permission.mutable_valid_to() = granted.valid_to();
  permission.set_denial(granted.denial());
  *permission.mutable_grant_time() = granted.grant_time();
}

void WithdrawPermission(const v1::PermissionWithdrawn& withdrawn, v1::Client& state) {
  for (v1::Permission& permission : *state.mutable_permissions()) {
    if (permission.name() == withdrawn.permission()) *permission.mutable_withdraw_time() = withdrawn.withdraw_time();
  }
}

// Nobody could answer meanwhile: the clocks start again when the client is free.
void Restrict(const v1::ProcessingRestricted& restricted, v1::Client& state) {
  if (!state.merged_into().empty()) return;  // As in Grant.
  state.set_restricted(restricted.restricted());
  if (restricted.restricted()) return;
  for (v1::Referral& referral : *state.mutable_referrals()) {
    if (referral.has_waiting_since()) StartClock(restricted.restrict_time(), referral);
  }
}

void Erase(v1::Client& state) {
  const std::string name = state.name();
  state.Clear();
  state.set_name(name);
}

// Events about the client as a person, beside its referrals.
void EvolveClient(const v1::ClientEvent& event, v1::Client& state) {
  switch (event.event_case()) {
    case v1::ClientEvent::kPersonRecorded:
      state.set_name(event.person_recorded().client());
      *state.mutable_person() = event.person_recorded().person();
      *state.mutable_fingerprints() = event.person_recorded().fingerprints();
      return;
    case v1::ClientEvent::kPermissionGranted:
      return Grant(event.permission_granted(), state);
    case v1::ClientEvent::kPermissionWithdrawn:
      return WithdrawPermission(event.permission_withdrawn(), state);
    case v1::ClientEvent::kProcessingRestricted:
      return Restrict(event.processing_restricted(), state);
    case v1::ClientEvent::kTransferRecorded:
      *state.add_transfers() = event.transfer_recorded().transfer();
      return;
    case v1::ClientEvent::kErasureScheduled:
      state.clear_erase_on();
      if (event.erasure_scheduled().has_erase_on()) *state.mutable_erase_on() = event.erasure_scheduled().erase_on();
      return;
    case v1::ClientEvent::kClientErased:
      return Erase(state);
    default:
      return;
  }
}

// Events that change one referral and nothing else.
void EvolveReferral(const v1::ClientEvent& event, v1::Referral& referral) {
  switch (event.event_case()) {
    case v1::ClientEvent::kReferralAnswerRecorded:
      return referral.set_answer_text(event.referral_answer_recorded().text());
    case v1::ClientEvent::kInformationAsked:
      *referral.add_information() = event.information_asked().exchange();
      return;
    case v1::ClientEvent::kReferralInformationRequested:
      referral.set_state(v1::REFERRAL_STATE_INFORMATION_REQUESTED);
      return StopClock(referral);
    case v1::ClientEvent::kInformationProvided:
      return Provide(event.information_provided(), referral);
    case v1::ClientEvent::kReferralRedirected:
      return Redirect(event.referral_redirected(), referral);
    case v1::ClientEvent::kReferralNoted:
      return Note(event.referral_noted(), referral);
    case v1::ClientEvent::kReferralWithdrawn:
      return Close(event.referral_withdrawn().withdraw_time(), v1::REFERRAL_STATE_WITHDRAWN, referral);
    case v1::ClientEvent::kReferralVoided:
      return Close(event.referral_voided().void_time(), v1::REFERRAL_STATE_VOIDED, referral);
    case v1::ClientEvent::kReferralReopened:
      return Reopen(event.referral_reopened().reopen_time(), referral);
    case v1::ClientEvent::kReferralOverdue:
      return referral.set_overdue(event.referral_overdue().level());
    default:
      return;
  }
}

// The referral that an event of EvolveReferral is about.
absl::string_view ReferralOf(const v1::ClientEvent& event) {
  switch (event.event_case()) {
    case v1::ClientEvent::kReferralAnswerRecorded:
      return event.referral_answer_recorded().referral();
    case v1::ClientEvent::kInformationAsked:
      return event.information_asked().referral();
    case v1::ClientEvent::kReferralInformationRequested:
      return event.referral_information_requested().referral();
    case v1::ClientEvent::kInformationProvided:
      return event.information_provided().referral();
    case v1::ClientEvent::kReferralRedirected:
      return event.referral_redirected().referral();
    case v1::ClientEvent::kReferralNoted:
      return event.referral_noted().referral();
    case v1::ClientEvent::kReferralWithdrawn:
      return event.referral_withdrawn().referral();
    case v1::ClientEvent::kReferralVoided:
      return event.referral_voided().referral();
    case v1::ClientEvent::kReferralReopened:
      return event.referral_reopened().referral();
    case v1::ClientEvent::kReferralOverdue:
      return event.referral_overdue().referral();
    default:
      return "";
  }
}

// Applies `change` to the referral and to those that follow it and pass `which`.
template <class Change, class Which>
void WithFollowers(absl::string_view name, v1::Client& state, const Which& which, const Change& change) {
  v1::Referral* referral = FindReferral(state, name);
  if (referral == nullptr) return;
  change(*referral);
  ForOpenFollowers(referral->name(), state, [&](v1::Referral& follower) {
    if (which(*referral, follower)) change(follower);
  });
}

}  // namespace

void Evolve(const v1::ClientEvent& event, v1::Client& state) {
  const auto all = [](const v1::Referral&, const v1::Referral&) { return true; };
  switch (event.event_case()) {
    case v1::ClientEvent::kReferralRecorded:
      // Above the name, too: after a restore earlier ones may be missing.
      state.set_referrals_numbered(
          std::max(NextReferralNumber(state), PartNumber(event.referral_recorded().referral().name())));
      *state.add_referrals() = event.referral_recorded().referral();
      return;
    case v1::ClientEvent::kReferralAccepted:
      return WithFollowers(event.referral_accepted().referral(), state, all,
                           [&](v1::Referral& each) { Accept(event.referral_accepted(), each); });
    case v1::ClientEvent::kReferralDeclined:
      // Who asked another unit has not been answered.
      return WithFollowers(
          event.referral_declined().referral(), state,
          [](const v1::Referral& led, const v1::Referral& each) {
            return led.receiving_unit() == each.receiving_unit();
          },
          [&](v1::Referral& each) { Decline(event.referral_declined(), each); });
    case v1::ClientEvent::kJourneyOpened:
      return WithFollowers(event.journey_opened().referral(), state, all, OpenJourney);
    case v1::ClientEvent::kJourneyClosed:
      return CloseReferrals(event.journey_closed(), state);
    case v1::ClientEvent::kReferralUnlinked:
      if (auto* referral = FindReferral(state, event.referral_unlinked().referral()); referral != nullptr) {
        Unlink(event.referral_unlinked(), *referral, state);
      }
      return;
    case v1::ClientEvent::kServiceEventSeen:
      return See(event.service_event_seen(), state);
    case v1::ClientEvent::kEntryWarned:
      *state.add_entry_warnings() = event.entry_warned().warning();
      return;
    case v1::ClientEvent::kReferralReceived:  // Told to others; ReferralRecorded said it here.
    case v1::ClientEvent::kReferralClosed:    // Likewise; JourneyClosed said it.
      return;
    default:
      if (auto* referral = FindReferral(state, ReferralOf(event)); referral != nullptr) {
        EvolveReferral(event, *referral);
      }
      EvolveClient(event, state);
      return EvolveMerge(event, state);
  }
}

int NextReferralNumber(const v1::Client& state) {
  return std::max(state.referrals_numbered(), state.referrals_size()) + 1;
}

v1::Referral* FindReferral(v1::Client& state, absl::string_view name) {
  return const_cast<v1::Referral*>(FindReferral(std::as_const(state), name));
}

const v1::Referral* FindReferral(const v1::Client& state, absl::string_view name) {
  for (const v1::Referral& referral : state.referrals()) {
    const auto& former = referral.former_names();
    if (referral.name() == name || std::find(former.begin(), former.end(), name) != former.end()) return &referral;
  }
  return nullptr;
}

bool IsWaiting(const v1::Referral& referral) {
  return referral.state() == v1::REFERRAL_STATE_RECEIVED || referral.state() == v1::REFERRAL_STATE_REDIRECTED ||
         referral.state() == v1::REFERRAL_STATE_INFORMATION_REQUESTED;
}

bool IsOpen(const v1::Referral& referral) {
  return IsWaiting(referral) || referral.state() == v1::REFERRAL_STATE_ACCEPTED ||
         referral.state() == v1::REFERRAL_STATE_IN_SERVICE;
}

void Draft::LeadIdentity(const std::string& keyed_hash, const std::string& key) {
  decision_.aliases.push_back({std::string(kHetuAlias), keyed_hash, key});
}

Decision Draft::ReplyWith(absl::string_view referral) && {
  const v1::Referral* found = FindReferral(state_, referral);
  const int64_t version = context_.next_version - 1 + static_cast<int64_t>(decision_.events.size());
  decision_.reply = std::make_unique<v1::Referral>(
      found == nullptr ? v1::Referral() : ToReply(state_, *found, version, context_.principal));
  return std::move(decision_);
}

}  // namespace polku::referral
