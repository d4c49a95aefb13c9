#include "libs/rpc/understood.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"

namespace polku::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Fields = google::protobuf::RepeatedPtrField<polku::common::v1::UnderstoodField>;

constexpr int kFieldsMax = 100;

// "clients/C/measures/1".
bool IsName(absl::string_view text) {
  const std::vector<absl::string_view> segments = absl::StrSplit(text, '/');
  if (segments.size() % 2 != 0) return false;
  for (const absl::string_view segment : segments) {
    if (!IsResourceName(segment, "*")) return false;
  }
  return true;
}

// Those that are one value to a person.
bool IsValue(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
         field.message_type() == google::protobuf::Timestamp::descriptor() ||
         field.message_type() == google::type::Date::descriptor();
}

std::string MessageText(const Message& message) {
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    return absl::FormatTime(absl::RFC3339_full, pipeline::FromProto(time), absl::UTCTimeZone());
  }
  const auto& date = static_cast<const google::type::Date&>(message);
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

std::string TextOf(const Message& message, const FieldDescriptor& field, int index) {
  const auto& of = *message.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      if (field.type() == FieldDescriptor::TYPE_BYTES) return "";
      const std::string text = many ? of.GetRepeatedString(message, &field, index) : of.GetString(message, &field);
      return IsName(text) ? text : "";
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return (many ? of.GetRepeatedEnum(message, &field, index) : of.GetEnum(message, &field))->name();
    case FieldDescriptor::CPPTYPE_BOOL:
      return (many ? of.GetRepeatedBool(message, &field, index) : of.GetBool(message, &field)) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(many ? of.GetRepeatedInt32(message, &field, index) : of.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(many ? of.GetRepeatedInt64(message, &field, index) : of.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(many ? of.GetRepeatedMessage(message, &field, index) : of.GetMessage(message, &field));
    default:
      return "";  // No message of ours has others.
  }
}

void AddInto(const Message& message, const std::string& path, Fields& fields) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const std::string name = absl::StrCat(path, field->name());
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count && fields.size() < kFieldsMax; ++i) {
      if (!IsValue(*field)) {
        const auto& of = *message.GetReflection();
        const Message& inner =
            field->is_repeated() ? of.GetRepeatedMessage(message, field, i) : of.GetMessage(message, field);
        AddInto(inner, absl::StrCat(name, "."), fields);
        continue;
      }
      auto& told = *fields.Add();
      told.set_field(name);
      told.set_value(TextOf(message, *field, i));
    }
  }
}

}  // namespace

std::unique_ptr<Message> NewMessage(const std::string& full_name) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(full_name);
  if (type == nullptr) return nullptr;
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

void AddUnderstood(const Message& message, Fields& fields) { AddInto(message, "", fields); }

}  // namespace polku::rpc
