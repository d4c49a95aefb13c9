// Topics that others than our services write, such as a provider's records of its measures.
//
// A foreign record has no version: it is idempotent by what it says, and no order is assumed. Who wrote it is known
// by the topic alone, because the bus lets nobody else write there; its key and headers count for nothing. What
// cannot be read, or what the domain refuses, becomes a dead letter and holds back nobody.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "libs/bus/bus.h"

namespace polku::pipeline {

struct PeerFact;

struct Feed {
  std::string topic;
  std::string publisher;  // "organisations/O": the principal of its records.
};

// What a record says, as a message of one of the service's Inputs. Only what this gives is kept anywhere.
// Errors: kInvalidArgument with a text that repeats nothing of the record.
using ReadForeign = std::function<absl::StatusOr<std::unique_ptr<google::protobuf::Message>>(absl::string_view value)>;

// "polku.provider.valmennus.activity.v1" for "valmennus".
std::string ProviderTopicOf(absl::string_view provider_id);

// The record of a feed as the fold takes it. Key and headers are left behind.
void TakeForeign(const Feed& feed, bus::Record record, PeerFact& fact);

}  // namespace polku::pipeline
