// Which system of which organisation a certificate stands for: the file `access.organisations`.
//
//   spiffe://kainuu.example/agencies/te-office:
//     organisation: organisations/te-office
//     system: te-asiakas
//     roles: [referrer]
//     calls_per_second: 20      # May be left out: call.organisation_calls_per_second.
//   denied:
//     - spiffe://kainuu.example/agencies/left-us
//     - 4f:0a:12                # A certificate's serial number.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/rpc/certificates.h"

namespace polku::rpc {

// One system that may call.
struct KnownSystem {
  std::string organisation;        // "organisations/te-office"
  std::string system;              // "te-asiakas"
  std::vector<std::string> roles;  // Of its persons and of itself; known ones, at least one.
  double calls_per_second = 0;     // 0 = not said.
};

class Organisations {
 public:
  // `name` stands for the file in messages.
  // Errors: kInvalidArgument with name:line and what is wrong there.
  static absl::StatusOr<Organisations> Parse(absl::string_view name, absl::string_view yaml);

  // Valid as long as this object.
  // Errors: kUnauthenticated, CERTIFICATE_DENIED or CERTIFICATE_UNKNOWN. A certificate for two known systems is
  // unknown.
  absl::StatusOr<const KnownSystem*> Find(const PeerCertificate& certificate) const;

 private:
  std::map<std::string, KnownSystem> systems_;  // By URI.
  std::set<std::string> denied_;                // URIs, and serial numbers as PeerCertificate has them.
};

}  // namespace polku::rpc
