// How merges and splits change the aggregate `Client`, and what it knows of the clients that it is made of.
#pragma once

#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

// Events of merges and splits; all others change nothing.
void EvolveMerge(const v1::ClientEvent& event, v1::Client& state);

// The client of that key among those merged, and those merged into them; or null.
using MergedClients = google::protobuf::RepeatedPtrField<v1::MergedClient>;
v1::MergedClient* FindMerged(MergedClients& merged, absl::string_view client);
const v1::MergedClient* FindMerged(const MergedClients& merged, absl::string_view client);

// The order in which one follows another; an event without time is older than any.
bool IsNewer(const v1::ServiceEvent& event, const v1::ServiceEvent& last);
// Of the client and all that were merged into it; without time when there is none.
v1::ServiceEvent NewestEvent(const v1::Client& state);

}  // namespace polku::referral
