// Bytes of every public event and of what providers write, as each release wrote them, are read by every later build.
//
//   golden_test --write    adds the messages that have no line yet
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/coordinator_network/v1/events.pb.h"
#include "polku/follow_up/v1/events.pb.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "polku/referral/v1/events.pb.h"

namespace polku::compat {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

constexpr char kGolden[] = POLKU_COMPAT_FOLDER "/golden.txt";
constexpr int kDepthMax = 4;

// Those of the linked files that are promises.
std::vector<const Descriptor*> PublicMessages() {
  const FileDescriptor* files[] = {
      referral::v1::ReferralReceived::descriptor()->file(), assessment::v1::AssessmentOpened::descriptor()->file(),
      coordinator_network::v1::CoordinatorAssigned::descriptor()->file(),
      follow_up::v1::JourneyOpened::descriptor()->file(), follow_up::v1::ProviderActivity::descriptor()->file()};
  std::vector<const Descriptor*> messages;
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) messages.push_back(file->message_type(i));
  }
  return messages;
}

std::unique_ptr<Message> New(const Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// A value that is not the default, and another one for each field.
void Fill(Message& message, int depth) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    const auto* reflection = message.GetReflection();
    const int64_t number = field->number() + 2;
    for (int times = field->is_repeated() ? 2 : 1; times > 0; --times) {
      const bool add = field->is_repeated();
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING: {
          const std::string text = absl::StrCat(field->name(), "-", times);
          add ? reflection->AddString(&message, field, text) : reflection->SetString(&message, field, text);
          break;
        }
        case FieldDescriptor::CPPTYPE_INT32:
          add ? reflection->AddInt32(&message, field, number) : reflection->SetInt32(&message, field, number);
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          add ? reflection->AddInt64(&message, field, number) : reflection->SetInt64(&message, field, number);
          break;
        case FieldDescriptor::CPPTYPE_BOOL:
          add ? reflection->AddBool(&message, field, true) : reflection->SetBool(&message, field, true);
          break;
        case FieldDescriptor::CPPTYPE_ENUM: {
          const auto* value = field->enum_type()->value(field->enum_type()->value_count() - 1);
          add ? reflection->AddEnum(&message, field, value) : reflection->SetEnum(&message, field, value);
          break;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
          if (depth == kDepthMax) break;
          Fill(add ? *reflection->AddMessage(&message, field) : *reflection->MutableMessage(&message, field),
               depth + 1);
          break;
        default:
          ADD_FAILURE() << field->full_name() << ": a kind of field that this test cannot fill";
      }
    }
  }
}

std::string BytesOf(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string JsonOf(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json, options).ok()) << message.GetTypeName();
  return json;
}

bool HasUnknown(const Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const FieldDescriptor*> set;
  reflection->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated() && HasUnknown(reflection->GetMessage(message, field))) return true;
    for (int i = 0; field->is_repeated() && i < reflection->FieldSize(message, field); ++i) {
      if (HasUnknown(reflection->GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

struct Line {
  std::string type;
  std::string bytes;
  std::string json;
};

std::vector<Line> ReadGolden() {
  std::vector<Line> lines;
  std::ifstream file(kGolden);
  for (std::string text; std::getline(file, text);) {
    const std::vector<std::string> words = absl::StrSplit(text, absl::MaxSplits(' ', 2));
    if (words.size() == 3) lines.push_back({words[0], absl::HexStringToBytes(words[1]), words[2]});
  }
  return lines;
}

TEST(Golden, EveryPublicMessageHasALine) {
  std::map<std::string, int> lines;
  for (const Line& line : ReadGolden()) ++lines[line.type];
  for (const Descriptor* type : PublicMessages()) {
    EXPECT_GT(lines[type->full_name()], 0) << type->full_name() << ": golden_test --write adds it";
  }
  std::cout << "golden bytes: " << lines.size() << " messages\n";
}

TEST(Golden, IsReadAsItWasMeant) {
  for (const Line& line : ReadGolden()) {
    const Descriptor* type = DescriptorPool::generated_pool()->FindMessageTypeByName(line.type);
    ASSERT_NE(type, nullptr) << line.type << " is gone";
    const std::unique_ptr<Message> message = New(type);
    ASSERT_TRUE(message->ParseFromString(line.bytes)) << line.type;
    EXPECT_FALSE(HasUnknown(*message)) << line.type << " has lost a field";
    EXPECT_EQ(JsonOf(*message), line.json) << line.type;
    // And written so again: a subscriber of then reads what this build writes.
    EXPECT_EQ(absl::BytesToHexString(BytesOf(*message)), absl::BytesToHexString(line.bytes)) << line.type;
  }
}

void WriteMissing() {
  std::map<std::string, bool> has;
  for (const Line& line : ReadGolden()) has[line.type] = true;
  std::ofstream file(kGolden, std::ios::app);
  for (const Descriptor* type : PublicMessages()) {
    if (has[type->full_name()]) continue;
    const std::unique_ptr<Message> message = New(type);
    Fill(*message, 0);
    file << type->full_name() << " " << absl::BytesToHexString(BytesOf(*message)) << " " << JsonOf(*message) << "\n";
  }
}

}  // namespace
}  // namespace polku::compat

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc > 1 && std::string(argv[1]) == "--write") {
    polku::compat::WriteMissing();
    return 0;
  }
  return RUN_ALL_TESTS();
}
