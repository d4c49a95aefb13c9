// Instants and days of generated messages as absl::Time and absl::CivilDay, and back.
// Instants are kept in microseconds: finer parts are cut off.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"

namespace polku::pipeline {

// For messages that were checked when they came in; an unset timestamp is 1970-01-01.
absl::Time FromProto(const google::protobuf::Timestamp& timestamp);
// Years 0001 to 9999.
google::protobuf::Timestamp ToProto(absl::Time time);

absl::Duration FromProto(const google::protobuf::Duration& duration);
google::protobuf::Duration ToProto(absl::Duration duration);

// For dates that were checked when they came in.
absl::CivilDay FromProto(const google::type::Date& date);
google::type::Date ToProtoDay(absl::CivilDay day);

// A real day of the years 1900 to 2199, all three parts given.
// Errors: InvalidField naming `field`.
absl::StatusOr<absl::CivilDay> DayFrom(const google::type::Date& date, absl::string_view field);

// An instant that is given (not 0) and lies in the years 1900 to 2199.
// Errors: InvalidField naming `field`.
absl::StatusOr<absl::Time> TimeFrom(const google::protobuf::Timestamp& timestamp, absl::string_view field);

}  // namespace polku::pipeline
