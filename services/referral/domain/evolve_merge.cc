#include "services/referral/domain/evolve_merge.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {
namespace {

// Who it was is known by the other one; numbers are not given again if it becomes itself again.
void BecomeAnother(const v1::ClientMerged& merged, v1::Client& state) {
  v1::Client left;
  left.set_name(merged.client());
  left.set_merged_into(merged.into());
  left.set_referrals_numbered(NextReferralNumber(state) - 1);
  *left.mutable_moved() = state.moved();
  state = std::move(left);
}

void Await(const v1::MergeAwaited& awaited, v1::Client& state) {
  auto& all = *state.mutable_awaited();
  const auto known = std::find(all.begin(), all.end(), awaited.client());
  if (awaited.called_off() && known != all.end()) all.erase(known);
  if (!awaited.called_off() && known == all.end()) *all.Add() = awaited.client();
}

void TakeIn(const v1::ClientTaken& taken, v1::Client& state) {
  v1::MergeAwaited no_longer;
  no_longer.set_client(taken.merged().client());
  no_longer.set_called_off(true);
  Await(no_longer, state);
  *state.add_merged() = taken.merged();
  state.set_referrals_numbered(NextReferralNumber(state) - 1 + taken.referrals_size());
  state.mutable_referrals()->MergeFrom(taken.referrals());
  state.mutable_entry_warnings()->MergeFrom(taken.entry_warnings());
  state.mutable_transfers()->MergeFrom(taken.merged().content().transfers());
  // What had been given to that client is here again.
  auto& moved = *state.mutable_moved();
  moved.erase(
      std::remove_if(moved.begin(), moved.end(),
                     [&](const v1::MovedReferral& each) { return ClientOf(each.to()) == taken.merged().client(); }),
      moved.end());
}

void GiveAway(const v1::ReferralsGiven& given, v1::Client& state) {
  state.set_referrals_numbered(NextReferralNumber(state) - 1);
  auto& referrals = *state.mutable_referrals();
  auto& warnings = *state.mutable_entry_warnings();
  for (const v1::MovedReferral& moved : given.moved()) {
    const auto is_named = [&moved](const std::string& name) {
      return std::find(moved.names().begin(), moved.names().end(), name) != moved.names().end();
    };
    referrals.erase(std::remove_if(referrals.begin(), referrals.end(),
                                   [&](const v1::Referral& each) { return is_named(each.name()); }),
                    referrals.end());
    warnings.erase(std::remove_if(warnings.begin(), warnings.end(),
                                  [&](const v1::EntryWarning& each) { return is_named(each.referral()); }),
                   warnings.end());
  }
  state.mutable_moved()->MergeFrom(given.moved());
  auto& merged = *state.mutable_merged();
  merged.erase(std::remove_if(merged.begin(), merged.end(),
                              [&](const v1::MergedClient& each) { return each.client() == given.undone(); }),
               merged.end());
}

void Receive(const v1::ClientContent& content, v1::Client& state) {
  state.clear_merged_into();
  state.set_referrals_numbered(std::max(state.referrals_numbered(), content.referrals_size()));
  *state.mutable_referrals() = content.referrals();
  *state.mutable_permissions() = content.permissions();
  *state.mutable_entry_warnings() = content.entry_warnings();
  if (content.has_last_event()) *state.mutable_last_event() = content.last_event();
  *state.mutable_merged() = content.merged();
  *state.mutable_transfers() = content.transfers();
  state.mutable_moved()->MergeFrom(content.moved());
}

void TakeNewest(const MergedClients& merged, v1::ServiceEvent& newest) {
  for (const v1::MergedClient& each : merged) {
    if (IsNewer(each.content().last_event(), newest)) newest = each.content().last_event();
    TakeNewest(each.content().merged(), newest);
  }
}

}  // namespace

void EvolveMerge(const v1::ClientEvent& event, v1::Client& state) {
  switch (event.event_case()) {
    case v1::ClientEvent::kMergeBegun:
      state.set_merging_into(event.merge_begun().into());
      *state.mutable_merging_since() = event.merge_begun().begin_time();
      return state.clear_merge_refused();
    case v1::ClientEvent::kMergeRefused:
      state.clear_merging_into();
      state.clear_merging_since();
      return state.set_merge_refused(event.merge_refused().reason());
    case v1::ClientEvent::kMergeAwaited:
      return Await(event.merge_awaited(), state);
    case v1::ClientEvent::kClientMerged:
      return BecomeAnother(event.client_merged(), state);
    case v1::ClientEvent::kClientTaken:
      return TakeIn(event.client_taken(), state);
    case v1::ClientEvent::kReferralsGiven:
      return GiveAway(event.referrals_given(), state);
    case v1::ClientEvent::kContentReceived:
      return Receive(event.content_received().content(), state);
    default:  // ClientSplit among them: told to others, ReferralsGiven said it here.
      return;
  }
}

v1::MergedClient* FindMerged(MergedClients& merged, absl::string_view client) {
  return const_cast<v1::MergedClient*>(FindMerged(std::as_const(merged), client));
}

const v1::MergedClient* FindMerged(const MergedClients& merged, absl::string_view client) {
  for (const v1::MergedClient& each : merged) {
    if (each.client() == client) return &each;
    if (const auto* below = FindMerged(each.content().merged(), client); below != nullptr) return below;
  }
  return nullptr;
}

bool IsNewer(const v1::ServiceEvent& event, const v1::ServiceEvent& last) {
  const auto order = [](const v1::ServiceEvent& each) {
    return std::make_pair(pipeline::FromProto(each.time()), int{each.kind()});
  };
  if (!event.has_time() || !last.has_time()) return event.has_time();
  return order(last) < order(event);
}

v1::ServiceEvent NewestEvent(const v1::Client& state) {
  v1::ServiceEvent newest = state.last_event();
  TakeNewest(state.merged(), newest);
  return newest;
}

}  // namespace polku::referral
