#include "libs/pathway/yaml_message.h"

#include <cstdint>
#include <exception>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/type/date.pb.h"
#include "libs/base/calendar.h"
#include "yaml-cpp/yaml.h"

namespace polku::pathway {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kFaultsMax = 50;

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

// "entry" of "entry.needs", "entry.needs" of "entry.needs[3]"; empty at the root.
std::string ParentOf(const std::string& path) {
  const size_t end = path.find_last_of(".[");
  return end == std::string::npos ? "" : path.substr(0, end);
}

// "Segment" and "SEGMENT_OUTSIDE_SERVICES" give "outside-services".
std::string ShortName(const EnumDescriptor& type, const EnumValueDescriptor& value) {
  std::string prefix;
  for (char c : type.name()) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(c);
  }
  prefix += '_';
  absl::string_view name = value.name();
  if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", "-"}});
}

// The set_* and add_* of one field look alike to a reader of values.
struct Target {
  Message& message;
  const FieldDescriptor& field;

  template <class T>
  void Put(T value, void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
           void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) const {
    const Reflection& reflection = *message.GetReflection();
    if (field.is_repeated()) {
      (reflection.*add)(&message, &field, std::move(value));
    } else {
      (reflection.*set)(&message, &field, std::move(value));
    }
  }
  Message& Nested() const {
    const Reflection& reflection = *message.GetReflection();
    return field.is_repeated() ? *reflection.AddMessage(&message, &field)
                               : *reflection.MutableMessage(&message, &field);
  }
};

class Filler {
 public:
  explicit Filler(Faults& faults) : faults_(faults) {}

  void FillMessage(const YAML::Node& node, const std::string& path, Message& message) {
    if (!node.IsMap()) {
      faults_.AddAt(LineOf(node), path, "must be a block of fields");
      return;
    }
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const int line = LineOf(entry.first);
      if (!entry.first.IsScalar()) {
        faults_.AddAt(line, path, "a key must be a plain word");
        continue;
      }
      const std::string& key = entry.first.Scalar();
      const std::string field_path = path.empty() ? key : absl::StrCat(path, ".", key);
      const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(key);
      if (field == nullptr) {
        faults_.AddAt(line, field_path, "unknown key");
      } else if (!seen.insert(key).second) {
        faults_.AddAt(line, field_path, "given twice");
      } else {
        faults_.Place(field_path, line);
        FillField(entry.second, field_path, Target{message, *field});
      }
    }
  }

 private:
  void FillField(const YAML::Node& node, const std::string& path, const Target& target) {
    if (!target.field.is_repeated()) return FillValue(node, path, target);
    if (!node.IsSequence()) {
      faults_.AddAt(LineOf(node), path, "must be a list");
      return;
    }
    int index = 0;
    for (const YAML::Node& item : node) {
      const std::string item_path = absl::StrCat(path, "[", index++, "]");
      faults_.Place(item_path, LineOf(item));
      FillValue(item, item_path, target);
    }
  }

  void FillValue(const YAML::Node& node, const std::string& path, const Target& target) {
    const FieldDescriptor& field = target.field;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::string& type = field.message_type()->full_name();
      if (type == "google.type.Date") return FillDate(node, path, target);
      if (type == "google.protobuf.Duration") return FillDuration(node, path, target);
      return FillMessage(node, path, target.Nested());
    }
    if (!node.IsScalar()) {
      faults_.AddAt(LineOf(node), path, node.IsNull() ? "has no value" : "must be a single value");
      return;
    }
    FillScalar(node, path, target);
  }

  void FillScalar(const YAML::Node& node, const std::string& path, const Target& target) {
    const std::string& text = node.Scalar();
    const bool quoted = node.Tag() == "!";
    switch (target.field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return target.Put<std::string>(text, &Reflection::SetString, &Reflection::AddString);
      case FieldDescriptor::CPPTYPE_INT32:
        if (int32_t number; !quoted && absl::SimpleAtoi(text, &number)) {
          return target.Put<int32_t>(number, &Reflection::SetInt32, &Reflection::AddInt32);
        }
        return faults_.AddAt(LineOf(node), path, "must be a whole number without unit");
      case FieldDescriptor::CPPTYPE_INT64:
        if (int64_t number; !quoted && absl::SimpleAtoi(text, &number)) {
          return target.Put<int64_t>(number, &Reflection::SetInt64, &Reflection::AddInt64);
        }
        return faults_.AddAt(LineOf(node), path, "must be a whole number without unit");
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (double number; !quoted && absl::SimpleAtod(text, &number)) {
          return target.Put<double>(number, &Reflection::SetDouble, &Reflection::AddDouble);
        }
        return faults_.AddAt(LineOf(node), path, "must be a number without unit");
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!quoted && (text == "true" || text == "false")) {
          return target.Put<bool>(text == "true", &Reflection::SetBool, &Reflection::AddBool);
        }
        return faults_.AddAt(LineOf(node), path, "must be true or false");
      case FieldDescriptor::CPPTYPE_ENUM:
        return FillEnum(node, path, target);
      default:
        return faults_.AddAt(LineOf(node), path, "is of a type that a file cannot give");
    }
  }

  void FillEnum(const YAML::Node& node, const std::string& path, const Target& target) {
    const EnumDescriptor& type = *target.field.enum_type();
    std::vector<std::string> names;
    for (int i = 0; i < type.value_count(); ++i) {
      const EnumValueDescriptor& value = *type.value(i);
      if (value.number() == 0) continue;  // Unspecified: said by leaving the field out.
      names.push_back(ShortName(type, value));
      if (names.back() == node.Scalar()) {
        return target.Put<const EnumValueDescriptor*>(&value, &Reflection::SetEnum, &Reflection::AddEnum);
      }
    }
    faults_.AddAt(LineOf(node), path, absl::StrCat("must be one of ", absl::StrJoin(names, ", ")));
  }

  void FillDate(const YAML::Node& node, const std::string& path, const Target& target) {
    const absl::StatusOr<absl::CivilDay> day = ParseDay(node.IsScalar() ? node.Scalar() : "");
    if (!day.ok()) return faults_.AddAt(LineOf(node), path, "must be a real day, written YYYY-MM-DD");
    google::type::Date date;
    date.set_year(static_cast<int>(day->year()));
    date.set_month(day->month());
    date.set_day(day->day());
    target.Nested().CopyFrom(date);
  }

  void FillDuration(const YAML::Node& node, const std::string& path, const Target& target) {
    absl::Duration duration;
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    if (!absl::ParseDuration(text, &duration) || duration == absl::InfiniteDuration() ||
        duration == -absl::InfiniteDuration()) {
      return faults_.AddAt(LineOf(node), path, "must be a duration with a unit: h, m or s, as in 24h");
    }
    google::protobuf::Duration value;
    value.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
    value.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
    target.Nested().CopyFrom(value);
  }

  Faults& faults_;
};

}  // namespace

void Faults::Add(const std::string& path, absl::string_view what) {
  int line = 0;
  for (std::string at = path; !at.empty(); at = ParentOf(at)) {
    if (faulty_.count(at) != 0) return;
    const auto given = lines_.find(at);
    if (line == 0 && given != lines_.end()) line = given->second;
  }
  AddAt(line == 0 ? 1 : line, path, what);
}

void Faults::AddAt(int line, const std::string& path, absl::string_view what) {
  if (messages_.size() >= kFaultsMax) return;
  faulty_.insert(path);
  messages_.push_back(absl::StrCat(file_, ":", line, ": ", path.empty() ? "" : absl::StrCat(path, ": "), what));
}

absl::Status Faults::ToStatus() const {
  if (messages_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(messages_, "\n"));
}

void ReadYaml(absl::string_view yaml, Message& message, Faults& faults) {
  if (yaml.size() > kFileBytesMax) return faults.AddAt(1, "", "the file is larger than 1 MiB");
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(yaml));
    if (documents.size() != 1) return faults.AddAt(1, "", "must hold exactly one document");
    Filler(faults).FillMessage(documents.front(), "", message);
  } catch (const YAML::Exception& error) {
    faults.AddAt(error.mark.line + 1, "", absl::StrCat("not valid YAML: ", error.msg));
  } catch (const std::exception& error) {
    faults.AddAt(1, "", absl::StrCat("cannot be read: ", error.what()));
  }
}

}  // namespace polku::pathway
