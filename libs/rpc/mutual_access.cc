#include "libs/rpc/mutual_access.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/read_file.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"

namespace polku::rpc {
namespace {

constexpr size_t kTokenBytesMax = 6 << 10;  // Of the 8 KiB that all headers of a call may have.
constexpr size_t kCertificatesMax = 1000;
constexpr char kBearer[] = "bearer ";

bool Has(const std::vector<std::string>& roles, const std::string& role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

// The role in which the call is made: the one asked for, or the only one.
absl::StatusOr<std::string> RoleOf(const Presented& presented, const std::vector<std::string>& roles) {
  ASSIGN_OR_RETURN(std::string wanted, SingleHeader(presented.metadata, "polku-role"));
  if (wanted.empty() && roles.size() == 1) return roles[0];
  if (wanted.empty()) return BadHeader("polku-role", "required where there are several roles");
  if (Has(roles, wanted)) return wanted;
  return WithReason(absl::PermissionDeniedError("neither token nor certificate give the role of metadata polku-role"),
                    "ROLE_NOT_GIVEN");
}

}  // namespace

absl::StatusOr<std::shared_ptr<MutualAccess>> MutualAccess::Load(MutualAccessOptions options) {
  std::shared_ptr<MutualAccess> made(new MutualAccess(std::move(options)));
  RETURN_IF_ERROR(made->ReloadOrganisations());
  RETURN_IF_ERROR(made->ReloadTokenKeys());
  return made;
}

absl::Status MutualAccess::ReloadOrganisations() {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(options_.organisations));
  ASSIGN_OR_RETURN(Organisations read, Organisations::Parse(options_.organisations, text));
  const std::lock_guard<std::mutex> lock(mutex_);
  organisations_ = std::make_shared<const Organisations>(std::move(read));
  return absl::OkStatus();
}

absl::Status MutualAccess::ReloadTokenKeys() {
  if (options_.jwks.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string text, ReadFile(options_.jwks));
  absl::StatusOr<TokenKeys> read = TokenKeys::Parse(text);
  if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(options_.jwks, ": ", read.status().message()));
  const std::lock_guard<std::mutex> lock(mutex_);
  keys_ = std::make_shared<const TokenKeys>(*std::move(read));
  return absl::OkStatus();
}

absl::StatusOr<PeerCertificate> MutualAccess::CertificateOf(absl::string_view pem) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const auto found = certificates_.find(pem); found != certificates_.end()) return found->second;
  }
  absl::StatusOr<PeerCertificate> read = ReadPeerCertificate(pem);
  if (!read.ok()) {
    return WithReason(absl::UnauthenticatedError("a client certificate is required"), "CERTIFICATE_UNKNOWN");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (certificates_.size() >= kCertificatesMax) certificates_.clear();
  certificates_.emplace(pem, *read);
  return read;
}

absl::StatusOr<Identity> MutualAccess::IdentityOf(const Presented& presented) const {
  ASSIGN_OR_RETURN(const PeerCertificate certificate, CertificateOf(presented.certificate));
  std::shared_ptr<const Organisations> organisations;
  std::shared_ptr<const TokenKeys> keys;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    organisations = organisations_;
    keys = keys_;
  }
  const absl::Time now = options_.clock->Now();
  // TLS looked when the connection was opened, which may be long ago.
  if (certificate.expires <= now) {
    return WithReason(absl::UnauthenticatedError("certificate: expired"), "CERTIFICATE_EXPIRED");
  }
  ASSIGN_OR_RETURN(const KnownSystem* system, organisations->Find(certificate));
  Identity identity;
  identity.calls_per_second = system->calls_per_second;
  pipeline::Principal& principal = identity.principal;
  principal.organisation = system->organisation;
  principal.system = system->system;
  ASSIGN_OR_RETURN(principal.purpose, SingleHeader(presented.metadata, "polku-purpose"));
  ASSIGN_OR_RETURN(const std::string claimed, SingleHeader(presented.metadata, "polku-organisation"));
  if (!claimed.empty() && claimed != system->organisation) {
    return BadHeader("polku-organisation", "not that of the certificate");
  }
  ASSIGN_OR_RETURN(const std::string authorization, SingleHeader(presented.metadata, "authorization", kTokenBytesMax));
  if (authorization.empty()) {
    identity.is_person = false;
    principal.user = absl::StrCat("systems/", system->system);
    ASSIGN_OR_RETURN(principal.role, RoleOf(presented, system->roles));
    return identity;
  }
  if (!absl::StartsWithIgnoreCase(authorization, kBearer)) return BadHeader("authorization", "expected Bearer TOKEN");
  if (keys == nullptr) return BadHeader("authorization", "tokens are not taken here");
  ASSIGN_OR_RETURN(TokenClaims claims,
                   keys->Verify(absl::string_view(authorization).substr(sizeof(kBearer) - 1), options_.token, now));
  if (claims.organisation != system->organisation) {
    return WithReason(absl::UnauthenticatedError("token: of another organisation than the certificate"),
                      "TOKEN_INVALID");
  }
  principal.user = std::move(claims.user);
  ASSIGN_OR_RETURN(principal.role, RoleOf(presented, claims.roles));
  if (!Has(system->roles, principal.role)) {
    return WithReason(
        absl::PermissionDeniedError(absl::StrCat("role ", principal.role, " is not one of the organisation's")),
        "ROLE_NOT_OF_ORGANISATION");
  }
  return identity;
}

}  // namespace polku::rpc
