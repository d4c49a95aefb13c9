#include "services/referral/domain/merged_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "services/referral/domain/testing/merging.h"

namespace polku::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kPurpose[] = "service-chain";

std::string KeptsAt(const std::string& client, int number) {
  return absl::StrCat(client, "/permissions/", number, "-", std::string(kKept).substr(std::string("clients/").size()));
}
std::string Own(const std::string& client, int number) { return absl::StrCat(client, "/permissions/", number); }

class MergedNamesTest : public MergeTest {
 protected:
  void Grant(const std::string& client, bool denial = false, const std::string& purpose = kPurpose) {
    v1::GrantPermissionRequest grant;
    grant.set_client(client);
    grant.set_purpose(purpose);
    grant.set_organisation("organisations/kela");
    grant.add_classes("plan");
    grant.set_denial(denial);
    ASSERT_THAT(region_.Give(client, grant), IsOk());
  }
  void Withdraw(const std::string& permission) {
    v1::WithdrawPermissionRequest withdraw;
    withdraw.set_name(permission);
    ASSERT_THAT(region_.Give(*ClientOf(permission), withdraw), IsOk());
  }
  void Restrict(const std::string& client) {
    v1::RestrictProcessingRequest request;
    request.set_client(client);
    request.set_restricted(true);
    request.set_reason(v1::RESTRICTION_REASON_OBJECTION);
    ASSERT_THAT(region_.Give(client, request), IsOk());
  }
  void BothKnown() {
    ASSERT_THAT(region_.Submit(kLost, kCode, "mental-health"), IsOk());
    ASSERT_THAT(region_.Accept(ReferralOf(kLost, 1)), IsOk());
    ASSERT_THAT(region_.Submit(kKept, kOtherCode, "work-ability"), IsOk());
  }
  // What others are told under the name of `client` until all is at rest: "+name", "-name" withdrawn, "~name" undone,
  // "!name" denied.
  std::vector<std::string> ToldOf(const std::string& client) {
    std::vector<std::string> told;
    while (region_.Step()) {
      for (const v1::ClientEvent& event : region_.events()) {
        const v1::PermissionGranted& granted = event.permission_granted();
        const v1::PermissionWithdrawn& withdrawn = event.permission_withdrawn();
        if (ClientOf(granted.permission()) == client) {
          told.push_back(absl::StrCat(granted.denial() ? "!" : "+", granted.permission()));
        }
        if (ClientOf(withdrawn.permission()) == client) {
          told.push_back(absl::StrCat(withdrawn.undone() ? "~" : "-", withdrawn.permission()));
        }
        if (event.processing_restricted().client() == client) told.push_back("restricted");
      }
    }
    return told;
  }
};

TEST_F(MergedNamesTest, TellWhatIsPermittedDeniedAndRestrictedAfterTheMerge) {
  BothKnown();
  MergeThem();
  Grant(kKept);
  EXPECT_THAT(ToldOf(kLost), ElementsAre("+" + KeptsAt(kLost, 1)));
  Withdraw(Own(kKept, 1));
  EXPECT_THAT(ToldOf(kLost), ElementsAre("-" + KeptsAt(kLost, 1)));
  Grant(kKept, /*denial=*/true);
  EXPECT_THAT(ToldOf(kLost), ElementsAre("!" + KeptsAt(kLost, 2)));
  Restrict(kKept);
  EXPECT_THAT(ToldOf(kLost), ElementsAre("restricted"));
  EXPECT_THAT(region_[kLost].permissions(), IsEmpty());
  EXPECT_FALSE(region_[kLost].restricted());
}

TEST_F(MergedNamesTest, TellAWithdrawalUnderTheNameThatThePermissionHad) {
  BothKnown();
  Grant(kLost);
  MergeThem();
  ASSERT_EQ(region_[kKept].permissions(0).name(), Own(kKept, 1));
  Withdraw(Own(kKept, 1));
  EXPECT_THAT(ToldOf(kLost), ElementsAre("-" + Own(kLost, 1)));
}

TEST_F(MergedNamesTest, TellWhatStoodBeforeTheMerge) {
  BothKnown();
  Grant(kLost, false, "service-chain");
  Grant(kLost, false, "other-need");
  Grant(kKept, true, "service-chain");  // Denied here, permitted there.
  Grant(kKept, false, "third-need");
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  EXPECT_THAT(ToldOf(kLost),
              ElementsAre("+" + Own(kLost, 2), "+" + KeptsAt(kLost, 2), "!" + KeptsAt(kLost, 1), "-" + Own(kLost, 1)));
}

TEST_F(MergedNamesTest, TellNoPermissionAgainstWhatTheMergedClientTookBack) {
  BothKnown();
  Grant(kLost);
  Withdraw(Own(kLost, 1));
  Grant(kKept);
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  EXPECT_THAT(ToldOf(kLost), IsEmpty());
}

TEST_F(MergedNamesTest, TellEverybodyInAChain) {
  BothKnown();
  MergeThem();
  ASSERT_THAT(region_.Submit(kThird, "", "work-ability"), IsOk());
  ASSERT_THAT(region_.Merge(kKept, kThird), IsOk());
  region_.Settle();
  Grant(kThird, /*denial=*/true);
  const std::string third = std::string(kThird).substr(std::string("clients/").size());
  const std::vector<std::string> told = ToldOf(kLost);
  EXPECT_THAT(told, ElementsAre(absl::StrCat("!", kLost, "/permissions/1-", third)));
  EXPECT_TRUE(IsResourceName(told.at(0).substr(1), "clients/*/permissions/*"));
}

TEST_F(MergedNamesTest, TakeBackWhatWasToldWhenTheMergeIsUndone) {
  BothKnown();
  Grant(kLost, false, "service-chain");
  MergeThem();
  Grant(kKept, true, "other-need");
  region_.Settle();
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  EXPECT_THAT(ToldOf(kLost), ElementsAre("~" + KeptsAt(kLost, 2), "+" + Own(kLost, 1)));
  EXPECT_EQ(region_[kLost].permissions_size(), 1);
  // What the merged client had permitted ends at the other one, and nobody took it back.
  ASSERT_TRUE(region_[kKept].permissions(0).has_withdraw_time());
}

}  // namespace
}  // namespace polku::referral
