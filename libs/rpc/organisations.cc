#include "libs/rpc/organisations.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/rpc/access.h"
#include "yaml-cpp/yaml.h"

namespace polku::rpc {
namespace {

constexpr char kDenied[] = "denied";
constexpr double kCallsPerSecondMax = 1e6;

bool IsUri(absl::string_view text) { return absl::StrContains(text, "://"); }

absl::Status Refused(absl::string_view reason, absl::string_view what) {
  return WithReason(absl::UnauthenticatedError(absl::StrCat("certificate: ", what)), reason);
}

// Reads one file; says where what is wrong stands.
class Reader {
 public:
  explicit Reader(absl::string_view name) : name_(name) {}

  absl::Status Bad(const YAML::Node& node, absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ":", node.Mark().line + 1, ": ", what));
  }

  absl::StatusOr<KnownSystem> System(const YAML::Node& row) const {
    if (!row.IsMap()) return Bad(row, "expected organisation, system and roles");
    KnownSystem system;
    std::set<std::string> seen;
    for (const auto& entry : row) {
      const std::string key = entry.first.Scalar();
      if (!seen.insert(key).second) return Bad(entry.first, absl::StrCat(key, " is given twice"));
      RETURN_IF_ERROR(Take(key, entry.first, entry.second, system));
    }
    if (system.organisation.empty() || system.system.empty() || system.roles.empty()) {
      return Bad(row, "organisation, system and roles are required");
    }
    return system;
  }

  // As PeerCertificate has it.
  absl::StatusOr<std::string> Denied(const YAML::Node& node) const {
    if (!node.IsScalar()) return Bad(node, "denied: expected URIs and serial numbers");
    if (IsUri(node.Scalar())) return node.Scalar();
    std::optional<std::string> serial = SerialOf(node.Scalar());
    if (!serial.has_value()) return Bad(node, "denied: neither a URI nor a serial number in hexadecimal digits");
    return *std::move(serial);
  }

 private:
  absl::Status Take(const std::string& key, const YAML::Node& key_node, const YAML::Node& value,
                    KnownSystem& system) const {
    if (key == "roles") {
      if (!value.IsSequence()) return Bad(value, "roles: expected a list");
      for (const YAML::Node& role : value) {
        if (!role.IsScalar() || !IsKnownRole(role.Scalar())) return Bad(role, "roles: a role that is not known");
        system.roles.push_back(role.Scalar());
      }
      return absl::OkStatus();
    }
    if (!value.IsScalar()) return Bad(value, absl::StrCat(key, ": expected a text"));
    if (key == "organisation") {
      system.organisation = value.Scalar();
      if (IsResourceName(system.organisation, "organisations/*")) return absl::OkStatus();
      return Bad(value, "organisation: expected organisations/ID");
    }
    if (key == "system") {
      system.system = value.Scalar();
      if (IsResourceName(absl::StrCat("systems/", system.system), "systems/*")) return absl::OkStatus();
      return Bad(value, "system: expected 1 to 63 of a-z, 0-9 and -");
    }
    if (key == "calls_per_second") {
      const bool read = YAML::convert<double>::decode(value, system.calls_per_second);
      if (read && system.calls_per_second > 0 && system.calls_per_second <= kCallsPerSecondMax) return absl::OkStatus();
      return Bad(value, "calls_per_second: expected a number above 0");
    }
    return Bad(key_node, absl::StrCat("unknown key ", key));
  }

  const std::string name_;
};

}  // namespace

absl::StatusOr<Organisations> Organisations::Parse(absl::string_view name, absl::string_view yaml) try {
  const Reader reader(name);
  const YAML::Node root = YAML::Load(std::string(yaml));
  if (!root.IsMap()) return reader.Bad(root, "expected a row for each certificate's URI");
  Organisations parsed;
  for (const auto& entry : root) {
    const YAML::Node& key = entry.first;
    const YAML::Node& value = entry.second;
    const std::string uri = key.Scalar();
    if (uri == kDenied) {
      if (!value.IsSequence() && !value.IsNull()) return reader.Bad(value, "denied: expected a list");
      for (const YAML::Node& node : value) {
        ASSIGN_OR_RETURN(std::string denied, reader.Denied(node));
        parsed.denied_.insert(std::move(denied));
      }
      continue;
    }
    if (!IsUri(uri)) return reader.Bad(key, absl::StrCat(uri, ": neither a URI nor \"denied\""));
    ASSIGN_OR_RETURN(KnownSystem system, reader.System(value));
    if (!parsed.systems_.emplace(uri, std::move(system)).second) {
      return reader.Bad(key, absl::StrCat(uri, " is given twice"));
    }
  }
  if (parsed.systems_.empty()) return reader.Bad(root, "nobody may call");
  return parsed;
} catch (const std::exception& error) {  // Of yaml-cpp, which says the line itself.
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", error.what()));
}

absl::StatusOr<const KnownSystem*> Organisations::Find(const PeerCertificate& certificate) const {
  const KnownSystem* found = nullptr;
  int known = 0;
  bool denied = denied_.contains(certificate.serial);
  for (const std::string& uri : certificate.uris) {
    denied = denied || denied_.contains(uri);
    const auto system = systems_.find(uri);
    if (system == systems_.end()) continue;
    ++known;
    found = &system->second;
  }
  if (denied) return Refused("CERTIFICATE_DENIED", "denied");
  if (known != 1) return Refused("CERTIFICATE_UNKNOWN", "its URIs name no system, or several, that may call");
  return found;
}

}  // namespace polku::rpc
