#include "services/referral/domain/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/evolve_merge.h"
#include "services/referral/domain/testing/merging.h"

namespace polku::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(MergeTest, MakesOneClientOfTwoWithEverythingThatTheyHad) {
  TwoRecords();
  MergeThem();
  const v1::Client& kept = region_[kKept];
  ASSERT_THAT(kept.referrals(), SizeIs(2));
  EXPECT_EQ(kept.referrals(1).name(), ReferralOf(kKept, 2));
  EXPECT_THAT(kept.referrals(1).former_names(), ElementsAre(ReferralOf(kLost, 1)));
  EXPECT_EQ(kept.referrals(1).journey_client(), kLost);
  EXPECT_EQ(FindReferral(kept, ReferralOf(kLost, 1))->name(), ReferralOf(kKept, 2));
  // What the kept record says stays; what it did not know is taken over.
  EXPECT_EQ(kept.person().identity_code(), kCode);
  EXPECT_EQ(kept.person().phone(), "+358 00 2222");
  ASSERT_THAT(kept.permissions(), SizeIs(1));
  EXPECT_TRUE(kept.permissions(0).denial());
  EXPECT_EQ(kept.permissions(0).name(), absl::StrCat(kKept, "/permissions/1"));
  EXPECT_THAT(kept.awaited(), IsEmpty());
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  const v1::Client& lost = region_[kLost];
  EXPECT_EQ(lost.merged_into(), kKept);
  EXPECT_FALSE(lost.has_person());
  EXPECT_THAT(lost.referrals(), IsEmpty());
}

TEST_F(MergeTest, TellsTheOthersOnceTheOtherClientHasAgreed) {
  TwoRecords();
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  EXPECT_EQ(region_.summary().merging_into(), kKept);
  for (const auto& event : region_.events()) EXPECT_FALSE(event.has_client_merged());
  ASSERT_TRUE(region_.Step());
  ASSERT_TRUE(region_.Step());
  ASSERT_THAT(region_.events(), SizeIs(1));
  EXPECT_EQ(region_.events()[0].client_merged().client(), kLost);
  EXPECT_EQ(region_.events()[0].client_merged().into(), kKept);
  // The alias has moved with that, so nobody is found in between as somebody else.
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
}

TEST_F(MergeTest, KeepsBothCodesLeadingToTheOneClient) {
  ASSERT_THAT(region_.Submit(kLost, kCode, "mental-health"), IsOk());
  ASSERT_THAT(region_.Submit(kKept, kOtherCode, "work-ability"), IsOk());
  MergeThem();
  EXPECT_EQ(region_[kKept].person().identity_code(), kOtherCode);
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  EXPECT_EQ(region_.LeadsTo(kOtherCode), kKept);
}

TEST_F(MergeTest, TakesNoPermissionOverAgainstAWithdrawalOrDenialOfTheSamePurpose) {
  TwoRecords();
  const auto grant = [&](const char* client, const char* purpose, bool denial) {
    v1::GrantPermissionRequest request;
    request.set_client(client);
    request.set_purpose(purpose);
    request.set_organisation("organisations/kela");
    request.add_classes("plan");
    request.set_denial(denial);
    ASSERT_THAT(region_.Give(client, request), IsOk());
  };
  for (const char* purpose : {"denied", "withdrawn", "granted", "unknown"}) grant(kLost, purpose, false);
  grant(kKept, "denied", true);
  grant(kKept, "withdrawn", false);
  v1::WithdrawPermissionRequest withdraw;
  withdraw.set_name(absl::StrCat(kKept, "/permissions/2"));
  ASSERT_THAT(region_.Give(kKept, withdraw), IsOk());
  grant(kKept, "granted", false);
  MergeThem();
  std::vector<std::string> purposes;
  for (const v1::Permission& each : region_[kKept].permissions()) purposes.push_back(each.purpose());
  EXPECT_THAT(purposes, ElementsAre("denied", "withdrawn", "granted", "service-chain", "granted", "unknown"));
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  region_.Settle();
  EXPECT_THAT(region_[kLost].permissions(), SizeIs(5));
}

TEST_F(MergeTest, RefusesCommandsForAClientWhoIsAnotherOneAndSaysWhich) {
  TwoRecords();
  MergeThem();
  const absl::Status status = region_.Accept(ReferralOf(kLost, 1));
  EXPECT_EQ(ReasonOf(status), "CLIENT_MERGED");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(kKept)));
  EXPECT_EQ(ReasonOf(region_.Merge(kLost, kKept)), "CLIENT_MERGED");
}

TEST_F(MergeTest, RefusesWhatCannotBe) {
  TwoRecords();
  EXPECT_EQ(ViolationsOf(region_.Merge(kLost, kLost))[0].field, "into");
  EXPECT_EQ(ViolationsOf(region_.Merge(kLost, "clients/1"))[0].field, "into");
  EXPECT_THAT(region_.Merge(kLost, kThird), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(region_.Merge(kThird, kLost), StatusIs(absl::StatusCode::kNotFound));
  v1::MergeClientsRequest silent;
  silent.set_client(kLost);
  silent.set_into(kKept);
  EXPECT_EQ(ViolationsOf(region_.Give(kLost, silent))[0].field, "text");
  region_.Mutable(kLost).set_restricted(true);
  EXPECT_EQ(ReasonOf(region_.Merge(kLost, kKept)), "PROCESSING_RESTRICTED");
}

TEST_F(MergeTest, IsRefusedByAClientWhoCannotAndLeavesBothAsTheyWere) {
  TwoRecords();
  region_.Mutable(kKept).set_restricted(true);
  const v1::Client before = region_[kLost];
  MergeThem();
  EXPECT_EQ(region_[kLost].merge_refused(), "PROCESSING_RESTRICTED");
  v1::Client after = region_[kLost];
  after.clear_merge_refused();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(before, after));
  EXPECT_THAT(region_[kKept].awaited(), IsEmpty());
  EXPECT_EQ(region_.LeadsTo(kCode), kLost);
}

TEST_F(MergeTest, OfEachIntoTheOtherAtOnceEndsWithTwoClients) {
  TwoRecords();
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  ASSERT_THAT(region_.Merge(kKept, kLost), IsOk());
  region_.Settle();
  for (const char* client : {kLost, kKept}) {
    EXPECT_EQ(region_[client].merge_refused(), "CLIENT_MERGING");
    EXPECT_EQ(region_[client].merged_into(), "");
    EXPECT_THAT(region_[client].awaited(), IsEmpty());
  }
}

TEST_F(MergeTest, WaitsWithWhatWouldPullAClientAway) {
  TwoRecords();
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  v1::EraseClientRequest erase;
  erase.set_client(kLost);
  EXPECT_EQ(ReasonOf(region_.Give(kLost, erase)), "CLIENT_MERGING");
  ASSERT_TRUE(region_.Step());
  EXPECT_EQ(ReasonOf(region_.Merge(kKept, kLost)), "CLIENT_MERGING");
  EXPECT_EQ(ReasonOf(region_.Undo(kKept, kLost)), "CLIENT_MERGING");
}

TEST_F(MergeTest, CallsOffAnAgreementWhenSomebodyElseWasAskedSince) {
  TwoRecords();
  ASSERT_THAT(region_.Submit(kThird, kOtherCode, "life-situation"), IsOk());
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  ASSERT_THAT(region_.Merge(kLost, kThird), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[kLost].merged_into(), kThird);
  EXPECT_THAT(region_[kKept].awaited(), IsEmpty());
  EXPECT_THAT(region_[kKept].referrals(), SizeIs(1));
  EXPECT_THAT(region_[kThird].referrals(), SizeIs(2));
}

// The other client was erased before it could answer: without an end this one could never be erased itself.
TEST_F(MergeTest, IsGivenUpWithoutAnAnswerAndALateOneIsCalledOff) {
  TwoRecords();
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  const auto due = MergeGivenUpAt(region_[kLost]);
  ASSERT_TRUE(due.has_value());
  region_.now = *due - absl::Microseconds(1);
  ASSERT_THAT(region_.Give(kLost, common::v1::Tick()), IsOk());
  EXPECT_EQ(region_[kLost].merging_into(), kKept);
  region_.now = *due;
  ASSERT_THAT(region_.Give(kLost, common::v1::Tick()), IsOk());
  EXPECT_EQ(region_[kLost].merge_refused(), "NO_ANSWER");
  EXPECT_EQ(MergeGivenUpAt(region_[kLost]), std::nullopt);
  region_.Settle();
  EXPECT_EQ(region_[kLost].merged_into(), "");
  EXPECT_THAT(region_[kKept].awaited(), IsEmpty());
}

// The facts of one client come in their order, anywhere between the steps of the merge.
TEST_F(MergeTest, EndsTheSameWhereverFactsComeBetweenItsSteps) {
  const absl::Time told = region_.now + absl::Minutes(30);
  const follow_up::v1::JourneyClosed closed = Closed(kLost);
  const std::vector<std::function<absl::Status()>> facts = {[&] { return region_.Tell(kLost, Opened(kLost, 1), told); },
                                                            [&] { return region_.Tell(kLost, Held(kLost), told); },
                                                            [&] { return region_.Tell(kLost, closed, told); }};
  std::string first_kept;
  std::string first_lost;
  int worlds = 0;
  // Before the command, and after 0 to 4 steps of what goes on then.
  for (int a = -1; a <= 4; ++a) {
    for (int b = a; b <= 4; ++b) {
      for (int c = b; c <= 4; ++c) {
        region_ = Region();
        TwoRecords();
        const int places[] = {a, b, c};
        for (int place = -1; place <= 4; ++place) {
          if (place == 0) {
            ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
          }
          if (place > 0) region_.Step();
          for (int i = 0; i < 3; ++i) {
            if (places[i] != place) continue;
            ASSERT_THAT(facts[i](), IsOk());
          }
        }
        region_.Settle();
        const std::string kept = region_[kKept].SerializeAsString();
        const std::string lost = region_[kLost].SerializeAsString();
        if (worlds++ == 0) {
          first_kept = kept;
          first_lost = lost;
          EXPECT_EQ(region_[kKept].referrals(1).state(), v1::REFERRAL_STATE_CLOSED);
          EXPECT_EQ(region_[kKept].referrals(0).state(), v1::REFERRAL_STATE_RECEIVED);
          EXPECT_EQ(NewestEvent(region_[kKept]).kind(), v1::ServiceEvent::KIND_COMPLETED);
        }
        EXPECT_EQ(kept, first_kept) << a << " " << b << " " << c << "\n" << region_[kKept].ShortDebugString();
        EXPECT_EQ(lost, first_lost) << a << " " << b << " " << c;
      }
    }
  }
  EXPECT_EQ(worlds, 56);
}

TEST_F(MergeTest, ClosesTheReferralsOfTheJourneyThatIsClosedAndNoOthers) {
  TwoRecords();
  ASSERT_THAT(region_.Accept(ReferralOf(kKept, 1)), IsOk());
  MergeThem();
  ASSERT_THAT(region_.Give(kKept, Closed(kKept)), IsOk());
  EXPECT_EQ(region_[kKept].referrals(0).state(), v1::REFERRAL_STATE_CLOSED);
  EXPECT_EQ(region_[kKept].referrals(1).state(), v1::REFERRAL_STATE_ACCEPTED);
  ASSERT_THAT(region_.Give(kLost, Closed(kLost)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[kKept].referrals(1).state(), v1::REFERRAL_STATE_CLOSED);
}

// It once stayed in service for ever: its journey was taken for one of the kept client's own name.
TEST_F(MergeTest, ClosesAReferralThatFollowsOneOfTheMergedClientsJourney) {
  TwoRecords();
  MergeThem();
  ASSERT_THAT(region_.Submit(kKept, "", "mental-health"), IsOk());
  const v1::Referral follower = *region_[kKept].referrals().rbegin();
  ASSERT_EQ(follower.linked_referral(), ReferralOf(kKept, 2));
  ASSERT_THAT(region_.Give(kLost, Closed(kLost)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[kKept].referrals().rbegin()->state(), v1::REFERRAL_STATE_CLOSED);
}

TEST_F(MergeTest, PassesOnWhatComesAlongAChainOfMerges) {
  TwoRecords();
  ASSERT_THAT(region_.Submit(kThird, kOtherCode, "life-situation"), IsOk());
  MergeThem();
  ASSERT_THAT(region_.Merge(kKept, kThird), IsOk());
  region_.Settle();
  EXPECT_EQ(region_.LeadsTo(kCode), kThird);
  ASSERT_THAT(region_[kThird].referrals(), SizeIs(3));
  EXPECT_THAT(FindReferral(region_[kThird], ReferralOf(kLost, 1))->former_names(), SizeIs(2));
  ASSERT_THAT(region_.Give(kLost, Opened(kLost, 1)), IsOk());
  region_.Settle();
  EXPECT_EQ(FindReferral(region_[kThird], ReferralOf(kLost, 1))->state(), v1::REFERRAL_STATE_IN_SERVICE);
}

TEST_F(MergeTest, ErasesAllThatTheClientWas) {
  TwoRecords();
  MergeThem();
  v1::WithdrawReferralRequest withdraw;
  withdraw.set_name(ReferralOf(kKept, 1));
  withdraw.set_reason(v1::WITHDRAW_REASON_NEED_HAS_CEASED);
  ASSERT_THAT(region_.Give(kKept, withdraw), IsOk());
  ASSERT_THAT(region_.Give(kLost, Closed(kLost)), IsOk());
  region_.Settle();
  region_.now += absl::Hours(24 * 366 * 12);
  v1::EraseClientRequest erase;
  erase.set_client(kKept);
  ASSERT_THAT(region_.Give(kKept, erase), IsOk());
  region_.Settle();
  EXPECT_TRUE(region_.IsErased(kKept));
  EXPECT_TRUE(region_.IsErased(kLost));
}

}  // namespace
}  // namespace polku::referral
