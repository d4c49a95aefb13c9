// What happens to a referral besides acceptance and refusal.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/api.pb.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// Errors of all: kNotFound when the referral is not the caller's organisation's to handle (see checks.h);
// kInvalidArgument naming the field; kFailedPrecondition with the reasons in polku/referral/v1/api.proto.
absl::StatusOr<Decision> RequestInformation(const v1::Client& state, const v1::RequestInformationRequest& request,
                                            const pipeline::Context& context);
absl::StatusOr<Decision> ProvideInformation(const v1::Client& state, const v1::ProvideInformationRequest& request,
                                            const pipeline::Context& context);
absl::StatusOr<Decision> RedirectReferral(const v1::Client& state, const v1::RedirectReferralRequest& request,
                                          const pipeline::Context& context);
absl::StatusOr<Decision> WithdrawReferral(const v1::Client& state, const v1::WithdrawReferralRequest& request,
                                          const pipeline::Context& context);
absl::StatusOr<Decision> ReopenReferral(const v1::Client& state, const v1::ReopenReferralRequest& request,
                                        const pipeline::Context& context);
absl::StatusOr<Decision> VoidRecord(const v1::Client& state, const v1::VoidRecordRequest& request,
                                    const pipeline::Context& context);

// The referral, which waits, is taken back, with a note why.
void EmitWithdrawn(const std::string& referral, const std::string& text, v1::WithdrawReason reason, Draft& draft);

}  // namespace polku::referral
