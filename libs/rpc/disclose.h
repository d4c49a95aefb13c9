// Which role may see which kind of personal data. Every disclosure asks here.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"

namespace polku::rpc {

enum class DataClass { kIdentity, kContacts, kReferral, kAssessment, kFollowUp, kConsultation };

// What the caller of Disclose found out about the relation between principal and client.
struct DisclosureFacts {
  bool own_referral = false;      // The principal's organisation sent the client, or the referral in question.
  bool own_consultation = false;  // The principal's organisation is asked for its advice.
  bool restricted = false;        // The client's processing is restricted: intake alone sees anything.
  bool denied = false;            // The client denies the principal's organisation this class of data.
  bool not_permitted = false;     // It may be told by the client's permission alone, and there is none that stands.
  // Where the answer rests on what the client permits: how long ago that was last known, ReadScope::UnknownFor. Too
  // long, and there is none. Zero for an organisation that has the client.
  absl::Duration permissions_unknown_for;
};

// OK when `principal` may see that data of `client` ("clients/C").
// Errors: kPermissionDenied (ROLE_NOT_ALLOWED) when the role never may, whoever the client is,
// (PROCESSING_RESTRICTED), (CLIENT_DENIES) and (PERMISSION_MISSING) where it otherwise might; kNotFound
// when it may for its own clients only: a stranger must not learn that the client exists; that of
// permissions::CheckKnown.
absl::Status Disclose(const pipeline::Principal& principal, absl::string_view client, DataClass data_class,
                      const DisclosureFacts& facts);

// The client of a refusal of Disclose, for the audit row; empty for any other status. Never sent to the caller.
std::string DeniedClientOf(const absl::Status& status);

}  // namespace polku::rpc
