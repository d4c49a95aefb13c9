// A provider tells what happens on its own topic, and nobody calls an API.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using follow_up::v1::ProviderActivity;

const absl::CivilDay kMonday(2026, 3, 2);
constexpr auto kPresent = follow_up::v1::ATTENDANCE_STATUS_PRESENT;
constexpr auto kAbsent = follow_up::v1::ATTENDANCE_STATUS_ABSENT;

class ProviderFeed : public ::testing::Test {
 protected:
  void Publish(const std::string& provider, const std::string& value) {
    const auto producer = region_.server().bus().NewProducer();
    ASSERT_THAT(producer, IsOk());
    for (const absl::Status& sent : (*producer)->Publish({{pipeline::ProviderTopicOf(provider), "k", value, {}}})) {
      EXPECT_THAT(sent, IsOk());
    }
    region_.Rest();
  }
  void Tell(const ProviderActivity& record) { Publish("provider", record.SerializeAsString()); }

  ProviderActivity MarkOf(absl::CivilDay day, follow_up::v1::AttendanceStatus status) {
    ProviderActivity record;
    record.mutable_mark()->set_measure(measure_);
    *record.mutable_mark()->mutable_date() = pipeline::ToProtoDay(day);
    record.mutable_mark()->set_status(status);
    return record;
  }
  // In the evening of the session's day, and then the heartbeat.
  void Mark(absl::CivilDay day, follow_up::v1::AttendanceStatus status) {
    region_.MoveTo(day, 20);
    Tell(MarkOf(day, status));
    Cover("sources/feed");
  }
  void Cover(const std::string& source) {
    ProviderActivity record;
    record.mutable_complete_through()->set_source(source);
    *record.mutable_complete_through()->mutable_time() = pipeline::ToProto(region_.clock().Now());
    Tell(record);
  }
  std::vector<follow_up::v1::Interruption> Open() {
    const auto reply = region_.Call(&FollowUps::ListInterruptions, kLead, {});
    EXPECT_THAT(reply, IsOk());
    return {reply->interruptions().begin(), reply->interruptions().end()};
  }
  int Tasks() {
    coordinator_network::v1::ListWorklistRequest request;
    request.set_coordinator("coordinators/c01");
    return region_.Call(&Coordinators::ListWorklist, kCoordinator, request)->tasks_size();
  }
  std::vector<store::DeadLetterRow> DeadLetters() {
    return *(*region_.pipeline("follow-up").database().Read())->ReadDeadLetters(100);
  }

  Region region_;
  std::string measure_;
};

TEST_F(ProviderFeed, FindsTheBreakAndSetsAsideWhatItMayNotSay) {
  measure_ = absl::StrCat(region_.PlannedClient(), "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  Tell(MarkOf(kMonday + 1, kPresent));  // Before the start is told.
  ASSERT_EQ(DeadLetters().size(), 1u);
  ProviderActivity begun;
  begun.mutable_begun()->set_measure(measure_);
  *begun.mutable_begun()->mutable_start_date() = pipeline::ToProtoDay(kMonday + 1);
  Tell(begun);
  Mark(kMonday + 1, kPresent);
  Mark(kMonday + 3, kPresent);
  Mark(kMonday + 8, kAbsent);
  EXPECT_EQ(Tasks(), 1);  // One miss: somebody should ask.
  EXPECT_TRUE(Open().empty());
  // Neither another's word nor noise counts, and neither holds anything back.
  Publish("other-provider", MarkOf(kMonday + 8, kPresent).SerializeAsString());
  Publish("provider", "noise");
  Cover("sources/none");
  EXPECT_EQ(DeadLetters().size(), 4u);
  Mark(kMonday + 10, kAbsent);
  const auto open = Open();
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].rule(), follow_up::v1::RULE_MISSED_ATTENDANCE);

  region_.Close();
  region_.Open();
  region_.Rest();
  EXPECT_EQ(Open().size(), 1u);
  EXPECT_EQ(DeadLetters().size(), 4u);  // Nothing was read again.
}

TEST_F(ProviderFeed, MissesWhatWasNotToldOnceTheHeartbeatHasPassedIt) {
  measure_ = absl::StrCat(region_.PlannedClient(), "/measures/1");
  region_.MoveTo(kMonday + 1, 8);
  ProviderActivity begun;
  begun.mutable_begun()->set_measure(measure_);
  *begun.mutable_begun()->mutable_start_date() = pipeline::ToProtoDay(kMonday + 1);
  Tell(begun);
  region_.MoveTo(kMonday + 7, 8);
  EXPECT_TRUE(Open().empty());  // The feed has not spoken yet: held.
  Cover("sources/feed");
  ASSERT_EQ(Open().size(), 1u);
  EXPECT_EQ(Open()[0].rule(), follow_up::v1::RULE_MISSED_ATTENDANCE);
}

}  // namespace
}  // namespace polku::system_test
