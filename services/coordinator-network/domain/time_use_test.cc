#include "services/coordinator-network/domain/time_use.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/testing/world.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;

const char kA[] = "coordinators/a";
const absl::CivilDay kToday(2026, 3, 3);  // The world's first day.

v1::RecordTimeUseRequest GoodRequest(int minutes = 60) {
  v1::RecordTimeUseRequest request;
  request.set_coordinator(kA);
  *request.mutable_date() = pipeline::ToProtoDay(kToday);
  request.set_activity("client-work");
  request.set_minutes(minutes);
  return request;
}

absl::StatusOr<v1::TimeUseEntry> Record(World& world, const v1::RecordTimeUseRequest& request) {
  v1::CoordinatorInput input;
  *input.mutable_record_time_use() = request;
  World::Reply reply = world.Send(input);
  if (!reply.ok()) return reply.status();
  return dynamic_cast<const v1::TimeUseEntry&>(**reply);
}

int64_t MinutesKept(World& world) {
  return std::get<int64_t>(world.Query("SELECT COALESCE(SUM(minutes), 0) FROM time_use").front().front());
}

TEST(RecordTimeUse, NumbersEntriesAndKeepsEach) {
  World world;
  world.Register("a", 1);
  const absl::StatusOr<v1::TimeUseEntry> first = Record(world, GoodRequest(60));
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->name(), "coordinators/a/timeUse/1");
  EXPECT_EQ(first->minutes(), 60);
  const absl::StatusOr<v1::TimeUseEntry> second = Record(world, GoodRequest(30));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->name(), "coordinators/a/timeUse/2");
  EXPECT_EQ(MinutesKept(world), 90);
}

TEST(RecordTimeUse, CorrectsAnEarlierEntryInItsPlace) {
  World world;
  world.Register("a", 1);
  ASSERT_THAT(Record(world, GoodRequest(60)), IsOk());
  v1::RecordTimeUseRequest correction = GoodRequest(45);
  correction.set_entry("coordinators/a/timeUse/1");
  correction.set_activity("travel");
  ASSERT_THAT(Record(world, correction), IsOk());
  EXPECT_EQ(MinutesKept(world), 45);
  // The number of a corrected entry is not given again.
  EXPECT_EQ(Record(world, GoodRequest(1))->name(), "coordinators/a/timeUse/2");
}

TEST(RecordTimeUse, VoidsAnEntryUnderItsOwnDateAndActivity) {
  World world;
  world.Register("a", 1);
  ASSERT_THAT(Record(world, GoodRequest(60)), IsOk());
  v1::RecordTimeUseRequest voiding;
  voiding.set_coordinator(kA);
  voiding.set_entry("coordinators/a/timeUse/1");
  const absl::StatusOr<v1::TimeUseEntry> voided = Record(world, voiding);
  ASSERT_THAT(voided, IsOk());
  EXPECT_EQ(voided->minutes(), 0);
  EXPECT_EQ(voided->activity(), "client-work");
  EXPECT_EQ(pipeline::FromProto(voided->date()), kToday);
  EXPECT_EQ(MinutesKept(world), 0);
}

TEST(RecordTimeUse, CountsTheEntriesOfADayTogether) {
  World world;
  world.Register("a", 1);
  ASSERT_THAT(Record(world, GoodRequest(1400)), IsOk());
  const absl::Status over = Record(world, GoodRequest(41)).status();
  ASSERT_EQ(ViolationsOf(over).size(), 1u) << over;
  EXPECT_EQ(ViolationsOf(over)[0].field, "minutes");
  ASSERT_THAT(Record(world, GoodRequest(40)), IsOk());
  // What an entry had before does not count against what it becomes.
  v1::RecordTimeUseRequest correction = GoodRequest(1390);
  correction.set_entry("coordinators/a/timeUse/1");
  EXPECT_THAT(Record(world, correction), IsOk());
  v1::RecordTimeUseRequest day_before = GoodRequest(1440);
  *day_before.mutable_date() = pipeline::ToProtoDay(kToday - 1);
  EXPECT_THAT(Record(world, day_before), IsOk());
}

TEST(RecordTimeUse, RefusesWhatIsUnknown) {
  World world;
  EXPECT_EQ(ReasonOf(Record(world, GoodRequest()).status()), "COORDINATOR_UNKNOWN");
  world.Register("a", 1);
  v1::RecordTimeUseRequest correction = GoodRequest();
  correction.set_entry("coordinators/a/timeUse/7");
  const absl::Status unknown = Record(world, correction).status();
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(unknown), "TIME_USE_UNKNOWN");
}

TEST(RecordTimeUse, NamesTheFieldThatIsWrong) {
  const struct {
    const char* field;
    void (*spoil)(v1::RecordTimeUseRequest&);
  } cases[] = {
      {"coordinator", [](auto& r) { r.set_coordinator("coordinators/lead"); }},
      {"activity", [](auto& r) { r.set_activity("meeting"); }},
      {"activity", [](auto& r) { r.clear_activity(); }},
      {"minutes", [](auto& r) { r.set_minutes(0); }},
      {"minutes", [](auto& r) { r.set_minutes(-1); }},
      {"minutes", [](auto& r) { r.set_minutes(1441); }},
      {"date", [](auto& r) { r.clear_date(); }},
      {"date", [](auto& r) { *r.mutable_date() = pipeline::ToProtoDay(kToday + 1); }},
      {"entry", [](auto& r) { r.set_entry("coordinators/b/timeUse/1"); }},
      {"entry", [](auto& r) { r.set_entry("1"); }},
  };
  World world;
  world.Register("a", 1);
  for (const auto& test : cases) {
    SCOPED_TRACE(test.field);
    v1::RecordTimeUseRequest request = GoodRequest();
    test.spoil(request);
    const absl::Status status = Record(world, request).status();
    ASSERT_EQ(ViolationsOf(status).size(), 1u) << status;
    EXPECT_EQ(ViolationsOf(status)[0].field, test.field);
  }
  EXPECT_EQ(MinutesKept(world), 0);
}

}  // namespace
}  // namespace polku::coordinator_network
