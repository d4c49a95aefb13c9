// Sends what the outbox holds to the bus, in order per key, and deletes it after the
// acknowledgement. A crash in between sends a record again; nothing is ever left out.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/bus/bus.h"
#include "libs/store/database.h"

namespace polku::pipeline {

// Thread-compatible.
class Relay {
 public:
  static absl::StatusOr<std::unique_ptr<Relay>> Create(std::string service, bus::Bus& bus, store::Database& database,
                                                       int batch_max);
  // One batch; true if something was sent.
  // Errors: kUnavailable, kResourceExhausted (try again later); others are fatal.
  absl::StatusOr<bool> Step();

 private:
  Relay(std::string service, store::Database& database, int batch_max)
      : service_(std::move(service)), database_(database), batch_max_(batch_max) {}

  const std::string service_;
  store::Database& database_;
  const int batch_max_;
  std::unique_ptr<bus::Producer> producer_;
};

}  // namespace polku::pipeline
