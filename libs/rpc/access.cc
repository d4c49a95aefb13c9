#include "libs/rpc/access.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/log.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/config/listen_address.h"
#include "libs/rpc/mutual_access.h"

namespace polku::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

constexpr std::array<absl::string_view, 9> kRoles = {"referrer", "intake",   "assessor", "coordinator", "lead",
                                                     "provider", "operator", "auditor",  "service"};

std::string NameOfMethod(const MethodDescriptor& method) {
  return absl::StrCat(method.service()->full_name(), "/", method.name());
}

absl::Status BadTable(absl::string_view method, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("permission table: ", method, ": ", what));
}

// The method of "package.Service/Method"; null when there is none.
const MethodDescriptor* FindMethod(absl::string_view name) {
  const size_t slash = name.find('/');
  if (slash == absl::string_view::npos) return nullptr;
  const ServiceDescriptor* service =
      DescriptorPool::generated_pool()->FindServiceByName(std::string(name.substr(0, slash)));
  return service == nullptr ? nullptr : service->FindMethodByName(std::string(name.substr(slash + 1)));
}

}  // namespace

bool IsKnownRole(absl::string_view role) { return std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end(); }

absl::Status CheckPermissions(absl::Span<const std::string> services, absl::Span<const MethodPermission> rows) {
  std::set<const MethodDescriptor*> with_row;
  std::set<const google::protobuf::Descriptor*> requests;
  for (const MethodPermission& row : rows) {
    const MethodDescriptor* method = FindMethod(row.method);
    if (method == nullptr) return BadTable(row.method, "there is no such method");
    if (!with_row.insert(method).second) return BadTable(row.method, "has two rows");
    if (!requests.insert(method->input_type()).second) {
      return BadTable(row.method, "another method takes the same request type");
    }
    for (const std::string& role : row.roles) {
      if (!IsKnownRole(role)) return BadTable(row.method, absl::StrCat("unknown role ", role));
    }
    for (const std::string& role : row.systems) {
      if (std::count(row.roles.begin(), row.roles.end(), role) == 0) {
        return BadTable(row.method, absl::StrCat("systems: ", role, " is none of its roles"));
      }
    }
  }
  for (const std::string& name : services) {
    const ServiceDescriptor* service = DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) return BadTable(name, "there is no such service");
    for (int i = 0; i < service->method_count(); ++i) {
      if (!with_row.contains(service->method(i))) return BadTable(NameOfMethod(*service->method(i)), "has no row");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Access> Access::Development(absl::string_view listen_address) {
  ASSIGN_OR_RETURN(const config::ListenAddress address, config::ParseListenAddress(listen_address));
  if (!address.IsLoopback()) {
    return absl::InvalidArgumentError(
        absl::StrCat("development mode believes every caller: ", address.ToString(), " is not a loopback address"));
  }
  LogEvent(LogLevel::kWarning, "development mode: every caller is believed to be who its metadata says",
           {{"listen", address.ToString()}});
  return Access();
}

absl::StatusOr<Identity> Access::IdentityOf(const Presented& presented) const {
  if (mutual_ != nullptr) return mutual_->IdentityOf(presented);
  const Metadata& metadata = presented.metadata;
  Identity identity;
  pipeline::Principal& principal = identity.principal;
  ASSIGN_OR_RETURN(principal.organisation, SingleHeader(metadata, "polku-organisation"));
  if (!IsResourceName(principal.organisation, "organisations/*")) {
    return BadHeader("polku-organisation", "required, as organisations/ID");
  }
  ASSIGN_OR_RETURN(principal.role, SingleHeader(metadata, "polku-role"));
  if (!IsKnownRole(principal.role)) return BadHeader("polku-role", "required, a known role");
  ASSIGN_OR_RETURN(principal.system, SingleHeader(metadata, "polku-system"));
  ASSIGN_OR_RETURN(principal.user, SingleHeader(metadata, "polku-user"));
  ASSIGN_OR_RETURN(principal.purpose, SingleHeader(metadata, "polku-purpose"));
  return identity;
}

absl::Status BadHeader(absl::string_view header, absl::string_view what) {
  return WithReason(absl::UnauthenticatedError(absl::StrCat("metadata ", header, ": ", what)), "PRINCIPAL_INVALID");
}

absl::StatusOr<std::string> SingleHeader(const Presented::Metadata& metadata, const char* header, size_t bytes_max) {
  const auto [first, last] = metadata.equal_range(header);
  if (first == last) return std::string();
  if (std::next(first) != last) return BadHeader(header, "given twice");
  const std::string value(first->second.data(), first->second.size());
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable || value.size() > bytes_max) {
    return BadHeader(header, absl::StrCat("expected at most ", bytes_max, " printable characters"));
  }
  return value;
}

}  // namespace polku::rpc
