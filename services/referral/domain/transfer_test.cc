#include "services/referral/domain/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "services/referral/domain/testing/client_fixture.h"

namespace polku::referral {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOtherRegion[] = "organisations/pohjois-savo";

class TransferTest : public ClientDomainTest {
 protected:
  static v1::TransferOutRequest Request() {
    v1::TransferOutRequest request;
    request.set_client(kClient);
    request.set_organisation(kOtherRegion);
    request.set_text("moves on the first of the month");
    return request;
  }
  absl::Status Transfer(const v1::TransferOutRequest& request) {
    context_.principal = {kUnit, "system", "user-3", "intake", "care"};
    v1::ClientInput input;
    *input.mutable_transfer_out() = request;
    auto decision = Handle(input);
    if (decision.ok()) reply_ = static_cast<const v1::TransferOutResponse&>(*decision->reply);
    return decision.status();
  }
  absl::Status Permit(const std::string& purpose, const std::string& data_class, bool denial = false,
                      const std::string& organisation = kOtherRegion) {
    v1::GrantPermissionRequest grant;
    grant.set_client(kClient);
    grant.set_purpose(purpose);
    grant.set_organisation(organisation);
    grant.add_classes(data_class);
    grant.set_denial(denial);
    return Do(kUnit, "intake", grant);
  }
  int Count(v1::ClientEvent::EventCase kind) const {
    return static_cast<int>(
        std::count_if(events_.begin(), events_.end(), [&](const auto& each) { return each.event_case() == kind; }));
  }

  v1::TransferOutResponse reply_;
};

TEST_F(TransferTest, HandsOutTheRecordAndWithdrawsWhatWaits) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  ASSERT_THAT(Accept(), IsOk());
  v1::SubmitReferralRequest second = GoodRequest();
  second.mutable_referral()->set_needs(0, "mental-health");
  ASSERT_THAT(Submit(second), IsOk());
  ASSERT_THAT(Permit("region-transfer", "referral"), IsOk());
  ASSERT_THAT(Transfer(Request()), IsOk());
  EXPECT_EQ(reply_.client().person().identity_code(), kCode);
  EXPECT_EQ(reply_.transfer().permission(), absl::StrCat(kClient, "/permissions/1"));
  ASSERT_THAT(reply_.referrals(), SizeIs(2));
  EXPECT_EQ(reply_.referrals(0).state(), v1::REFERRAL_STATE_ACCEPTED);
  EXPECT_EQ(reply_.referrals(1).state(), v1::REFERRAL_STATE_WITHDRAWN);
  EXPECT_EQ(state_.referrals(1).withdraw_reason(), v1::WITHDRAW_REASON_MOVED);
  EXPECT_THAT(state_.transfers(), SizeIs(1));
  ASSERT_EQ(events_.back().event_case(), v1::ClientEvent::kClientTransferred);
  EXPECT_EQ(events_.back().client_transferred().organisation(), kOtherRegion);
  // What others are told names nobody.
  for (const std::string& canary : kCanaries) {
    EXPECT_EQ(events_.back().SerializeAsString().find(canary), std::string::npos);
  }
}

TEST_F(TransferTest, MasksWhereaboutsUnderASafetyOrder) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->mutable_person()->set_non_disclosure(true);
  ASSERT_THAT(Submit(request), IsOk());
  ASSERT_THAT(Permit("region-transfer", "referral"), IsOk());
  ASSERT_THAT(Transfer(Request()), IsOk());
  EXPECT_THAT(reply_.client().person().municipality(), IsEmpty());
  EXPECT_THAT(reply_.client().person().postal_address(), IsEmpty());
  EXPECT_EQ(state_.person().postal_address(), "Canarystreet 1");
}

TEST_F(TransferTest, NeedsAPermissionThatStandsOrALaw) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  EXPECT_EQ(ReasonOf(Transfer(Request())), "NO_PERMISSION");
  ASSERT_THAT(Permit("region-transfer", "plan"), IsOk());
  ASSERT_THAT(Permit("service-chain", "referral"), IsOk());
  ASSERT_THAT(Permit("region-transfer", "referral", false, "organisations/lappi"), IsOk());
  EXPECT_EQ(ReasonOf(Transfer(Request())), "NO_PERMISSION");
  ASSERT_THAT(Permit("region-transfer", "referral"), IsOk());
  v1::WithdrawPermissionRequest withdraw;
  withdraw.set_name(absl::StrCat(kClient, "/permissions/4"));
  ASSERT_THAT(Do(kUnit, "intake", withdraw), IsOk());
  EXPECT_EQ(ReasonOf(Transfer(Request())), "NO_PERMISSION");
  ASSERT_THAT(Permit("region-transfer", "referral"), IsOk());
  ASSERT_THAT(Permit("any", "referral", /*denial=*/true), IsOk());
  EXPECT_EQ(ReasonOf(Transfer(Request())), "CLIENT_DENIES");
  v1::TransferOutRequest by_law = Request();
  by_law.set_statutory_basis("703/2023 section 54");
  ASSERT_THAT(Transfer(by_law), IsOk());
  EXPECT_EQ(reply_.transfer().statutory_basis(), "703/2023 section 54");
  EXPECT_THAT(reply_.transfer().permission(), IsEmpty());
}

TEST_F(TransferTest, NamesTheFieldThatIsWrong) {
  EXPECT_THAT(Transfer(Request()), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  v1::TransferOutRequest request;
  request.set_client(kClient);
  request.set_organisation(kUnit);
  request.set_statutory_basis(std::string(201, 'x'));
  const absl::Status status = Transfer(request);
  const auto violations = ViolationsOf(status);
  ASSERT_THAT(violations, SizeIs(3));
  EXPECT_EQ(violations[0].field, "organisation");
  EXPECT_EQ(violations[1].field, "statutory_basis");
  EXPECT_EQ(violations[2].field, "text");
}

TEST_F(TransferTest, IsForANamedPersonAndNotWhileProcessingIsRestricted) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  ASSERT_THAT(Permit("region-transfer", "referral"), IsOk());
  v1::ClientInput input;
  *input.mutable_transfer_out() = Request();
  context_.principal = {kUnit, "system", "", "intake", "care"};
  EXPECT_EQ(ReasonOf(Handle(input).status()), "NAMED_USER_REQUIRED");
  v1::RestrictProcessingRequest restrict;
  restrict.set_client(kClient);
  restrict.set_restricted(true);
  restrict.set_reason(v1::RESTRICTION_REASON_OBJECTION);
  ASSERT_THAT(Do(kUnit, "intake", restrict), IsOk());
  EXPECT_EQ(ReasonOf(Transfer(Request())), "PROCESSING_RESTRICTED");
  EXPECT_EQ(Count(v1::ClientEvent::kClientTransferred), 0);
}

}  // namespace
}  // namespace polku::referral
