#include "libs/rpc/served.h"

#include "absl/strings/str_cat.h"
#include "libs/base/violation.h"

namespace polku::rpc {

absl::StatusOr<const Served*> FindServed(absl::Span<const Served> served, absl::string_view service) {
  if (service.empty() && served.size() == 1) return &served[0];
  if (service.empty()) return InvalidField("service", "required, there are several behind this address");
  for (const Served& each : served) {
    if (each.service == service) return &each;
  }
  return WithReason(absl::NotFoundError(absl::StrCat("service ", service, " is not behind this address")),
                    "SERVICE_NOT_HERE");
}

}  // namespace polku::rpc
