// How an event travels: CloudEvents 1.0 Kafka binding in binary mode. Attributes are headers,
// the value is the bare protobuf message, the record key is the aggregate's key.
//
//   ce_specversion 1.0                content-type  application/protobuf
//   ce_id          SOURCE/KEY/EPOCH/VERSION (never parsed)
//   ce_source      /polku/follow-up   ce_type       polku.follow_up.v1.MeasureStarted
//   ce_subject     clients/C          ce_time       RFC 3339, UTC
//   ce_epoch       decimal            ce_sequence   decimal: the public version of the key
//   ce_dataschema  type name again    traceparent   W3C trace context of what caused it
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/bus/bus.h"
#include "libs/store/database.h"

namespace polku::pipeline {

// A peer's public event as it came off the bus or out of its journal.
struct PeerFact {
  bus::TopicPartition from;
  int64_t offset = -1;    // -1: from the owner's journal, no position goes with it.
  std::string source;     // "referral": the publishing service. Of a foreign record: its topic.
  std::string publisher;  // Of a foreign record: who wrote it, see feed.h. It has no epoch and version, and key and
                          // type only when it was set aside and `payload` is what was understood.
  int64_t epoch = 0;
  std::string key;
  int64_t version = 0;
  std::string type;
  std::string payload;
  std::string traceparent;
  absl::Time time;
};

bus::Message EncodeEvent(absl::string_view service, int64_t epoch, const store::JournalRow& event);

// Errors: kInvalidArgument naming the header that is missing or malformed. The record's place and
// value are filled in `fact` even then, so that it can be set aside.
absl::Status DecodeEvent(bus::Record record, PeerFact& fact);

}  // namespace polku::pipeline
