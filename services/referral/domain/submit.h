// A referral comes in.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/hetu.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// Referrals that one client can have; far above what a life brings, below what would make the
// aggregate slow to load.
inline constexpr int kReferralsMax = 200;

// Permissions and denials that one client can have, for the same reason.
inline constexpr int kPermissionsMax = 100;

// What entry needs beyond the request. `hash_key` is the database's, 32 bytes.
struct EntryTerms {
  const pathway::Catalogue& catalogue;
  HetuPolicy identity;
  absl::string_view hash_key;
};

// Tells who the client is from now on, if that is anything new.
void EmitPerson(v1::Person person, const EntryTerms& terms, Draft& draft);

// A referral for needs that an open one of the client has already follows that one (links.h). Whoever may be the
// same person is noted for intake; the rows of "persons_born" in `context` say who else there is.
// Errors: kInvalidArgument naming every wrong field; kFailedPrecondition TOO_MANY_REFERRALS;
// kPermissionDenied ORGANISATION_REQUIRED when the caller's organisation is not known.
absl::StatusOr<Decision> SubmitReferral(const v1::Client& state, const v1::SubmitReferralRequest& request,
                                        const EntryTerms& terms, const pipeline::Context& context);

}  // namespace polku::referral
