#include "libs/permissions/permissions.h"

#include <gtest/gtest.h>

#include "libs/pipeline/proto_time.h"

namespace polku::permissions {
namespace {

using polku::referral::v1::PermissionGranted;

constexpr absl::CivilDay kDay(2026, 9, 1);

PermissionGranted Denial(absl::string_view name) {
  PermissionGranted denial;
  denial.set_permission(std::string(name));
  denial.set_organisation("organisations/O");
  denial.add_classes("assessment");
  denial.add_classes("follow-up");
  denial.set_denial(true);
  *denial.mutable_valid_from() = pipeline::ToProtoDay(kDay);
  return denial;
}

TEST(Permissions, AreOfOneOrganisationAndItsClassesOnTheDaysTheySay) {
  PermissionGranted denial = Denial("p");
  *denial.mutable_valid_to() = pipeline::ToProtoDay(kDay + 1);
  Permissions known;
  Add(denial, known);
  EXPECT_TRUE(IsDenied(known, "organisations/O", "follow-up", kDay));
  EXPECT_TRUE(IsDenied(known, "organisations/O", "assessment", kDay + 1));
  EXPECT_FALSE(IsDenied(known, "organisations/O", "referral", kDay));
  EXPECT_FALSE(IsDenied(known, "organisations/other", "follow-up", kDay));
  EXPECT_FALSE(IsDenied(known, "organisations/O", "follow-up", kDay - 1));
  EXPECT_FALSE(IsDenied(known, "organisations/O", "follow-up", kDay + 2));
}

TEST(Permissions, StandUntilWithdrawnAndAsToldLast) {
  Permissions known;
  Add(Denial("p"), known);
  Add(Denial("q"), known);
  PermissionGranted permission = Denial("p");
  permission.set_denial(false);
  Add(permission, known);
  ASSERT_NE(FindValid(known, "p", kDay), nullptr);
  EXPECT_FALSE(FindValid(known, "p", kDay)->denial());
  EXPECT_TRUE(IsDenied(known, "organisations/O", "follow-up", kDay)) << "by the other one";
  Remove("q", known);
  EXPECT_FALSE(IsDenied(known, "organisations/O", "follow-up", kDay)) << "a permission is no denial";
  Remove("p", known);
  EXPECT_EQ(FindValid(known, "p", kDay), nullptr);
  Remove("p", known);
}

}  // namespace
}  // namespace polku::permissions
