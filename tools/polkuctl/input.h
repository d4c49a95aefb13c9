// Files that a caller hands in.
#ifndef POLKU_TOOLS_POLKUCTL_INPUT_H_
#define POLKU_TOOLS_POLKUCTL_INPUT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "polku/assessment/v1/api.pb.h"
#include "polku/referral/v1/api.pb.h"

namespace polku::polkuctl {

// The whole file; "-" is standard input.
// Errors: kNotFound.
absl::StatusOr<std::string> ReadText(const std::string& path);

// The identity code that stands in the file. A wrong file is a usage error of --identity-code-file: a code is never a
// flag itself, since process lists show those.
std::string IdentityCodeIn(const std::string& path);

// `flags` on top of the referral in `json`: a flag that was given replaces what the file says, lists too.
// Errors: kInvalidArgument, which never repeats the text: it may hold an identity code.
absl::StatusOr<polku::referral::v1::Referral> ReferralFrom(absl::string_view json,
                                                           const polku::referral::v1::Referral& flags);

// Adds the measures of `json` to `request`: a list of PlannedMeasure, or an object with the list as "measures".
// Errors: kInvalidArgument saying what does not parse.
absl::Status AddMeasuresFrom(absl::string_view json, polku::assessment::v1::ProposePlanRequest& request);

}  // namespace polku::polkuctl

#endif  // POLKU_TOOLS_POLKUCTL_INPUT_H_
