// Who calls, and which methods that role may call. Deny by default.
#pragma once

#include <grpcpp/support/string_ref.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
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
  // Those of `roles` in which a system may call by its certificate alone. In the others it needs a person's token.
  std::vector<std::string> systems = {};
};

// Whether `role` is one of "referrer", "intake", "assessor", "coordinator", "lead", "provider", "operator",
// "auditor", "service". The last is another Polku service.
bool IsKnownRole(absl::string_view role);

// Checks a permission table against the protobuf descriptors linked into this program: each method of
// `services` ("polku.referral.v1.ReferralService") has exactly one row, each row names a method that exists
// and known roles, those of systems among them, and no two methods of the table share a request type (the Gate finds
// the method by it). Errors: kFailedPrecondition naming the method.
absl::Status CheckPermissions(absl::Span<const std::string> services, absl::Span<const MethodPermission> rows);

class MutualAccess;

// What a call brings that tells who calls. Valid during the call of whoever gets it.
struct Presented {
  using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

  const Metadata& metadata;
  absl::string_view certificate = {};  // PEM, of the other end of the connection; empty without TLS.
};

// Who calls.
struct Identity {
  pipeline::Principal principal;
  // A person, as a token says (in development mode: whoever calls). Otherwise a system by itself, which may do only
  // what MethodPermission::systems allows; the principal's user is then "systems/<system>".
  bool is_person = true;
  double calls_per_second = 0;  // What the organisation's row allows; 0 = GateLimits says.
};

// Turns what a call brings into who calls. Thread-safe.
class Access {
 public:
  using Metadata = Presented::Metadata;

  // Takes the caller's word: metadata headers polku-organisation ("organisations/O") and polku-role, both
  // required; polku-system, polku-user and polku-purpose. For one machine only; says so in the log.
  // `listen_address` is where the server will listen, "127.0.0.1:0".
  // Errors: kInvalidArgument when that is not a loopback address.
  static absl::StatusOr<Access> Development(absl::string_view listen_address);
  // Believes certificates and signed tokens, see mutual_access.h.
  explicit Access(std::shared_ptr<const MutualAccess> mutual) : mutual_(std::move(mutual)) {}

  // Errors: kUnauthenticated naming the header that is missing, repeated or malformed, or what is wrong with the
  // certificate or the token; kPermissionDenied (ROLE_NOT_OF_ORGANISATION) for a role that the organisation has not.
  absl::StatusOr<Identity> IdentityOf(const Presented& presented) const;

 private:
  Access() = default;

  std::shared_ptr<const MutualAccess> mutual_;  // Shared by the copies of this object; null in development mode.
};

// The only value of the header; empty when there is none. Errors: kUnauthenticated naming the header.
absl::StatusOr<std::string> SingleHeader(const Presented::Metadata& metadata, const char* header,
                                         size_t bytes_max = 128);
// kUnauthenticated (PRINCIPAL_INVALID), "metadata <header>: <what>".
absl::Status BadHeader(absl::string_view header, absl::string_view what);

}  // namespace polku::rpc
