// Details of an error for the caller, carried as payloads of the absl::Status. Nothing but these
// functions reads or writes the payloads; libs/rpc turns them into google.rpc error details.
// No personal data in any of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace polku {

// One field of a request that can never be right as it is.
struct FieldViolation {
  std::string field;        // Path from the request's root: "referral.target_day".
  std::string description;  // What is wrong; no value from the request.

  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

// kInvalidArgument with the message "<field_path>: <description>" and one violation.
absl::Status InvalidField(absl::string_view field_path, absl::string_view description);

// Adds one more violation, to the message too ("; " between). An OK status becomes InvalidField();
// any other keeps its code and payloads.
void AddViolation(absl::Status& status, absl::string_view field_path, absl::string_view description);

// In the order they were added; empty if there are none.
std::vector<FieldViolation> ViolationsOf(const absl::Status& status);

// For a part of a larger request: the same status with "<parent>." before every violated field, in the message
// too where it tells the violations alone. `parent` is "marks[3]".
absl::Status UnderField(const absl::Status& status, absl::string_view parent);

// Sets the machine-readable cause, google.rpc.ErrorInfo.reason: a constant such as
// "CLIENT_MERGED". An OK status stays as it is.
absl::Status WithReason(absl::Status status, absl::string_view upper_snake_reason);
// Empty if there is none.
std::string ReasonOf(const absl::Status& status);

// Tells the caller how long to wait before the next try (google.rpc.RetryInfo), in whole
// nanoseconds; a negative delay counts as zero. An OK status stays as it is.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace polku
