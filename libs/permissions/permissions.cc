#include "libs/permissions/permissions.h"

#include <algorithm>

#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"

namespace polku::permissions {
namespace {

using polku::referral::v1::PermissionGranted;

constexpr absl::Duration kRetryDelay = absl::Seconds(5);  // Until what another service said may have come.

bool IsValidOn(const PermissionGranted& granted, absl::CivilDay day) {
  return pipeline::FromProto(granted.valid_from()) <= day &&
         (!granted.has_valid_to() || day <= pipeline::FromProto(granted.valid_to()));
}

}  // namespace

absl::Status CheckNotRestricted(bool restricted) {
  if (!restricted) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError("the client's processing is restricted"), "PROCESSING_RESTRICTED");
}

absl::Status CheckNotDenied(bool denied) {
  if (!denied) return absl::OkStatus();
  return WithReason(absl::PermissionDeniedError("the client denies this organisation the data"), "CLIENT_DENIES");
}

absl::Status CheckKnown(absl::Duration unknown_for) {
  if (unknown_for <= kUnknownMax) return absl::OkStatus();
  return WithRetryDelay(
      WithReason(absl::UnavailableError("what the client permits is not known up to now"), "PERMISSIONS_UNKNOWN"),
      kRetryDelay);
}

void Add(const PermissionGranted& granted, Permissions& permissions) {
  Remove(granted.permission(), permissions);
  *permissions.Add() = granted;
}

void Remove(absl::string_view permission, Permissions& permissions) {
  permissions.erase(std::remove_if(permissions.begin(), permissions.end(),
                                   [&](const PermissionGranted& each) { return each.permission() == permission; }),
                    permissions.end());
}

const PermissionGranted* FindValid(const Permissions& permissions, absl::string_view name, absl::CivilDay day) {
  const auto found = std::find_if(permissions.begin(), permissions.end(), [&](const PermissionGranted& each) {
    return each.permission() == name && IsValidOn(each, day);
  });
  return found == permissions.end() ? nullptr : &*found;
}

bool IsAbout(const PermissionGranted& granted, absl::string_view organisation, absl::string_view data_class) {
  const auto& classes = granted.classes();
  return granted.organisation() == organisation &&
         std::find(classes.begin(), classes.end(), data_class) != classes.end();
}

bool IsDenied(const Permissions& permissions, absl::string_view organisation, absl::string_view data_class,
              absl::CivilDay day) {
  return std::any_of(permissions.begin(), permissions.end(), [&](const PermissionGranted& each) {
    return each.denial() && IsAbout(each, organisation, data_class) && IsValidOn(each, day);
  });
}

}  // namespace polku::permissions
