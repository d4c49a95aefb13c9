#include "libs/pipeline/requests.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/hash.h"
#include "libs/base/violation.h"

namespace polku::pipeline {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// An entry is the field number (4 bytes) and the first 16 bytes of the keyed hash.
constexpr size_t kNumberBytes = 4;
constexpr size_t kHashBytes = 16;

std::map<int32_t, absl::string_view> Entries(absl::string_view hashes) {
  std::map<int32_t, absl::string_view> entries;
  while (hashes.size() >= kNumberBytes + kHashBytes) {
    int32_t number = 0;
    std::memcpy(&number, hashes.data(), kNumberBytes);
    entries[number] = hashes.substr(kNumberBytes, kHashBytes);
    hashes.remove_prefix(kNumberBytes + kHashBytes);
  }
  return entries;
}

}  // namespace

std::string FieldHashes(absl::string_view hash_key, const Message& request) {
  std::unique_ptr<Message> rest(request.New());
  rest->CopyFrom(request);
  std::unique_ptr<Message> alone(request.New());
  const auto* reflection = request.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(request, &fields);
  std::string hashes;
  for (const FieldDescriptor* field : fields) {
    if (field->name() == "request_id") continue;
    reflection->SwapFields(rest.get(), alone.get(), {field});
    const std::string hash = KeyedHash(hash_key, "request-field", alone->SerializeAsString());
    const int32_t number = field->number();
    char bytes[kNumberBytes];
    std::memcpy(bytes, &number, kNumberBytes);
    hashes.append(bytes, kNumberBytes);
    hashes.append(hash, 0, kHashBytes);
    alone->Clear();
  }
  return hashes;
}

absl::Status CompareFieldHashes(absl::string_view stored, absl::string_view now,
                                const google::protobuf::Descriptor& request_type) {
  if (stored == now) return absl::OkStatus();
  const auto before = Entries(stored);
  const auto after = Entries(now);
  std::string field = "request_id";
  for (int i = 0; i < request_type.field_count(); ++i) {
    const int32_t number = request_type.field(i)->number();
    const auto a = before.find(number);
    const auto b = after.find(number);
    if ((a == before.end()) != (b == after.end()) || (a != before.end() && a->second != b->second)) {
      field = request_type.field(i)->name();
      break;
    }
  }
  absl::Status status =
      absl::AlreadyExistsError(absl::StrCat("request_id was used before with another value of ", field));
  AddViolation(status, field, "differs from the earlier request with this request_id");
  return WithReason(std::move(status), "REQUEST_ID_REUSED");
}

}  // namespace polku::pipeline
