#include "libs/pipeline/kinds.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_macros.h"
#include "polku/common/v1/types.pb.h"

namespace polku::pipeline {

using google::protobuf::Arena;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// Whether a field of it is the key, or the name of a part of it.
bool Names(const Message& message, absl::string_view key) {
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    const std::string value = message.GetReflection()->GetString(message, field);
    if (value == key || absl::StartsWith(value, absl::StrCat(key, "/"))) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<Kinds> Kinds::Create(absl::string_view service,
                                    const std::vector<std::unique_ptr<AggregateKind>>& kinds) {
  Kinds made;
  made.events_file_ = absl::StrCat("polku/", absl::StrReplaceAll(service, {{"-", "_"}}), "/v1/events.proto");
  const std::string& tick = polku::common::v1::Tick::descriptor()->full_name();
  for (const auto& kind : kinds) {
    made.kinds_.push_back(kind.get());
    const auto* descriptor = kind->input_prototype().GetDescriptor();
    bool ticks = false;
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor* field = descriptor->field(i);
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      const std::string& type = field->message_type()->full_name();
      if (type == tick) {
        ticks = true;
        continue;
      }
      if (!made.inputs_.emplace(type, Slot{kind.get(), field}).second) {
        return absl::InternalError(absl::StrCat("two kinds take ", type));
      }
    }
    if (!ticks) return absl::InternalError(absl::StrCat(descriptor->full_name(), " has no Tick"));
  }
  return made;
}

TypedInput Kinds::Wrap(const Message& message, Arena& arena) const {
  const Slot& slot = inputs_.at(message.GetDescriptor()->full_name());
  Message* input = slot.kind->input_prototype().New(&arena);
  input->GetReflection()->MutableMessage(input, slot.field)->CopyFrom(message);
  return {slot.kind, input};
}

TypedInput Kinds::Wrap(std::unique_ptr<Message> message, Arena& arena) const {
  const Slot& slot = inputs_.at(message->GetDescriptor()->full_name());
  Message* input = slot.kind->input_prototype().New(&arena);
  input->GetReflection()->SetAllocatedMessage(input, message.release(), slot.field);
  return {slot.kind, input};
}

absl::StatusOr<TypedInput> Kinds::Parse(absl::string_view type, absl::string_view bytes, Arena& arena) const {
  const Slot& slot = inputs_.at(type);
  Message* input = slot.kind->input_prototype().New(&arena);
  Message* inner = input->GetReflection()->MutableMessage(input, slot.field);
  if (!inner->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError(absl::StrCat("value is not a ", type));
  }
  return TypedInput{slot.kind, input};
}

const AggregateKind* Kinds::OfKey(absl::string_view key) const {
  for (const AggregateKind* kind : kinds_) {
    if (absl::StartsWith(key, kind->key_prefix())) return kind;
  }
  return nullptr;
}

TypedInput Kinds::Tick(const AggregateKind& kind, Arena& arena) const {
  Message* input = kind.input_prototype().New(&arena);
  const auto* descriptor = input->GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        field->message_type() == polku::common::v1::Tick::descriptor()) {
      input->GetReflection()->MutableMessage(input, field);
      break;
    }
  }
  return {&kind, input};
}

absl::StatusOr<TypedInput> Kinds::ParseEvent(absl::string_view key, absl::string_view type, absl::string_view bytes,
                                             Arena& arena) const {
  const AggregateKind* kind = OfKey(key);
  if (kind == nullptr) return absl::InvalidArgumentError(absl::StrCat("no kind has the key ", key));
  Message* event = kind->event_prototype().New(&arena);
  const auto* descriptor = event->GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->message_type()->full_name() != type) continue;
    Message* inner = event->GetReflection()->MutableMessage(event, field);
    const bool parsed = inner->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (parsed && IsPublic(*inner) && Names(*inner, key)) return TypedInput{kind, event};
    return absl::InvalidArgumentError(absl::StrCat("value is not a public ", type, " of its key"));
  }
  return absl::InvalidArgumentError(absl::StrCat("no event of ", kind->key_prefix(), " is a ", type));
}

const Message& Kinds::Inner(const Message& oneof) {
  const auto* descriptor = oneof.GetDescriptor()->oneof_decl(0);
  const FieldDescriptor* field = oneof.GetReflection()->GetOneofFieldDescriptor(oneof, descriptor);
  POLKU_CHECK(field != nullptr);
  return oneof.GetReflection()->GetMessage(oneof, field);
}

bool Kinds::IsPublic(const Message& inner) const { return inner.GetDescriptor()->file()->name() == events_file_; }

}  // namespace polku::pipeline
