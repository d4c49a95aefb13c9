#include "services/coordinator-network/domain/permissions.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::FromProto;
using store::TableShape;

const TableShape& PermissionTable() {
  static const TableShape shape{
      "permission", {"permission"}, {"client", "purpose", "organisation", "classes", "from_day", "to_day", "denial"}};
  return shape;
}

constexpr int64_t kNotWithdrawn = std::numeric_limits<int64_t>::max();

const TableShape& PermissionEndTable() {
  static const TableShape shape{"permission_end", {"permission"}, {"withdraw_us"}};
  return shape;
}

// A row of the lookup.
struct Permission {
  std::string purpose;
  std::string organisation;
  std::vector<std::string> classes;
  std::string from_day;
  std::string to_day;
  bool denial = false;
  absl::Time withdraw_time = absl::InfiniteFuture();
};

Permission ReadPermission(const store::Row& row) {
  POLKU_CHECK(row.size() == 7);
  Permission permission;
  permission.purpose = std::get<std::string>(row[0]);
  permission.organisation = std::get<std::string>(row[1]);
  permission.classes = absl::StrSplit(std::get<std::string>(row[2]), ' ');
  permission.from_day = std::get<std::string>(row[3]);
  permission.to_day = std::get<std::string>(row[4]);
  permission.denial = std::get<int64_t>(row[5]) != 0;
  permission.withdraw_time = store::ToTime(row[6]);
  return permission;
}

// Those for `organisation` that are valid at `time`; those that are withdrawn later are.
std::vector<Permission> ValidAt(absl::Span<const store::Row> rows, const std::string& organisation, absl::Time time) {
  const std::string day = FormatDay(LocalDay(time));
  std::vector<Permission> valid;
  for (const store::Row& row : rows) {
    Permission permission = ReadPermission(row);
    if (permission.organisation == organisation && permission.withdraw_time > time && permission.from_day <= day &&
        (permission.to_day.empty() || day <= permission.to_day)) {
      valid.push_back(std::move(permission));
    }
  }
  return valid;
}

bool Contains(const std::vector<std::string>& codes, const std::string& code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool HasDenial(const std::vector<Permission>& valid, const std::string& one_class) {
  return std::any_of(valid.begin(), valid.end(), [&](const Permission& permission) {
    return permission.denial && Contains(permission.classes, one_class);
  });
}

}  // namespace

pipeline::Lookup PermissionLookup(const std::string& client) {
  return {"permissions_of_client", {client}, /*of_events=*/true};
}

std::vector<pipeline::IndexRow> PermissionRows(const v1::ClientSupportEvent& event) {
  if (event.has_permission_withdrawn()) {
    const polku::referral::v1::PermissionWithdrawn& withdrawn = event.permission_withdrawn();
    return {{&PermissionEndTable(), {withdrawn.permission()}, {store::FromTime(FromProto(withdrawn.withdraw_time()))}}};
  }
  if (!event.has_permission_granted()) return {};
  const polku::referral::v1::PermissionGranted& granted = event.permission_granted();
  const std::string to_day = granted.has_valid_to() ? FormatDay(FromProto(granted.valid_to())) : std::string();
  return {{&PermissionTable(),
           {granted.permission()},
           {ClientOf(granted.permission()).value_or(""), granted.purpose(), granted.organisation(),
            absl::StrJoin(granted.classes(), " "), FormatDay(FromProto(granted.valid_from())), to_day,
            int64_t{granted.denial() ? 1 : 0}}},
          {&PermissionEndTable(), {granted.permission()}, {kNotWithdrawn}}};
}

std::vector<std::string> MissingClasses(absl::Span<const store::Row> permissions, const std::string& organisation,
                                        const google::protobuf::RepeatedPtrField<std::string>& classes, absl::Time time,
                                        const std::vector<std::string>& purposes) {
  const std::vector<Permission> valid = ValidAt(permissions, organisation, time);
  std::vector<std::string> missing;
  for (const std::string& one : classes) {
    const bool denied = HasDenial(valid, one);
    const bool granted = std::any_of(valid.begin(), valid.end(), [&](const Permission& permission) {
      return !permission.denial && Contains(permission.classes, one) && Contains(purposes, permission.purpose);
    });
    if (denied || !granted) missing.push_back(one);
  }
  return missing;
}

bool IsDenied(absl::Span<const store::Row> permissions, const std::string& organisation, const std::string& one_class,
              absl::Time time) {
  return HasDenial(ValidAt(permissions, organisation, time), one_class);
}

}  // namespace polku::coordinator_network
