#include "libs/pipeline/relay.h"

#include <utility>
#include <vector>

#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/wire.h"

namespace polku::pipeline {

absl::StatusOr<std::unique_ptr<Relay>> Relay::Create(std::string service, bus::Bus& bus, store::Database& database,
                                                     int batch_max, prometheus::Registry& metrics) {
  std::unique_ptr<Relay> relay(new Relay(std::move(service), database, batch_max, metrics));
  ASSIGN_OR_RETURN(relay->producer_, bus.NewProducer());
  return relay;
}

absl::StatusOr<bool> Relay::Step(bool may_send) {
  const size_t sent_max = kSentBatchesMax * static_cast<size_t>(batch_max_);
  std::vector<int64_t> sent = sent_.Oldest(sent_max);
  std::vector<store::OutboxRow> rows;
  if (may_send && sent.size() < sent_max) {
    ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, database_.Read());
    ASSIGN_OR_RETURN(rows, reader->ReadOutbox(batch_max_, sent));
  }
  if (rows.empty()) {
    if (sent.empty()) return false;
    RETURN_IF_ERROR(DeleteSent());
    return true;
  }
  sent.clear();
  // What an erased client's key took with it cannot be told. A subscriber finds the gap when it gets the
  // event that erased, and the journal tells it so.
  for (const store::OutboxRow& row : rows) {
    if (row.event.erased) sent.push_back(row.id);
  }
  std::erase_if(rows, [](const store::OutboxRow& row) { return row.event.erased; });
  std::vector<bus::Message> messages;
  messages.reserve(rows.size());
  for (const store::OutboxRow& row : rows) messages.push_back(EncodeEvent(service_, database_.epoch(), row.event));
  CrashPoint("relay.before_publish");
  const absl::Duration began = monotonic_.Elapsed();
  const std::vector<absl::Status> results = producer_->Publish(messages);
  metrics_.duration_seconds->Observe(absl::ToDoubleSeconds(monotonic_.Elapsed() - began));
  CrashPoint("relay.after_publish");
  absl::Status failure;
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].ok()) {
      metrics_.sent->Increment();
      sent.push_back(rows[i].id);
    } else if (absl::IsInvalidArgument(results[i])) {
      // It can never be sent. A subscriber finds the gap with the next event of the key and reads the
      // journal; the events behind it would otherwise wait for ever.
      const TraceScope scope(rows[i].event.traceparent);
      LogEvent(LogLevel::kError, "the bus does not take an event",
               {{"service", service_},
                {"key", rows[i].event.key},
                {"type", rows[i].event.type},
                {"version", rows[i].event.public_version},
                {"status", results[i]}});
      metrics_.refused->Increment();
      sent.push_back(rows[i].id);
    } else {
      metrics_.failed->Increment();
      failure.Update(results[i]);
    }
  }
  sent_.Add(sent);
  RETURN_IF_ERROR(failure);
  return true;
}

absl::Status Relay::DeleteSent() {
  const std::vector<int64_t> sent = sent_.Oldest(static_cast<size_t>(batch_max_));
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> transaction, database_.Begin());
  RETURN_IF_ERROR(transaction->DeleteOutbox(sent));
  RETURN_IF_ERROR(transaction->Commit());
  CrashPoint("relay.after_delete");
  sent_.Deleted(sent);
  return absl::OkStatus();
}

}  // namespace polku::pipeline
