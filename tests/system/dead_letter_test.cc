// What cannot be handled waits for a person, who sees it, decides, and the client's chain goes on.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/ids.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const absl::CivilDay kMonday(2026, 3, 2);
constexpr char kAccepted[] = "polku.referral.v1.ReferralAccepted";

class DeadLetters : public ::testing::Test {
 protected:
  void Publish(const bus::Message& message) {
    const auto producer = region_.server().bus().NewProducer();
    ASSERT_THAT(producer, IsOk());
    EXPECT_THAT((*producer)->Publish({message}), ::testing::ElementsAre(IsOk()));
    region_.Rest();
  }
  void PublishOfReferral(int64_t version, const std::string& payload) {
    Publish(
        pipeline::EncodeEvent("referral", 1, {client_, version, version, kAccepted, payload, region_.clock().Now()}));
  }
  std::vector<common::v1::DeadLetter> ListOf(const std::string& service) {
    common::v1::ListDeadLettersRequest request;
    request.set_service(service);
    const auto reply = region_.Call(&Operators::ListDeadLetters, kOperator, request);
    EXPECT_THAT(reply, IsOk());
    return {reply->dead_letters().begin(), reply->dead_letters().end()};
  }
  common::v1::Lag LagOf(const std::string& service) {
    common::v1::GetLagRequest request;
    request.set_service(service);
    const auto lag = region_.Call(&Operators::GetLag, kOperator, request);
    EXPECT_THAT(lag, IsOk());
    return *lag;
  }

  Region region_{Layout::kAllInOne};
  SeededRandom random_{3};
  std::string client_ = absl::StrCat("clients/", NewUuidV7(region_.clock().Now(), random_));
};

TEST_F(DeadLetters, OfAPoisonedTopicAreDiscardedAndTheClientGoesOn) {
  PublishOfReferral(1, "Esimerkki Eeva");
  referral::v1::ReferralAccepted accepted;
  accepted.set_referral(absl::StrCat(client_, "/referrals/1"));
  accepted.set_receiving_unit("organisations/unit");
  accepted.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  accepted.set_pathway("kainuu-unemployed");
  accepted.set_pathway_version(1);
  *accepted.mutable_accept_time() = pipeline::ToProto(region_.clock().Now());
  PublishOfReferral(2, accepted.SerializeAsString());
  follow_up::v1::GetJourneyRequest journey;
  journey.set_client(client_);
  EXPECT_THAT(region_.Call(&FollowUps::GetJourney, kLead, journey), StatusIs(absl::StatusCode::kNotFound));
  // Each of its subscribers has set it aside.
  for (const char* service : {"assessment", "coordinator-network", "follow-up"}) {
    ASSERT_EQ(ListOf(service).size(), 1u) << service;
    EXPECT_EQ(LagOf(service).parked_keys(), 1) << service;
    EXPECT_EQ(LagOf(service).dead_letters(), 1) << service;
  }
  const common::v1::DeadLetter letter = ListOf("follow-up")[0];
  EXPECT_EQ(letter.key(), client_);
  EXPECT_EQ(letter.source(), "referral");
  EXPECT_EQ(letter.type(), kAccepted);
  EXPECT_THAT(letter.ShortDebugString(), Not(HasSubstr("Esimerkki")));

  common::v1::DiscardDeadLetterRequest discard;
  discard.set_name(letter.name());
  discard.set_reason(common::v1::DISCARD_REASON_UNREADABLE);
  ASSERT_THAT(region_.Call(&Operators::DiscardDeadLetter, kOperator, discard), IsOk());
  region_.Rest();
  EXPECT_THAT(region_.Call(&FollowUps::GetJourney, kLead, journey), IsOk());
  EXPECT_EQ(LagOf("follow-up").parked_keys(), 0);
  EXPECT_EQ(LagOf("follow-up").dead_letters(), 0);
  EXPECT_EQ(LagOf("assessment").parked_keys(), 1);
}

// A mark that came before the start that it belongs to.
TEST_F(DeadLetters, OfAProviderAreReplayedOnceTheirCauseIsMended) {
  const std::string measure = absl::StrCat(region_.PlannedClient(), "/measures/1");
  region_.MoveTo(kMonday + 1, 20);
  follow_up::v1::ProviderActivity record;
  record.mutable_mark()->set_measure(measure);
  *record.mutable_mark()->mutable_date() = pipeline::ToProtoDay(kMonday + 1);
  record.mutable_mark()->set_status(follow_up::v1::ATTENDANCE_STATUS_PRESENT);
  Publish({pipeline::ProviderTopicOf("provider"), "k", record.SerializeAsString(), {}});
  ASSERT_EQ(ListOf("follow-up").size(), 1u);
  const common::v1::DeadLetter letter = ListOf("follow-up")[0];
  ASSERT_GT(letter.understood_size(), 0);
  EXPECT_THAT(letter.ShortDebugString(), HasSubstr(measure));

  common::v1::ReplayDeadLetterRequest replay;
  replay.set_name(letter.name());
  auto replayed = region_.Call(&Operators::ReplayDeadLetter, kOperator, replay);
  ASSERT_THAT(replayed, IsOk());
  EXPECT_TRUE(replayed->set_aside_again());
  follow_up::v1::StartMeasureRequest start;
  start.set_name(measure);
  *start.mutable_start_date() = pipeline::ToProtoDay(kMonday + 1);
  ASSERT_THAT(region_.Call(&FollowUps::StartMeasure, kProvider, start), IsOk());
  ASSERT_EQ(ListOf("follow-up").size(), 1u);
  replay.set_name(ListOf("follow-up")[0].name());
  replayed = region_.Call(&Operators::ReplayDeadLetter, kOperator, replay);
  ASSERT_THAT(replayed, IsOk());
  EXPECT_FALSE(replayed->set_aside_again());
  EXPECT_TRUE(ListOf("follow-up").empty());
}

TEST_F(DeadLetters, AndJournalsAreAskedOfTheServiceThatIsNamed) {
  const std::string client = region_.AcceptedClient();
  common::v1::ReadJournalRequest request;
  request.set_key(client);
  constexpr Who kService{"organisations/polku", "service"};
  EXPECT_THAT(region_.Call(&Journals::ReadJournal, kService, request),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("service")));
  request.set_service("referral");
  const auto journal = region_.Call(&Journals::ReadJournal, kService, request);
  ASSERT_THAT(journal, IsOk());
  ASSERT_GT(journal->entries_size(), 0);
  EXPECT_EQ(journal->entries(0).type(), "polku.referral.v1.ReferralReceived");
  const auto listed = region_.Call(&Operators::ListServices, kOperator, common::v1::ListServicesRequest());
  ASSERT_THAT(listed, IsOk());
  EXPECT_THAT(listed->services(), ::testing::ElementsAre("referral", "assessment", "coordinator-network", "follow-up"));
  const common::v1::Lag lag = LagOf("follow-up");
  EXPECT_GT(lag.partitions_size(), 0);
  for (const common::v1::PartitionLag& partition : lag.partitions()) {
    EXPECT_EQ(partition.behind(), 0) << partition.topic();
    EXPECT_TRUE(partition.has_covered_until()) << partition.topic();
  }
}

}  // namespace
}  // namespace polku::system_test
