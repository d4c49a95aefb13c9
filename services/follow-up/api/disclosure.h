// Whether the caller may know of a client's follow-up.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/rpc/gate.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

namespace v1 = ::polku::follow_up::v1;

struct DisclosedJourney {
  std::string client;
  v1::JourneyRecord record;  // Empty when the client is not followed.
};

// The client of `name`, which is as `pattern` says. Blocks on the database.
// Errors: kInvalidArgument naming `field`; what rpc::Disclose refuses.
absl::StatusOr<DisclosedJourney> LoadDisclosed(rpc::ReadScope& scope, absl::string_view name, absl::string_view pattern,
                                               absl::string_view field);

// Whether a list may tell of the client, by what is known of permissions: a list that waits for what may not be known
// yet would hide people.
bool IsListedFor(const pipeline::Principal& principal, const std::string& client, const v1::JourneyRecord& record,
                 absl::Time now);

}  // namespace polku::follow_up
