// Sends what the outbox holds to the bus, in order per key; it is deleted after the acknowledgement, by the corridor's
// next commit or by the relay. A crash in between sends a record again; nothing is ever left out.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/bus/bus.h"
#include "libs/pipeline/pipeline_metrics.h"
#include "libs/pipeline/sent_rows.h"
#include "libs/store/database.h"
#include "prometheus/registry.h"

namespace polku::pipeline {

// Thread-compatible.
class Relay {
 public:
  static absl::StatusOr<std::unique_ptr<Relay>> Create(std::string service, bus::Bus& bus, store::Database& database,
                                                       int batch_max, prometheus::Registry& metrics);
  // One batch; true if something was sent or deleted. Nothing is sent unless `may_send`: one program of a service does.
  // Errors: kUnavailable, kResourceExhausted (try again later); others are fatal.
  absl::StatusOr<bool> Step(bool may_send);

  // What it has sent and not deleted yet.
  SentRows& sent() { return sent_; }

 private:
  Relay(std::string service, store::Database& database, int batch_max, prometheus::Registry& metrics)
      : service_(std::move(service)), database_(database), batch_max_(batch_max), metrics_(metrics, service_) {}

  // So many batches may wait to be deleted with the corridor's next commit; then the relay deletes before it sends.
  static constexpr size_t kSentBatchesMax = 4;

  absl::Status DeleteSent();

  const std::string service_;
  store::Database& database_;
  const int batch_max_;
  const RelayMetrics metrics_;
  const SystemMonotonicClock monotonic_;
  SentRows sent_;
  std::unique_ptr<bus::Producer> producer_;
};

}  // namespace polku::pipeline
