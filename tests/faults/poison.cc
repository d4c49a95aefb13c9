#include "tests/faults/poison.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"

namespace polku::faults {
namespace {

constexpr char kAccepted[] = "polku.referral.v1.ReferralAccepted";
// The last part of the client ids: version 7 UUIDs of our own end otherwise but by chance.
constexpr char kMarkOfPoison[] = "0000deadbeef";
constexpr size_t kGarbageBytes = 64;

bool IsAccepted(const RawRecord& record) {
  return !IsPoison(record) && std::any_of(record.headers.begin(), record.headers.end(), [](const auto& header) {
    return header.first == "ce_type" && header.second == kAccepted;
  });
}

void SetHeader(RawRecord& record, const std::string& name, const std::string& value) {
  for (auto& header : record.headers) {
    if (header.first == name) header.second = value;
  }
}

std::string Garbage(Random& random) {
  std::string bytes(kGarbageBytes, '\0');
  random.Fill(bytes.data(), bytes.size());
  bytes[0] = '\xff';  // No message begins so.
  return bytes;
}

}  // namespace

bool IsPoison(const RawRecord& record) { return !record.key.has_value() || absl::EndsWith(*record.key, kMarkOfPoison); }

std::vector<RawRecord> MakePoison(const std::vector<RawRecord>& good, Random& random) {
  const auto found = std::find_if(good.begin(), good.end(), IsAccepted);
  if (found == good.end()) return {};
  const SystemClock clock;
  // As the first event about somebody new.
  const auto fresh = [&] {
    RawRecord record = *found;
    record.partition = -1;
    const std::string id = NewUuidV7(clock.Now(), random);
    record.key = absl::StrCat("clients/", id.substr(0, id.size() - 12), kMarkOfPoison);
    SetHeader(record, "ce_subject", *record.key);
    SetHeader(record, "ce_sequence", "1");
    return record;
  };
  std::vector<RawRecord> poison(7, RawRecord());
  for (RawRecord& record : poison) record = fresh();
  poison[0].value = "";
  poison[1].value = Garbage(random);
  poison[2].value->pop_back();
  SetHeader(poison[3], "ce_type", "polku.referral.v1.ClientErased");  // All read it; these bytes are no such thing.
  poison[4].headers.clear();
  poison[5].value = std::nullopt;
  poison[6].key = std::nullopt;
  return poison;
}

}  // namespace polku::faults
