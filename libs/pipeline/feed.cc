#include "libs/pipeline/feed.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/pipeline/fold.h"
#include "libs/pipeline/wire.h"

namespace polku::pipeline {

using google::protobuf::Message;

std::string ProviderTopicOf(absl::string_view provider_id) {
  return absl::StrCat("polku.provider.", provider_id, ".activity.v1");
}

void TakeForeign(const Feed& feed, bus::Record record, PeerFact& fact) {
  fact.from = std::move(record.from);
  fact.offset = record.offset;
  fact.source = feed.topic;
  fact.publisher = feed.publisher;
  fact.payload = std::move(record.value);
  fact.time = record.append_time;
  for (const bus::Header& header : record.headers) {
    if (header.name == "traceparent" && IsTraceparent(header.value)) fact.traceparent = header.value;
  }
}

void Fold::PrepareForeign(const WorkItem& item, Prepared& prepared) {
  const PeerFact& fact = item.received->fact;
  if (!fact.type.empty()) {  // A dead letter: it is what was understood.
    absl::StatusOr<TypedInput> input = settings_.kinds->Parse(fact.type, fact.payload, arena_);
    prepared.problem = input.status();
    if (!input.ok()) return;
    prepared.input = *std::move(input);
  } else {
    absl::StatusOr<std::unique_ptr<Message>> message = settings_.definition->read_foreign(fact.payload);
    prepared.problem = message.status();
    if (!message.ok()) return;
    prepared.input = settings_.kinds->Wrap(*std::move(message), arena_);
  }
  absl::StatusOr<std::string> key = prepared.input.kind->KeyOf(*prepared.input.input);
  prepared.problem = key.status();
  if (key.ok()) prepared.key = *std::move(key);
}

absl::Status Fold::ApplyForeign(WorkItem& item, Prepared& prepared) {
  const PeerFact& fact = item.received->fact;
  absl::Status refusal = prepared.problem;
  if (refusal.ok()) {
    const auto origin = [&fact] { return absl::StrCat(fact.source, "/", fact.from.partition, "/", fact.offset); };
    RETURN_IF_ERROR(HandleFact(fact, prepared, origin, refusal));
  }
  if (refusal.ok()) return absl::OkStatus();
  // What was understood is kept; of a record that was not, only its place on the bus: it may hold anything.
  PeerFact kept;
  kept.from = fact.from;
  kept.offset = fact.offset;
  kept.source = fact.source;
  kept.time = fact.time;
  kept.traceparent = fact.traceparent;
  if (prepared.problem.ok()) {
    const Message& understood = Kinds::Inner(*prepared.input.input);
    kept.key = prepared.key;
    kept.type = understood.GetDescriptor()->full_name();
    kept.payload = understood.SerializeAsString();
  }
  SetAside(item, kept, refusal);
  return absl::OkStatus();
}

}  // namespace polku::pipeline
