// Which organisations a client lets know what, by the facts of the referral service.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_field.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {

// The client's permissions as rows that MissingClasses reads.
pipeline::Lookup PermissionLookup(const std::string& client);

// Of PermissionGranted and PermissionWithdrawn; none of any other event. When it ends is a row of its own, since a
// withdrawal does not repeat what was permitted. A permission that is told again stands again.
std::vector<pipeline::IndexRow> PermissionRows(const polku::coordinator_network::v1::ClientSupportEvent& event);

// Those of `classes` that `organisation` may not know at `time`: no permission of one of `purposes` is valid
// on that day for it, or a denial is, whatever its purpose. A permission that was withdrawn later was valid.
std::vector<std::string> MissingClasses(absl::Span<const store::Row> permissions, const std::string& organisation,
                                        const google::protobuf::RepeatedPtrField<std::string>& classes, absl::Time time,
                                        const std::vector<std::string>& purposes);

// Whether the client denies `organisation` that class of data at `time`, for whatever purpose.
bool IsDenied(absl::Span<const store::Row> permissions, const std::string& organisation, const std::string& one_class,
              absl::Time time);

}  // namespace polku::coordinator_network
