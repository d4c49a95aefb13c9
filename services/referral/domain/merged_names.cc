#include "services/referral/domain/merged_names.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"

namespace polku::referral {
namespace {

using Permissions = google::protobuf::RepeatedPtrField<v1::Permission>;

bool CameFrom(const v1::MergedClient& merged, const std::string& permission) {
  const auto& taken = merged.permissions_taken();
  return !permission.empty() && std::find(taken.begin(), taken.end(), permission) != taken.end();
}

// The name that `permission` of `client` has as one of `merged`: its own, if it came from there. Along a chain of
// merges it does not grow.
std::string NameUnder(const v1::MergedClient& merged, const std::string& client, const std::string& permission) {
  for (int i = 0; i < merged.permissions_taken_size(); ++i) {
    if (merged.permissions_taken(i) == permission) return merged.content().permissions(i).name();
  }
  const absl::string_view id = LastSegment(permission);
  const bool told = id.find('-') != absl::string_view::npos;
  return absl::StrCat(merged.client(), "/permissions/", id, told ? "" : "-", told ? "" : LastSegment(client));
}

void AddStep(v1::TellAsMerged told, Draft& draft) {
  const std::string client = told.client();
  draft.AddStep(client, std::make_unique<v1::TellAsMerged>(std::move(told)));
}

// What was told of `client`, of one that is part of it.
v1::TellAsMerged Renamed(v1::TellAsMerged told, const v1::MergedClient& merged) {
  const std::string client = std::exchange(*told.mutable_client(), merged.client());
  for (auto& each : *told.mutable_granted()) each.set_permission(NameUnder(merged, client, each.permission()));
  for (auto& each : *told.mutable_withdrawn()) each.set_permission(NameUnder(merged, client, each.permission()));
  if (told.has_restricted()) told.mutable_restricted()->set_client(merged.client());
  if (told.has_transferred()) told.mutable_transferred()->set_client(merged.client());
  return told;
}

// `told`, which names `merged`, to it and to all who are part of it.
void TellWithParts(const v1::TellAsMerged& told, const v1::MergedClient& merged, Draft& draft) {
  AddStep(told, draft);
  for (const v1::MergedClient& part : merged.content().merged()) TellWithParts(Renamed(told, part), part, draft);
}

v1::PermissionWithdrawn AsWithdrawn(const v1::Permission& permission, const google::protobuf::Timestamp& time) {
  v1::PermissionWithdrawn withdrawn;
  withdrawn.set_permission(permission.name());
  withdrawn.set_purpose(permission.purpose());
  withdrawn.set_organisation(permission.organisation());
  *withdrawn.mutable_withdraw_time() = time;
  return withdrawn;
}

}  // namespace

bool IsContradicted(const v1::Permission& permission, const Permissions& by) {
  return !permission.denial() && std::any_of(by.begin(), by.end(), [&](const v1::Permission& each) {
    return each.purpose() == permission.purpose() && each.denial() != each.has_withdraw_time();
  });
}

v1::PermissionGranted AsGranted(const v1::Permission& permission, const std::string& name) {
  v1::PermissionGranted granted;
  granted.set_permission(name);
  granted.set_purpose(permission.purpose());
  granted.set_organisation(permission.organisation());
  *granted.mutable_classes() = permission.classes();
  *granted.mutable_valid_from() = permission.valid_from();
  if (permission.has_valid_to()) *granted.mutable_valid_to() = permission.valid_to();
  granted.set_denial(permission.denial());
  *granted.mutable_grant_time() = permission.grant_time();
  return granted;
}

void EmitToAll(v1::ClientEvent event, Draft& draft) {
  v1::TellAsMerged told;
  told.set_client(draft.context().key);
  std::string undone;  // To whom it belongs it stands.
  if (event.has_permission_granted()) *told.add_granted() = event.permission_granted();
  if (event.has_permission_withdrawn()) {
    *told.add_withdrawn() = event.permission_withdrawn();
    if (event.permission_withdrawn().undone()) undone = event.permission_withdrawn().permission();
  }
  if (event.has_processing_restricted()) *told.mutable_restricted() = event.processing_restricted();
  if (event.has_client_transferred()) *told.mutable_transferred() = event.client_transferred();
  draft.Emit(std::move(event));
  const auto merged = draft.state().merged();
  for (const v1::MergedClient& each : merged) {
    if (!CameFrom(each, undone)) TellWithParts(Renamed(told, each), each, draft);
  }
}

void TellWhatStands(const v1::MergedClient& merged, const v1::Client& before, Draft& draft) {
  const Permissions& theirs = merged.content().permissions();
  v1::TellAsMerged told;
  told.set_client(merged.client());
  for (const v1::Permission& own : before.permissions()) {
    if (own.has_withdraw_time() || IsContradicted(own, theirs)) continue;
    *told.add_granted() = AsGranted(own, NameUnder(merged, before.name(), own.name()));
  }
  for (const v1::Permission& permission : theirs) {
    if (permission.has_withdraw_time() || !IsContradicted(permission, before.permissions())) continue;
    *told.add_withdrawn() = AsWithdrawn(permission, pipeline::ToProto(draft.context().now));
  }
  // Denials last: to some a permission ends them.
  std::stable_partition(told.mutable_granted()->begin(), told.mutable_granted()->end(),
                        [](const v1::PermissionGranted& each) { return !each.denial(); });
  if (told.granted_size() + told.withdrawn_size() > 0) TellWithParts(told, merged, draft);
}

void UntellWhatStands(const v1::MergedClient& merged, Draft& draft) {
  v1::TellAsMerged told;
  told.set_client(draft.context().key);
  for (const v1::Permission& own : draft.state().permissions()) {
    if (own.has_withdraw_time() || CameFrom(merged, own.name())) continue;
    v1::PermissionWithdrawn& withdrawn = *told.add_withdrawn();
    withdrawn = AsWithdrawn(own, pipeline::ToProto(draft.context().now));
    withdrawn.set_undone(true);
  }
  if (told.withdrawn_size() > 0) TellWithParts(Renamed(std::move(told), merged), merged, draft);
}

Decision OnTellAsMerged(const v1::Client& state, const v1::TellAsMerged& step, const pipeline::Context& context) {
  Draft draft(state, context);
  if (state.merged_into().empty()) return std::move(draft).NoReply();  // It has become itself again.
  const auto emit = [&draft](const auto& fill) {
    v1::ClientEvent event;
    fill(event);
    draft.Emit(std::move(event));
  };
  for (const auto& each : step.granted()) emit([&](auto& event) { *event.mutable_permission_granted() = each; });
  for (const auto& each : step.withdrawn()) emit([&](auto& event) { *event.mutable_permission_withdrawn() = each; });
  if (step.has_restricted()) emit([&](auto& event) { *event.mutable_processing_restricted() = step.restricted(); });
  if (step.has_transferred()) emit([&](auto& event) { *event.mutable_client_transferred() = step.transferred(); });
  return std::move(draft).NoReply();
}

}  // namespace polku::referral
