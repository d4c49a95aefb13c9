// How messages look to a person and how a person types them: all by reflection, so a new field or
// enum value needs no line here.
#ifndef POLKU_TOOLS_POLKUCTL_TEXT_H_
#define POLKU_TOOLS_POLKUCTL_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "polku/common/v1/types.pb.h"

namespace polku::polkuctl {

// "work-or-study" for END_REASON_WORK_OR_STUDY; empty for the unspecified value.
std::string EnumText(const google::protobuf::EnumValueDescriptor& value);
// Errors: kInvalidArgument listing what may be typed.
absl::StatusOr<int> ParseEnum(const google::protobuf::EnumDescriptor& type, absl::string_view text);
template <class E>
absl::StatusOr<E> ParseEnumAs(absl::string_view text) {
  absl::StatusOr<int> value = ParseEnum(*google::protobuf::GetEnumDescriptor<E>(), text);
  if (!value.ok()) return value.status();
  return static_cast<E>(*value);
}

// "2026-03-09".
absl::StatusOr<google::type::Date> ParseDate(absl::string_view text);
// "now", or RFC 3339 such as "2026-03-09T12:00:00+02:00".
absl::StatusOr<google::protobuf::Timestamp> ParseInstant(absl::string_view text, absl::Time now);
// "mon 09:00-13:00", local time; up to 24:00.
absl::StatusOr<polku::common::v1::WeeklySession> ParseSession(absl::string_view text);

// Without control characters, which could forge lines of a table or steer the terminal.
std::string OneLine(absl::string_view text);
// One line: instants in local time of Helsinki, enums in their short form.
std::string FieldText(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);
// Every field that is set, a line each; nested messages are indented.
std::string Describe(const google::protobuf::Message& message);
// Aligned columns with a heading line.
std::string Table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows);
// `columns` are field names of the rows' message type.
std::string TableOf(const std::vector<const google::protobuf::Message*>& messages,
                    const std::vector<std::string>& columns);
// One line of JSON with the field names of the .proto files.
std::string Json(const google::protobuf::Message& message);

}  // namespace polku::polkuctl

#endif  // POLKU_TOOLS_POLKUCTL_TEXT_H_
