#include "tools/polkuctl/text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"

namespace polku::polkuctl {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// "END_REASON" of enum EndReason.
std::string PrefixOf(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return prefix;
}

constexpr const char* kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::string SessionText(const polku::common::v1::WeeklySession& session) {
  const int day = session.day();
  return absl::StrFormat("%s %02d:%02d-%02d:%02d", day >= 1 && day <= 7 ? kDays[day - 1] : "?",
                         session.start_minute() / 60, session.start_minute() % 60, session.end_minute() / 60,
                         session.end_minute() % 60);
}

std::string LocalText(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M", time, Helsinki()); }

std::string MessageText(const Message& message) {
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return LocalText(pipeline::FromProto(static_cast<const google::protobuf::Timestamp&>(message)));
  }
  if (message.GetDescriptor() == google::type::Date::descriptor()) {
    const auto& date = static_cast<const google::type::Date&>(message);
    return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
  }
  if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    return absl::FormatDuration(pipeline::FromProto(static_cast<const google::protobuf::Duration&>(message)));
  }
  if (message.GetDescriptor() == polku::common::v1::WeeklySession::descriptor()) {
    return SessionText(static_cast<const polku::common::v1::WeeklySession&>(message));
  }
  return "";
}

bool IsScalarMessage(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
         field.message_type() == google::protobuf::Timestamp::descriptor() ||
         field.message_type() == google::type::Date::descriptor() ||
         field.message_type() == google::protobuf::Duration::descriptor() ||
         field.message_type() == polku::common::v1::WeeklySession::descriptor();
}

std::string ScalarText(const Message& message, const FieldDescriptor& field, int index) {
  const auto& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return repeated ? reflection.GetRepeatedString(message, &field, index) : reflection.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(repeated ? reflection.GetRepeatedInt32(message, &field, index)
                                   : reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(repeated ? reflection.GetRepeatedInt64(message, &field, index)
                                   : reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(repeated ? reflection.GetRepeatedDouble(message, &field, index)
                                   : reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(repeated ? *reflection.GetRepeatedEnum(message, &field, index)
                               : *reflection.GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                  : reflection.GetMessage(message, &field));
    default:
      return "?";
  }
}

void DescribeInto(const Message& message, int indent, std::string& text) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsScalarMessage(*field)) {
      absl::StrAppend(&text, margin, field->name(), ": ", FieldText(message, *field), "\n");
      continue;
    }
    const auto& reflection = *message.GetReflection();
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&text, margin, field->name(), ":\n");
      DescribeInto(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                        : reflection.GetMessage(message, field),
                   indent + 2, text);
    }
  }
}

// Characters of UTF-8, so that columns with Finnish words stay aligned.
size_t WidthOf(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

absl::StatusOr<int> ParseMinutes(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  int hours = 0;
  int minutes = 0;
  if (parts.size() != 2 || parts[1].size() != 2 || !absl::SimpleAtoi(parts[0], &hours) ||
      !absl::SimpleAtoi(parts[1], &minutes) || hours < 0 || minutes < 0 || minutes > 59 ||
      hours * 60 + minutes > 24 * 60) {
    return absl::InvalidArgumentError(absl::StrCat("not a time of day like 09:00: ", text));
  }
  return hours * 60 + minutes;
}

}  // namespace

std::string EnumText(const google::protobuf::EnumValueDescriptor& value) {
  const std::string prefix = PrefixOf(*value.type()) + "_";
  absl::string_view name = value.name();
  if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
  if (value.number() == 0 && name == "UNSPECIFIED") return "";
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
}

absl::StatusOr<int> ParseEnum(const EnumDescriptor& type, absl::string_view text) {
  std::vector<std::string> known;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string each = EnumText(*type.value(i));
    if (each.empty()) continue;
    if (each == text) return type.value(i)->number();
    known.push_back(each);
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not one of: ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<google::type::Date> ParseDate(absl::string_view text) {
  ASSIGN_OR_RETURN(const absl::CivilDay day, ParseDay(text));
  return pipeline::ToProtoDay(day);
}

absl::StatusOr<google::protobuf::Timestamp> ParseInstant(absl::string_view text, absl::Time now) {
  if (text == "now") return pipeline::ToProto(now);
  absl::Time time;
  std::string problem;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &problem) || time == absl::InfiniteFuture() ||
      time == absl::InfinitePast()) {
    return absl::InvalidArgumentError(absl::StrCat("not an instant like 2026-03-09T12:00:00+02:00: ", text));
  }
  return pipeline::ToProto(time);
}

absl::StatusOr<polku::common::v1::WeeklySession> ParseSession(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ', absl::SkipEmpty());
  const auto day = parts.empty() ? std::end(kDays) : std::find(std::begin(kDays), std::end(kDays), parts[0]);
  const std::vector<absl::string_view> times =
      parts.size() == 2 ? absl::StrSplit(parts[1], '-') : std::vector<absl::string_view>();
  if (day == std::end(kDays) || times.size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat("not a session like \"mon 09:00-13:00\": ", text));
  }
  polku::common::v1::WeeklySession session;
  session.set_day(static_cast<google::type::DayOfWeek>(day - std::begin(kDays) + 1));
  ASSIGN_OR_RETURN(const int start, ParseMinutes(times[0]));
  ASSIGN_OR_RETURN(const int end, ParseMinutes(times[1]));
  if (end <= start) return absl::InvalidArgumentError(absl::StrCat("a session ends after it starts: ", text));
  session.set_start_minute(start);
  session.set_end_minute(end);
  return session;
}

std::string OneLine(absl::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); }, ' ');
  return line;
}

std::string FieldText(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    std::vector<std::string> texts;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) texts.push_back(ScalarText(message, field, i));
    return OneLine(absl::StrJoin(texts, ", "));
  }
  if (field.has_presence() && !reflection.HasField(message, &field)) return "";
  return OneLine(ScalarText(message, field, 0));
}

std::string Describe(const Message& message) {
  std::string text;
  DescribeInto(message, 0, text);
  return text;
}

std::string Table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (size_t column = 0; column < headings.size(); ++column) {
    size_t width = WidthOf(headings[column]);
    for (const auto& row : rows) width = std::max(width, WidthOf(row[column]));
    widths.push_back(width);
  }
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (size_t column = 0; column < cells.size(); ++column) {
      absl::StrAppend(&out, cells[column], std::string(widths[column] - WidthOf(cells[column]) + 2, ' '));
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(out), "\n");
  };
  line(headings);
  for (const auto& row : rows) line(row);
  return text;
}

std::string TableOf(const std::vector<const Message*>& messages, const std::vector<std::string>& columns) {
  std::vector<std::vector<std::string>> rows;
  for (const Message* message : messages) {
    std::vector<std::string> row;
    for (const std::string& column : columns) {
      const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(column);
      POLKU_CHECK(field != nullptr);
      row.push_back(FieldText(*message, *field));
    }
    rows.push_back(std::move(row));
  }
  std::vector<std::string> headings;
  for (const std::string& column : columns) headings.push_back(absl::AsciiStrToUpper(column));
  return Table(headings, rows);
}

std::string Json(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  POLKU_CHECK(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

}  // namespace polku::polkuctl
