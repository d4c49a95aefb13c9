// Meetings about a client, alone with the coordinator or with other organisations.
#pragma once

#include "absl/status/statusor.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/client_turn.h"

namespace polku::coordinator_network {

// Both: lookup 0 are the client's permissions (permissions.h). Both give the meeting as it is afterwards.
// Errors: kInvalidArgument naming every field that is wrong; kFailedPrecondition SUPPORT_NOT_OPEN,
// PROCESSING_RESTRICTED, PERMISSION_MISSING (a violation for each participant that lacks one: what it may
// not be told); kResourceExhausted MEETINGS_FULL; kUnavailable PERMISSIONS_UNKNOWN.
absl::StatusOr<polku::coordinator_network::v1::Meeting> ScheduleMeeting(
    const polku::coordinator_network::v1::ScheduleMeetingRequest& request, ClientTurn& turn);

// A meeting that was held turns its decisions into tasks; one that the client missed asks for a contact.
// Permissions are those of the day on which it began.
// Errors: also kNotFound MEETING_UNKNOWN, kFailedPrecondition MEETING_ENDED and SUPPORT_CLOSED.
absl::StatusOr<polku::coordinator_network::v1::Meeting> RecordMeeting(
    const polku::coordinator_network::v1::RecordMeetingRequest& request, ClientTurn& turn);

// Meetings to come that were agreed in a journey that has ended are cancelled with it.
void CancelMeetingsOfEndedJourneys(ClientTurn& turn);

}  // namespace polku::coordinator_network
