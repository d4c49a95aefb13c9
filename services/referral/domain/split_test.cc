#include "services/referral/domain/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/testing/merging.h"

namespace polku::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// What the bookkeeping of merges and splits leaves behind is no difference.
v1::Client Bare(v1::Client client) {
  client.clear_moved();
  client.clear_referrals_numbered();
  for (v1::Referral& referral : *client.mutable_referrals()) referral.clear_former_names();
  return client;
}

TEST_F(MergeTest, IsUndoneByASplitAsIfItHadNeverBeen) {
  TwoRecords();
  ASSERT_THAT(region_.Give(kLost, Held(kLost)), IsOk());
  const v1::Client lost = region_[kLost];
  const v1::Client kept = region_[kKept];
  MergeThem();
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  EXPECT_EQ(region_.summary().split_off(), kLost);
  bool told = false;
  for (const auto& event : region_.events()) {
    if (!event.has_client_split()) continue;
    told = true;
    EXPECT_THAT(event.client_split().referrals(), ElementsAre(ReferralOf(kLost, 1)));
    EXPECT_EQ(event.client_split().from(), kKept);
  }
  EXPECT_TRUE(told);
  region_.Settle();
  EXPECT_EQ(Bare(region_[kLost]).ShortDebugString(), Bare(lost).ShortDebugString());
  v1::Client kept_after = Bare(region_[kKept]);
  ASSERT_THAT(kept_after.permissions(), SizeIs(1));  // Taken over once, and ended.
  EXPECT_TRUE(kept_after.permissions(0).has_withdraw_time());
  kept_after.clear_permissions();
  EXPECT_EQ(kept_after.ShortDebugString(), Bare(kept).ShortDebugString());
  EXPECT_EQ(region_.LeadsTo(kCode), kLost);
  // And again.
  MergeThem();
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  EXPECT_THAT(region_[kKept].referrals(), SizeIs(2));
}

TEST_F(MergeTest, KeepsWhatHasBeenToldBetweenAMergeAndItsUndoing) {
  TwoRecords();
  MergeThem();
  ASSERT_THAT(region_.Give(kLost, Opened(kLost, 1)), IsOk());
  ASSERT_THAT(region_.Submit(kKept, kCode, "musculoskeletal"), IsOk());
  v1::UpdateContactRequest contact;
  contact.set_client(kKept);
  contact.mutable_contact()->set_email("new@x.test");
  contact.mutable_update_mask()->add_paths("email");
  ASSERT_THAT(region_.Give(kKept, contact), IsOk());
  region_.Settle();
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  // The journey goes on while the referral is on its way back.
  ASSERT_THAT(region_.Give(kLost, Held(kLost)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[kLost].referrals(0).state(), v1::REFERRAL_STATE_IN_SERVICE);
  EXPECT_EQ(region_[kLost].last_event().kind(), v1::ServiceEvent::KIND_COMPLETED);
  EXPECT_THAT(region_[kKept].referrals(), SizeIs(2));
  EXPECT_EQ(region_[kKept].person().email(), "new@x.test");
  EXPECT_EQ(region_[kKept].person().identity_code(), "");
  // No number is given twice.
  ASSERT_THAT(region_.Submit(kKept, "", "rehabilitation-examination"), IsOk());
  EXPECT_EQ(region_[kKept].referrals(2).name(), ReferralOf(kKept, 4));
}

TEST_F(MergeTest, IsNotUndoneForAClientWhoWasNeverMerged) {
  TwoRecords();
  EXPECT_THAT(region_.Undo(kKept, kLost), StatusIs(absl::StatusCode::kNotFound));
}

class SplitTest : public MergeTest {
 protected:
  // One record of two persons.
  void OneRecord() {
    ASSERT_THAT(region_.Submit(kKept, kCode, "work-ability"), IsOk());
    ASSERT_THAT(region_.Submit(kKept, kCode, "mental-health"), IsOk());
    ASSERT_THAT(region_.Accept(ReferralOf(kKept, 2)), IsOk());
  }
  static v1::SplitClientRequest Second() {
    v1::SplitClientRequest request;
    request.set_client(kKept);
    request.add_referrals(ReferralOf(kKept, 2));
    *request.mutable_person() = GoodRequest().referral().person();
    request.mutable_person()->clear_identity_code();
    *request.mutable_person()->mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1990, 1, 1));
    request.set_text("two persons of one name");
    return request;
  }
};

TEST_F(SplitTest, GivesReferralsToANewClient) {
  OneRecord();
  ASSERT_THAT(region_.Give(kKept, Second()), IsOk());
  const std::string other = region_.summary().split_off();
  EXPECT_EQ(ClientOf(other), other);
  region_.Settle();
  ASSERT_THAT(region_[kKept].referrals(), SizeIs(1));
  ASSERT_THAT(region_[other].referrals(), SizeIs(1));
  EXPECT_EQ(region_[other].referrals(0).name(), ReferralOf(other, 1));
  EXPECT_EQ(region_[other].referrals(0).journey_client(), kKept);
  EXPECT_EQ(region_[other].person().birth_date().year(), 1990);
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  // The journey is still known by the old name.
  ASSERT_THAT(region_.Give(kKept, Opened(kKept, 2)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[other].referrals(0).state(), v1::REFERRAL_STATE_IN_SERVICE);
  ASSERT_THAT(region_.Give(kKept, Closed(kKept)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[other].referrals(0).state(), v1::REFERRAL_STATE_CLOSED);
  // And may come back.
  ASSERT_THAT(region_.Merge(other, kKept), IsOk());
  region_.Settle();
  EXPECT_EQ(FindReferral(region_[kKept], ReferralOf(kKept, 2))->name(), ReferralOf(kKept, 3));
  ASSERT_THAT(region_.Give(kKept, Closed(kKept)), IsOk());
  region_.Settle();
}

TEST_F(SplitTest, EndsInServiceWhenTheClientWithTheJourneyIsErased) {
  OneRecord();
  ASSERT_THAT(region_.Give(kKept, Second()), IsOk());
  const std::string other = region_.summary().split_off();
  ASSERT_THAT(region_.Give(kKept, Opened(kKept, 2)), IsOk());
  region_.Settle();
  ASSERT_EQ(region_[other].referrals(0).state(), v1::REFERRAL_STATE_IN_SERVICE);
  v1::DeclineReferralRequest decline;
  decline.set_name(ReferralOf(kKept, 1));
  decline.set_reason(v1::DECLINE_REASON_NO_CAPACITY);
  ASSERT_THAT(region_.Give(kKept, decline), IsOk());
  region_.now = StartOfDay(absl::CivilDay(2050, 1, 1));
  v1::EraseClientRequest erase;
  erase.set_client(kKept);
  ASSERT_THAT(region_.Give(kKept, erase), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[other].referrals(0).state(), v1::REFERRAL_STATE_CLOSED);
}

// The journey is that of a client who had been merged: it came from kLost, was kKept's and is now a third one's.
class SplitOfMergedTest : public SplitTest {
 protected:
  void SplitWhatWasMerged() {
    TwoRecords();
    ASSERT_THAT(region_.Give(kLost, Opened(kLost, 1)), IsOk());
    MergeThem();
    v1::SplitClientRequest request = Second();
    request.set_referrals(0, ReferralOf(kLost, 1));
    ASSERT_THAT(region_.Give(kKept, request), IsOk());
    other_ = region_.summary().split_off();
    region_.Settle();
    ASSERT_EQ(region_[other_].referrals(0).journey_client(), kLost);
    ASSERT_EQ(region_[other_].referrals(0).state(), v1::REFERRAL_STATE_IN_SERVICE);
  }

  std::string other_;
};

TEST_F(SplitOfMergedTest, HearsOfTheJourneyWhenTheMergeIsUndone) {
  SplitWhatWasMerged();
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  region_.Settle();
  ASSERT_THAT(region_.Give(kLost, Closed(kLost)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[other_].referrals(0).state(), v1::REFERRAL_STATE_CLOSED);
}

TEST_F(SplitOfMergedTest, EndsInServiceWhenTheClientThatWasMergedIsErasedWithTheOther) {
  SplitWhatWasMerged();
  v1::DeclineReferralRequest decline;
  decline.set_name(ReferralOf(kKept, 1));
  decline.set_reason(v1::DECLINE_REASON_NO_CAPACITY);
  ASSERT_THAT(region_.Give(kKept, decline), IsOk());
  region_.now = StartOfDay(absl::CivilDay(2050, 1, 1));
  v1::EraseClientRequest erase;
  erase.set_client(kKept);
  ASSERT_THAT(region_.Give(kKept, erase), IsOk());
  region_.Settle();
  EXPECT_TRUE(region_.IsErased(kLost));
  EXPECT_EQ(region_[other_].referrals(0).state(), v1::REFERRAL_STATE_CLOSED);
}

TEST_F(SplitTest, GivesANewNameThatHangsOnWhatGoesAlone) {
  OneRecord();
  ASSERT_THAT(region_.Give(kKept, Second()), IsOk());
  const std::string first = region_.summary().split_off();
  region_.Settle();
  // Another life of the same records, in which something else was told before.
  region_ = Region();
  OneRecord();
  v1::UpdateContactRequest contact;
  contact.set_client(kKept);
  contact.mutable_contact()->set_email("new@x.test");
  contact.mutable_update_mask()->add_paths("email");
  ASSERT_THAT(region_.Give(kKept, contact), IsOk());
  ASSERT_THAT(region_.Give(kKept, Second()), IsOk());
  EXPECT_EQ(region_.summary().split_off(), first);
  region_.Settle();
  // It comes back and goes once more: another client.
  ASSERT_THAT(region_.Merge(first, kKept), IsOk());
  region_.Settle();
  ASSERT_THAT(region_.Give(kKept, Second()), IsOk());
  EXPECT_NE(region_.summary().split_off(), first);
}

TEST_F(SplitTest, LetsTheCodeGoWithItsOwner) {
  OneRecord();
  v1::SplitClientRequest request = Second();
  request.mutable_person()->set_identity_code(kOtherCode);
  request.mutable_person()->clear_birth_date();
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, request))[0].field, "person.identity_code");
  request.mutable_person()->set_identity_code(kCode);
  ASSERT_THAT(region_.Give(kKept, request), IsOk());
  const std::string other = region_.summary().split_off();
  region_.Settle();
  EXPECT_EQ(region_.LeadsTo(kCode), other);
  EXPECT_EQ(region_[other].person().identity_code(), kCode);
  EXPECT_EQ(region_[kKept].person().identity_code(), "");
  EXPECT_TRUE(region_[kKept].person().has_birth_date());
}

TEST_F(SplitTest, RefusesWhatCannotBe) {
  OneRecord();
  v1::SplitClientRequest all = Second();
  all.add_referrals(ReferralOf(kKept, 1));
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, all))[0].field, "referrals");
  v1::SplitClientRequest unknown = Second();
  unknown.set_referrals(0, ReferralOf(kKept, 9));
  EXPECT_THAT(region_.Give(kKept, unknown), StatusIs(absl::StatusCode::kNotFound));
  v1::SplitClientRequest both = Second();
  both.set_merged(kLost);
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, both))[0].field, "merged");
  v1::SplitClientRequest nobody = Second();
  nobody.clear_person();
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, nobody))[0].field, "person");
  v1::SplitClientRequest silent = Second();
  silent.clear_text();
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, silent))[0].field, "text");
  // A referral for the same need follows the first: the two go together.
  ASSERT_THAT(region_.Submit(kKept, kCode, "mental-health"), IsOk());
  EXPECT_EQ(ReasonOf(region_.Give(kKept, Second())), "REFERRAL_LINKED");
}

}  // namespace
}  // namespace polku::referral
