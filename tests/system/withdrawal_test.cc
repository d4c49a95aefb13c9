// A permission that the client takes back: from when on others are told nothing any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/ids.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

constexpr Who kAgency{"organisations/agency", "coordinator"};
const absl::CivilDay kMeetingDay(2026, 3, 9);

class Withdrawal : public ::testing::Test {
 protected:
  // A meeting to come, to which the client lets an agency come.
  void MakeMeeting() {
    client_ = region_.AcceptedClient();
    referral::v1::GrantPermissionRequest grant;
    grant.set_client(client_);
    grant.set_purpose("multi-agency-meeting");
    grant.set_organisation(kAgency.organisation);
    grant.add_classes("plan");
    const auto granted = region_.Call(&Referrals::GrantPermission, kIntake, grant);
    ASSERT_THAT(granted, IsOk());
    permission_ = granted->name();
    region_.Rest();
    ASSERT_THAT(Schedule(), IsOk());
    ASSERT_THAT(Look(kAgency), IsOk());
  }
  absl::Status Schedule() {
    coordinator_network::v1::ScheduleMeetingRequest meeting;
    meeting.set_client(client_);
    *meeting.mutable_start_time() = pipeline::ToProto(LocalTime(kMeetingDay, 10 * 60));
    meeting.add_participants()->set_organisation(kAgency.organisation);
    meeting.add_classes("plan");
    return region_.Call(&Coordinators::ScheduleMeeting, kCoordinator, meeting).status();
  }
  void Withdraw() {
    referral::v1::WithdrawPermissionRequest withdraw;
    withdraw.set_name(permission_);
    const auto permission = region_.Call(&Referrals::WithdrawPermission, kIntake, withdraw);
    ASSERT_THAT(permission, IsOk());
    ASSERT_TRUE(permission->has_withdraw_time());
  }
  absl::Status Look(const Who& who) {
    coordinator_network::v1::GetMeetingRequest request;
    request.set_name(absl::StrCat(client_, "/meetings/1"));
    return region_.Call(&Coordinators::GetMeeting, who, request).status();
  }

  Region region_{Layout::kAllInOne};
  std::string client_;
  std::string permission_;
};

TEST_F(Withdrawal, OnceHeardOfKeepsTheMeetingFromWhoeverWasPermitted) {
  MakeMeeting();
  Withdraw();
  region_.Rest();
  const absl::Status refused = Look(kAgency);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ReasonOf(refused), "PERMISSION_MISSING");
  coordinator_network::v1::ListMeetingsRequest list;
  list.set_client(client_);
  const auto listed = region_.Call(&Coordinators::ListMeetings, kAgency, list);
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->meetings_size(), 0);
  EXPECT_EQ(ReasonOf(Schedule()), "PERMISSION_MISSING");
  // Whoever has the client sees it, and that the agency may not come.
  EXPECT_THAT(Look(kCoordinator), IsOk());
}

// Nothing is read any more: the withdrawal is not heard of, however long ago it was. For a minute that is as promised;
// then nothing is told that would rest on the permission.
TEST_F(Withdrawal, ThatMayBeOnItsWayForMoreThanAMinuteLeavesThePermissionUnused) {
  MakeMeeting();
  region_.pipeline("coordinator-network").Stop();
  Withdraw();
  region_.clock().Advance(absl::Seconds(59));
  EXPECT_NE(ReasonOf(Look(kAgency)), "PERMISSIONS_UNKNOWN");  // It stops at the audit, which takes no more views.
  region_.clock().Advance(absl::Seconds(2));
  const absl::Status later = Look(kAgency);
  EXPECT_THAT(later, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(later), "PERMISSIONS_UNKNOWN");
  EXPECT_TRUE(RetryDelayOf(later).has_value());
}

// What the referral service says of a client waits behind a record that nobody can read.
TEST_F(Withdrawal, ThatWaitsBehindADeadLetterLeavesThePermissionUnused) {
  SeededRandom random(3);
  client_ = absl::StrCat("clients/", NewUuidV7(region_.clock().Now(), random));
  const auto look = [&] {
    coordinator_network::v1::GetAssignmentRequest request;
    request.set_client(client_);
    return region_.Call(&Coordinators::GetAssignment, kAgency, request).status();
  };
  region_.Rest();
  EXPECT_EQ(ReasonOf(look()), "ASSIGNMENT_UNKNOWN");
  const auto producer = region_.server().bus().NewProducer();
  ASSERT_THAT(producer, IsOk());
  const bus::Message poison = pipeline::EncodeEvent(
      "referral", 1, {client_, 1, 1, "polku.referral.v1.ReferralAccepted", "unreadable", region_.clock().Now()});
  ASSERT_THAT((*producer)->Publish({poison}), ::testing::ElementsAre(IsOk()));
  region_.Rest();
  EXPECT_EQ(ReasonOf(look()), "PERMISSIONS_UNKNOWN");
}

}  // namespace
}  // namespace polku::system_test
