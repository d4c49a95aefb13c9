// Errors across the wire: absl::Status here, google.rpc.Status in the trailers.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"

namespace polku::rpc {

// For the reply of a call, or for a row of it. Error details: ErrorInfo always (domain "polku"; the reason of
// libs/base/violation.h, else the name of the code), BadRequest for violations, RetryInfo for a retry delay,
// RequestInfo when `request_id` is not empty. Message and details are cut so that they fit into a trailer of 8 KiB.
// Empty for success.
google::rpc::Status ToGoogleStatus(const absl::Status& status, absl::string_view request_id = {});
grpc::Status ToGrpc(const absl::Status& status, absl::string_view request_id = {});

// For a client: code, message, reason, violations and retry delay again. Details that do not parse are left out.
absl::Status FromGrpc(const grpc::Status& status);

// "INVALID_ARGUMENT", as in metrics and logs.
absl::string_view NameOf(absl::StatusCode code);

}  // namespace polku::rpc
