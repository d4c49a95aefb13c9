// Who calls over mutual TLS: a system by its certificate, a person by a signed token beside it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/rpc/access.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/organisations.h"
#include "libs/rpc/tokens.h"

namespace polku::rpc {

struct MutualAccessOptions {
  std::string organisations;  // A file, see organisations.h.
  std::string jwks;           // A file; empty: nobody has a token, and only systems call.
  TokenRules token;
  const Clock* clock = nullptr;
};

// Thread-safe.
class MutualAccess {
 public:
  // Errors: kFailedPrecondition or kInvalidArgument naming the file that cannot be read or is wrong.
  static absl::StatusOr<std::shared_ptr<MutualAccess>> Load(MutualAccessOptions options);

  // The certificate says organisation and system. With metadata `authorization: Bearer <token>` the token, which must
  // be of the same organisation, says user and roles; otherwise the system acts by itself, in the roles of its row.
  // One of several roles is chosen by metadata polku-role. Purpose is metadata polku-purpose. polku-organisation may
  // be left out, and must otherwise be right; polku-user and polku-system say nothing.
  // Errors: as Access::IdentityOf.
  absl::StatusOr<Identity> IdentityOf(const Presented& presented) const;

  // Read a file again. Errors: as Load; what was read before stays in use.
  absl::Status ReloadOrganisations();
  absl::Status ReloadTokenKeys();

 private:
  explicit MutualAccess(MutualAccessOptions options) : options_(std::move(options)) {}
  absl::StatusOr<PeerCertificate> CertificateOf(absl::string_view pem) const;

  const MutualAccessOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Organisations> organisations_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const TokenKeys> keys_ ABSL_GUARDED_BY(mutex_);  // Null: there is no file.
  // Certificates that were read, by their PEM: a connection has thousands of calls.
  mutable absl::flat_hash_map<std::string, PeerCertificate> certificates_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace polku::rpc
