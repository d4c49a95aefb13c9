// A client who was merged into another one is still known by its own name to the other services: its journey goes on.
// What the other one says from then on is told under that name too, by steps. See "Merging" in
// services/referral/README.md.
#pragma once

#include <string>

#include "services/referral/domain/evolve.h"

namespace polku::referral {

// Emits a PermissionGranted, PermissionWithdrawn, ProcessingRestricted or ClientTransferred, and tells it under the
// name of everybody who is part of this client.
void EmitToAll(v1::ClientEvent event, Draft& draft);

// `merged` has become part of this client just now: what `before` says, the client as it was, holds for it too. A
// permission gives way to what the person has denied or taken back in either record.
void TellWhatStands(const v1::MergedClient& merged, const v1::Client& before, Draft& draft);
// `merged` becomes itself again: what this client has permitted or denied is no longer told of it. Before the step
// that brings its own back.
void UntellWhatStands(const v1::MergedClient& merged, Draft& draft);

// The person has denied the purpose of `permission`, or taken back a permission for it.
bool IsContradicted(const v1::Permission& permission, const google::protobuf::RepeatedPtrField<v1::Permission>& by);

v1::PermissionGranted AsGranted(const v1::Permission& permission, const std::string& name);

// The step at the one that is part of another one. Nothing of it is kept here.
Decision OnTellAsMerged(const v1::Client& state, const v1::TellAsMerged& step, const pipeline::Context& context);

}  // namespace polku::referral
