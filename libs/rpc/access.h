// Who calls, and which methods that role may call. Deny by default.
#pragma once

#include <grpcpp/support/string_ref.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/pipeline/domain.h"

namespace polku::rpc {

// One row of the permission table of a service.
struct MethodPermission {
  std::string method;  // "polku.referral.v1.ReferralService/SubmitReferral"
  std::vector<std::string> roles;
};

// Whether `role` is one of "referrer", "intake", "assessor", "coordinator", "lead", "provider", "operator",
// "service". The last is another Polku service.
bool IsKnownRole(absl::string_view role);

// Checks a permission table against the protobuf descriptors linked into this program: each method of
// `services` ("polku.referral.v1.ReferralService") has exactly one row, each row names a method that exists
// and known roles, and no two methods of the table share a request type (the Gate finds the method by it).
// Errors: kFailedPrecondition naming the method.
absl::Status CheckPermissions(absl::Span<const std::string> services, absl::Span<const MethodPermission> rows);

// Turns the metadata of a call into a principal. Thread-safe.
class Access {
 public:
  using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

  // Takes the caller's word: metadata headers polku-organisation ("organisations/O") and polku-role, both
  // required; polku-system, polku-user and polku-purpose. For one machine only; says so in the log.
  // `listen_address` is where the server will listen, "127.0.0.1:0".
  // Errors: kInvalidArgument when that is not a loopback address.
  static absl::StatusOr<Access> Development(absl::string_view listen_address);

  // Errors: kUnauthenticated naming the header that is missing, repeated or malformed.
  absl::StatusOr<pipeline::Principal> PrincipalOf(const Metadata& metadata) const;

 private:
  Access() = default;
};

}  // namespace polku::rpc
