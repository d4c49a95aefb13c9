// What the commands about one referral have in common.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

inline constexpr int kTextCharactersMax = 4000;

// The referral that the caller's organisation sent, or has received, or either. To any other organisation it is as
// if it did not exist: that somebody was referred is itself personal. Errors: kNotFound.
enum class Side { kReferrer, kReceiver, kEither };
absl::StatusOr<const v1::Referral*> FindFor(Side side, const v1::Client& state, const std::string& name,
                                            const pipeline::Context& context);

// The referral that waits for the caller's organisation to answer it.
// Errors: kNotFound; kFailedPrecondition REFERRAL_ANSWERED, or REFERRAL_LINKED when it follows another.
absl::StatusOr<const v1::Referral*> FindUnanswered(const v1::Client& state, const std::string& name,
                                                   const pipeline::Context& context);
// As it is, or that error.
absl::Status CheckUnanswered(const v1::Referral& referral);

// 1 to 63 of a-z, 0-9 and hyphen.
bool IsCode(absl::string_view text);
absl::Status CheckText(absl::string_view text);
// A coded reason and its text. `known`: one of the reasons; `other`: the one that needs a text.
absl::Status CheckReason(bool known, bool other, absl::string_view text);

}  // namespace polku::referral
