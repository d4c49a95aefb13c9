#include "libs/pipeline/proto_time.h"

#include <cstdint>

#include "libs/base/violation.h"

namespace polku::pipeline {
namespace {

// The years of the calendar table in libs/base; also far inside what every store can hold.
constexpr int kFirstYear = 1900;
constexpr int kEndYear = 2200;
constexpr int32_t kNanosEnd = 1'000'000'000;

}  // namespace

absl::Time FromProto(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixMicros(timestamp.seconds() * 1'000'000 + timestamp.nanos() / 1000);
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);  // Rounds down, so the rest is not negative.
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>((absl::ToUnixMicros(time) - seconds * 1'000'000) * 1000));
  return timestamp;
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

absl::CivilDay FromProto(const google::type::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

google::type::Date ToProtoDay(absl::CivilDay day) {
  google::type::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

absl::StatusOr<absl::CivilDay> DayFrom(const google::type::Date& date, absl::string_view field) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) return InvalidField(field, "is missing");
  const absl::CivilDay day = FromProto(date);  // Normalises 31 April to 1 May.
  if (day.year() != date.year() || day.month() != date.month() || day.day() != date.day()) {
    return InvalidField(field, "is not a day of the calendar");
  }
  if (date.year() < kFirstYear || date.year() >= kEndYear) return InvalidField(field, "must be between 1900 and 2199");
  return day;
}

absl::StatusOr<absl::Time> TimeFrom(const google::protobuf::Timestamp& timestamp, absl::string_view field) {
  static const int64_t first = absl::ToUnixSeconds(absl::FromCivil(absl::CivilYear(kFirstYear), absl::UTCTimeZone()));
  static const int64_t end = absl::ToUnixSeconds(absl::FromCivil(absl::CivilYear(kEndYear), absl::UTCTimeZone()));
  if (timestamp.seconds() == 0 && timestamp.nanos() == 0) return InvalidField(field, "is missing");
  if (timestamp.nanos() < 0 || timestamp.nanos() >= kNanosEnd) {
    return InvalidField(field, "has nanoseconds that are not between 0 and 999999999");
  }
  if (timestamp.seconds() < first || timestamp.seconds() >= end) {
    return InvalidField(field, "must be between 1900 and 2199");
  }
  return FromProto(timestamp);
}

}  // namespace polku::pipeline
