#include "tools/polkuctl/request.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "tools/polkuctl/input.h"
#include "tools/polkuctl/text.h"

namespace polku::polkuctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor& FindField(const Message& request, absl::string_view path) {
  const auto* type = request.GetDescriptor();
  const FieldDescriptor* field = nullptr;
  for (absl::string_view name : absl::StrSplit(path, '.')) {
    POLKU_CHECK(type != nullptr);
    field = type->FindFieldByName(std::string(name));
    POLKU_CHECK(field != nullptr);
    type = field->message_type();
  }
  return *field;
}

absl::Status SetEnum(Message& message, const FieldDescriptor& field, absl::string_view text) {
  ASSIGN_OR_RETURN(const int value, ParseEnum(*field.enum_type(), text));
  const auto& reflection = *message.GetReflection();
  field.is_repeated() ? reflection.AddEnumValue(&message, &field, value)
                      : reflection.SetEnumValue(&message, &field, value);
  return absl::OkStatus();
}

// Sets a field of one of the message types that a person types as one word.
absl::Status SetMessage(Message& message, const FieldDescriptor& field, absl::string_view text, absl::Time now) {
  const auto& reflection = *message.GetReflection();
  Message& value =
      field.is_repeated() ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field);
  if (field.message_type() == google::type::Date::descriptor()) {
    ASSIGN_OR_RETURN(const google::type::Date date, ParseDate(text));
    value.CopyFrom(date);
    return absl::OkStatus();
  }
  if (field.message_type() == google::protobuf::Timestamp::descriptor()) {
    ASSIGN_OR_RETURN(const google::protobuf::Timestamp time, ParseInstant(text, now));
    value.CopyFrom(time);
    return absl::OkStatus();
  }
  POLKU_CHECK(field.message_type() == google::protobuf::Duration::descriptor());
  absl::Duration duration;
  if (!absl::ParseDuration(std::string(text), &duration)) return absl::InvalidArgumentError("not a duration like 24h");
  value.CopyFrom(pipeline::ToProto(duration));
  return absl::OkStatus();
}

std::string HelpOf(const FieldDescriptor& descriptor, const Field& field) {
  std::string help = field.what;
  if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    std::vector<std::string> words;
    for (int i = 0; i < descriptor.enum_type()->value_count(); ++i) {
      const std::string word = EnumText(*descriptor.enum_type()->value(i));
      if (!word.empty()) words.push_back(word);
    }
    absl::StrAppend(&help, help.empty() ? "" : ": ", absl::StrJoin(words, ", "));
  }
  if (descriptor.is_repeated()) absl::StrAppend(&help, help.empty() ? "" : "; ", "may be repeated");
  return help;
}

}  // namespace

absl::Status SetField(Message& message, absl::string_view path, absl::string_view text, absl::Time now) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(path, absl::MaxSplits('.', 1));
  const FieldDescriptor& field = FindField(message, parts.first);
  const auto& reflection = *message.GetReflection();
  if (!parts.second.empty()) return SetField(*reflection.MutableMessage(&message, &field), parts.second, text, now);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      field.is_repeated() ? reflection.AddString(&message, &field, std::string(text))
                          : reflection.SetString(&message, &field, std::string(text));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, text);
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(&message, &field, text == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number = 0;
      if (!absl::SimpleAtoi(text, &number)) return absl::InvalidArgumentError("not a whole number");
      reflection.SetInt32(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(message, field, text, now);
    default:
      POLKU_CHECK(false);
  }
  return absl::OkStatus();
}

void AddField(CLI::App& command, Session& session, Message& request, const Field& field, bool positional) {
  const FieldDescriptor& descriptor = FindField(request, field.path);
  const std::string name = absl::StrReplaceAll(descriptor.name(), {{"_", "-"}});
  const std::string flag = positional ? name : absl::StrCat("--", name);
  const auto set = [&request, &session, path = field.path, flag](const std::string& text) {
    const absl::Status status = SetField(request, path, text, session.Now());
    if (!status.ok()) throw CLI::ValidationError(flag, std::string(status.message()));
  };
  const std::string help = HelpOf(descriptor, field);
  if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    command.add_flag_function(
        flag, [set](int64_t) { set("true"); }, help);
    return;
  }
  CLI::Option* option = nullptr;
  if (descriptor.is_repeated()) {
    option = command.add_option_function<std::vector<std::string>>(
        flag,
        [set](const std::vector<std::string>& texts) {
          for (const std::string& text : texts) set(text);
        },
        help);
    option->allow_extra_args(false);
  } else {
    option = command.add_option_function<std::string>(flag, set, help);
  }
  option->required(positional || field.required);
}

std::function<void()> AddFile(CLI::App& command, Message& request, const std::string& what) {
  auto path = std::make_shared<std::string>();
  command.add_option("--from", *path,
                     absl::StrCat("file with the request as JSON: ", what, "; - is standard input; flags go on top"));
  return [path, &request, what] {
    if (path->empty()) return;
    const std::string text = Parsed(ReadText(*path), "--from");
    const std::unique_ptr<Message> file(request.New());
    if (!google::protobuf::util::JsonStringToMessage(text, file.get()).ok()) {
      // The parser's own words repeat the text, which may hold an identity code.
      throw CLI::ValidationError(
          "--from", absl::StrCat("the file is not a ", request.GetDescriptor()->name(), " in JSON (", what, ")"));
    }
    std::vector<const FieldDescriptor*> typed;
    request.GetReflection()->ListFields(request, &typed);
    for (const FieldDescriptor* field : typed) {
      if (field->is_repeated()) file->GetReflection()->ClearField(file.get(), field);
    }
    file->MergeFrom(request);
    request.CopyFrom(*file);
  };
}

}  // namespace polku::polkuctl
