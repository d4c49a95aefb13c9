#include "libs/pipeline/proto_time.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"

namespace polku::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;

google::type::Date Date(int year, int month, int day) {
  google::type::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

google::protobuf::Timestamp Stamp(int64_t seconds, int32_t nanos) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(nanos);
  return timestamp;
}

RC_GTEST_PROP(ProtoTime, GivesBackEveryInstantToTheMicrosecond, ()) {
  const auto micros = *rc::gen::inRange<int64_t>(-2'000'000'000'000'000, 7'000'000'000'000'000);
  const google::protobuf::Timestamp timestamp = ToProto(absl::FromUnixMicros(micros));
  RC_ASSERT(timestamp.nanos() >= 0 && timestamp.nanos() < 1'000'000'000);
  RC_ASSERT(absl::ToUnixMicros(FromProto(timestamp)) == micros);
}

TEST(ProtoTime, GivesBackDurations) {
  EXPECT_EQ(FromProto(ToProto(absl::Hours(36))), absl::Hours(36));
  EXPECT_EQ(FromProto(ToProto(absl::Microseconds(1'500'001))), absl::Microseconds(1'500'001));
}

TEST(DayFrom, TakesDaysThatExist) {
  EXPECT_THAT(DayFrom(Date(2028, 2, 29), "day"), IsOkAndHolds(absl::CivilDay(2028, 2, 29)));
  EXPECT_EQ(ToProtoDay(absl::CivilDay(2028, 2, 29)).day(), 29);
}

TEST(DayFrom, NamesTheFieldOfADayThatIsMissingOrDoesNotExist) {
  for (const auto& date : {Date(0, 0, 0), Date(2026, 2, 29), Date(2026, 4, 0), Date(2026, 13, 1), Date(1899, 12, 31),
                           Date(2200, 1, 1), Date(-5, 1, 1)}) {
    const auto day = DayFrom(date, "plan.start_date");
    EXPECT_THAT(day, StatusIs(absl::StatusCode::kInvalidArgument)) << date.ShortDebugString();
    EXPECT_THAT(ViolationsOf(day.status()), ElementsAre(Field(&FieldViolation::field, "plan.start_date")));
  }
}

TEST(TimeFrom, TakesInstantsOfTheYears1900To2199) {
  EXPECT_THAT(TimeFrom(Stamp(1'700'000'000, 5000), "time"), IsOkAndHolds(absl::FromUnixMicros(1'700'000'000'000'005)));
}

TEST(TimeFrom, NamesTheFieldOfAnInstantThatIsMissingOrOutOfRange) {
  for (const auto& timestamp :
       {Stamp(0, 0), Stamp(1, -1), Stamp(1, 1'000'000'000), Stamp(-3'000'000'000, 0), Stamp(8'000'000'000, 0)}) {
    EXPECT_THAT(TimeFrom(timestamp, "time"), StatusIs(absl::StatusCode::kInvalidArgument))
        << timestamp.ShortDebugString();
  }
}

}  // namespace
}  // namespace polku::pipeline
