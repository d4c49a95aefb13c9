// What a provider may say on its own topic.
#include "services/follow-up/domain/provider_feed.h"

#include <gmock/gmock.h>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "services/follow-up/domain/source.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using ::testing::HasSubstr;
using ::testing::Not;

ProviderActivity MarkOf(absl::string_view day, AttendanceStatus status, int revision = 0) {
  ProviderActivity record;
  record.mutable_mark()->set_measure(MeasureName(1));
  *record.mutable_mark()->mutable_date() = Day(day);
  record.mutable_mark()->set_status(status);
  record.mutable_mark()->set_revision(revision);
  return record;
}

// A provider with a measure on Mondays and Wednesdays that has started.
class ProviderFeed : public ::testing::Test {
 protected:
  ProviderFeed() : follower_(Local("2026-03-04 13:00")) {
    auto plan = Plan(1, "2026-03-02", "2026-12-31");
    AddSession(plan, google::type::MONDAY, 540, 720);
    AddSession(plan, google::type::WEDNESDAY, 540, 720);
    follower_.Run(plan);
    follower_.organisation = plan.provider();
  }

  absl::Status Tell(const ProviderActivity& record) {
    const auto message = ReadProviderActivity(record.SerializeAsString());
    if (!message.ok()) return message.status();
    JourneyInput input;
    *input.mutable_provider_report() = dynamic_cast<const ProviderReport&>(**message);
    return follower_.Give(input);
  }

  Follower follower_;
};

TEST_F(ProviderFeed, RecordsAMarkOnceHoweverOftenItComes) {
  ASSERT_THAT(Tell(MarkOf("2026-03-04", ATTENDANCE_STATUS_ABSENT)), IsOk());
  EXPECT_EQ(follower_.Count(JourneyEvent::kAttendanceMissed), 1);
  const size_t events = follower_.events().size();
  EXPECT_THAT(Tell(MarkOf("2026-03-04", ATTENDANCE_STATUS_ABSENT)), IsOk());
  EXPECT_EQ(follower_.events().size(), events);
  EXPECT_EQ(ReasonOf(Tell(MarkOf("2026-03-04", ATTENDANCE_STATUS_PRESENT))), "REVISION_REUSED");
  EXPECT_THAT(Tell(MarkOf("2026-03-04", ATTENDANCE_STATUS_PRESENT, 1)), IsOk());
}

TEST_F(ProviderFeed, RefusesTheMeasureOfAnotherProviderAndOneThatIsNotKnown) {
  follower_.organisation = "organisations/another";
  const size_t events = follower_.events().size();
  EXPECT_EQ(ReasonOf(Tell(MarkOf("2026-03-04", ATTENDANCE_STATUS_ABSENT))), "OTHER_PROVIDER");
  ProviderActivity unknown;
  unknown.mutable_done()->set_measure(MeasureName(9));
  *unknown.mutable_done()->mutable_end_date() = Day("2026-03-04");
  EXPECT_EQ(ReasonOf(Tell(unknown)), "MEASURE_NOT_FOUND");
  EXPECT_EQ(follower_.events().size(), events);
}

TEST_F(ProviderFeed, StartsAndEndsMeasures) {
  follower_.Approve(Plan(2, "2026-03-01", "2026-05-01"), Local("2026-03-03 12:00"));
  follower_.Approve(Plan(3, "2026-03-01", "2026-05-01"), Local("2026-03-03 12:00"));
  for (const int ordinal : {2, 3}) {
    ProviderActivity begun;
    begun.mutable_begun()->set_measure(MeasureName(ordinal));
    *begun.mutable_begun()->mutable_start_date() = Day("2026-03-04");
    EXPECT_THAT(Tell(begun), IsOk());
    EXPECT_THAT(Tell(begun), IsOk());
  }
  ProviderActivity done;
  done.mutable_done()->set_measure(MeasureName(2));
  *done.mutable_done()->mutable_end_date() = Day("2026-03-04");
  EXPECT_THAT(Tell(done), IsOk());
  ProviderActivity broken_off;
  broken_off.mutable_broken_off()->set_measure(MeasureName(3));
  *broken_off.mutable_broken_off()->mutable_end_date() = Day("2026-03-04");
  broken_off.mutable_broken_off()->set_reason(END_REASON_CLIENT_STOPPED);
  EXPECT_THAT(Tell(broken_off), IsOk());
  EXPECT_EQ(follower_.Count(JourneyEvent::kMeasureStarted), 3);
  EXPECT_EQ(follower_.Count(JourneyEvent::kMeasureCompleted), 1);
  EXPECT_EQ(follower_.Count(JourneyEvent::kMeasureEndedEarly), 1);
}

TEST(ProviderRecords, AreReadAsWhatTheySayAndNothingElse) {
  EXPECT_THAT(ReadProviderActivity("no message"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ReadProviderActivity(""), StatusIs(absl::StatusCode::kInvalidArgument));
  ProviderActivity record = MarkOf("2026-03-04", ATTENDANCE_STATUS_PRESENT);
  // A field of a later version, or words where none are asked for.
  record.GetReflection()->MutableUnknownFields(&record)->AddLengthDelimited(99, "Esimerkki");
  record.mutable_mark()->GetReflection()->MutableUnknownFields(record.mutable_mark())->AddLengthDelimited(99, "Eeva");
  const auto read = ReadProviderActivity(record.SerializeAsString());
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT((*read)->SerializeAsString(), Not(HasSubstr("E")));
  record.mutable_mark()->set_measure("Esimerkki");
  const auto named = ReadProviderActivity(record.SerializeAsString());
  EXPECT_THAT(named, StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("Esimerkki"))));
  record.mutable_complete_through()->set_source("Esimerkki");
  EXPECT_THAT(ReadProviderActivity(record.SerializeAsString()),
              StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("Esimerkki"))));
}

TEST(ProviderHeartbeat, CoversItsOwnSourceOnly) {
  const SourceDomain domain;
  SourceRecord source;
  source.mutable_source()->set_name("sources/s");
  source.mutable_source()->set_provider("organisations/o");
  ProviderActivity record;
  record.mutable_complete_through()->set_source("sources/s");
  *record.mutable_complete_through()->mutable_time() = pipeline::ToProto(Local("2026-03-04 12:00"));
  const auto message = ReadProviderActivity(record.SerializeAsString());
  ASSERT_THAT(message, IsOk());
  SourceInput input;
  *input.mutable_provider_coverage() = dynamic_cast<const ProviderCoverage&>(**message);
  EXPECT_THAT(domain.KeyOf(input), IsOkAndHolds("sources/s"));
  pipeline::Context context;
  context.now = Local("2026-03-04 13:00");
  context.principal.organisation = "organisations/another";
  EXPECT_EQ(ReasonOf(domain.Decide(source, input, context).status()), "OTHER_PROVIDER");
  context.principal.organisation = "organisations/o";
  const auto decision = domain.Decide(source, input, context);
  ASSERT_THAT(decision, IsOk());
  ASSERT_EQ(decision->events.size(), 1u);
  EXPECT_EQ(pipeline::FromProto(decision->events[0].source_reported().complete_through()), Local("2026-03-04 12:00"));
  EXPECT_EQ(ReasonOf(domain.Decide(SourceRecord(), input, context).status()), "SOURCE_NOT_FOUND");
}

}  // namespace
}  // namespace polku::follow_up
