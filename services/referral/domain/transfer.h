// TransferOut: a client's record goes to another region.
#pragma once

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// Withdraws what waits for an answer, tells the others, and answers with the record.
// Errors: kNotFound; kFailedPrecondition NO_PERMISSION, CLIENT_DENIES, TOO_MANY_TRANSFERS or NAMED_USER_REQUIRED;
// kInvalidArgument naming the field.
absl::StatusOr<Decision> TransferOut(const v1::Client& state, const v1::TransferOutRequest& request,
                                     const pathway::Catalogue& catalogue, const pipeline::Context& context);

}  // namespace polku::referral
