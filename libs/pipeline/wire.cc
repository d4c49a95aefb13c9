#include "libs/pipeline/wire.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/pipeline/pipeline.h"

namespace polku::pipeline {
namespace {

constexpr absl::string_view kSourcePrefix = "/polku/";

absl::Status Malformed(absl::string_view header) {
  return absl::InvalidArgumentError(absl::StrCat("record header ", header, " is missing or malformed"));
}

absl::Status TakeNumber(const std::string* text, absl::string_view header, int64_t& number) {
  if (text == nullptr || !absl::SimpleAtoi(*text, &number) || number < 1) return Malformed(header);
  return absl::OkStatus();
}

}  // namespace

std::string TopicOf(absl::string_view service) { return absl::StrCat("polku.", service, ".events.v1"); }

bus::Message EncodeEvent(absl::string_view service, int64_t epoch, const store::JournalRow& event) {
  bus::Message message;
  message.topic = TopicOf(service);
  message.key = event.key;
  message.value = event.payload;
  message.headers = {
      {"ce_specversion", "1.0"},
      {"ce_id", absl::StrCat(service, "/", event.key, "/", epoch, "/", event.public_version)},
      {"ce_source", absl::StrCat(kSourcePrefix, service)},
      {"ce_type", event.type},
      {"ce_subject", event.key},
      {"ce_time", absl::FormatTime(absl::RFC3339_full, event.time, absl::UTCTimeZone())},
      {"ce_epoch", absl::StrCat(epoch)},
      {"ce_sequence", absl::StrCat(event.public_version)},
      {"ce_dataschema", event.type},
      {"content-type", "application/protobuf"},
  };
  if (!event.traceparent.empty()) message.headers.push_back({"traceparent", event.traceparent});
  return message;
}

absl::Status DecodeEvent(bus::Record record, PeerFact& fact) {
  fact.from = std::move(record.from);
  fact.offset = record.offset;
  fact.key = std::move(record.key);
  fact.payload = std::move(record.value);
  fact.time = record.append_time;
  const auto find = [&record](absl::string_view name) -> const std::string* {
    for (const bus::Header& header : record.headers) {
      if (header.name == name) return &header.value;
    }
    return nullptr;
  };
  const std::string* trace = find("traceparent");
  if (trace != nullptr && IsTraceparent(*trace)) fact.traceparent = *trace;
  const std::string* source = find("ce_source");
  absl::string_view service = source == nullptr ? absl::string_view() : absl::string_view(*source);
  if (!absl::ConsumePrefix(&service, kSourcePrefix) || service.empty()) return Malformed("ce_source");
  fact.source = std::string(service);
  const std::string* type = find("ce_type");
  if (type == nullptr || type->empty()) return Malformed("ce_type");
  fact.type = *type;
  const std::string* subject = find("ce_subject");
  if (subject == nullptr || subject->empty() || *subject != fact.key) return Malformed("ce_subject");
  RETURN_IF_ERROR(TakeNumber(find("ce_epoch"), "ce_epoch", fact.epoch));
  RETURN_IF_ERROR(TakeNumber(find("ce_sequence"), "ce_sequence", fact.version));
  const std::string* time = find("ce_time");
  std::string problem;
  if (time == nullptr || !absl::ParseTime(absl::RFC3339_full, *time, &fact.time, &problem)) return Malformed("ce_time");
  return absl::OkStatus();
}

}  // namespace polku::pipeline
