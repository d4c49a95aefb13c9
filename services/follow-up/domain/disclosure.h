// Whom a client's follow-up may be told, by the facts of the referral service.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// The organisations that answer for the client have the follow-up as their task while the journey runs: no denial
// concerns them.
bool IsOwn(const polku::follow_up::v1::JourneyRecord& record, absl::string_view organisation);

// Whether the client denies `organisation`, which is not one of those, the follow-up on the day of `now`.
bool IsDenied(const polku::follow_up::v1::JourneyRecord& record, absl::string_view organisation, absl::Time now);

// Whether the answer to `organisation` rests on what the client permits and denies, which must be known up to now then.
bool RestsOnPermissions(const polku::follow_up::v1::JourneyRecord& record, absl::string_view organisation);

// Whether the caller may know of the follow-up.
// Errors: kFailedPrecondition (PROCESSING_RESTRICTED); kPermissionDenied (CLIENT_DENIES) and kUnavailable
// (PERMISSIONS_UNKNOWN) for an organisation that does not answer for the client.
absl::Status CheckMayKnow(const polku::follow_up::v1::JourneyRecord& record, const pipeline::Context& context);

// Commands that decide about the client are for callers that may know of the follow-up. What somebody reports has
// happened is taken from everybody, so that no fact is lost.
bool IsDecision(const polku::follow_up::v1::JourneyInput& input);

// The reply to a report (null: none) tells a caller that may not know of the follow-up no more of a measure than its
// name and phase.
void HoldBack(const polku::follow_up::v1::JourneyRecord& record, const pipeline::Context& context,
              google::protobuf::Message* reply);

}  // namespace polku::follow_up
