#include "services/follow-up/api/disclosure.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/rpc/disclose.h"
#include "services/follow-up/domain/disclosure.h"

namespace polku::follow_up {
namespace {

rpc::DisclosureFacts FactsOf(const v1::JourneyRecord& record, const std::string& organisation, absl::Time now) {
  return {.restricted = record.restricted(), .denied = IsDenied(record, organisation, now)};
}

}  // namespace

absl::StatusOr<DisclosedJourney> LoadDisclosed(rpc::ReadScope& scope, absl::string_view name, absl::string_view pattern,
                                               absl::string_view field) {
  const std::optional<std::string> client = ClientOf(name);
  if (!client.has_value() || !IsResourceName(name, pattern)) {
    return InvalidField(field, absl::StrCat("must be a name like \"", pattern, "\""));
  }
  const std::vector<std::string> keys = {*client};
  ASSIGN_OR_RETURN(const auto stored, scope.reader.Load(keys));
  DisclosedJourney found{*client, {}};
  if (!found.record.ParseFromString(stored[0].state)) return absl::DataLossError("the stored journey does not parse");
  const std::string& organisation = scope.principal.organisation;
  rpc::DisclosureFacts facts = FactsOf(found.record, organisation, scope.clock.Now());
  if (RestsOnPermissions(found.record, organisation)) {
    ASSIGN_OR_RETURN(facts.permissions_unknown_for, scope.UnknownFor(*client));
  }
  RETURN_IF_ERROR(rpc::Disclose(scope.principal, *client, rpc::DataClass::kFollowUp, facts));
  return found;
}

bool IsListedFor(const pipeline::Principal& principal, const std::string& client, const v1::JourneyRecord& record,
                 absl::Time now) {
  return rpc::Disclose(principal, client, rpc::DataClass::kFollowUp, FactsOf(record, principal.organisation, now)).ok();
}

}  // namespace polku::follow_up
