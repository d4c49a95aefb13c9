// The port for operations: is the process alive, is it ready, what does it measure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "prometheus/collectable.h"

namespace polku::ops {

struct ReadinessCheck {
  std::string name;  // "database", "pipeline:referral"
  // Called on threads of the server, several at once. Must not block: it answers from memory.
  std::function<bool()> ready;
};

struct OpsOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0 = any free one.
  std::vector<ReadinessCheck> readiness;
  // What /metrics shows. Not owned; they outlive the server.
  std::vector<const prometheus::Collectable*> metrics;
};

// GET /livez: 200 while the process lives. GET /readyz: 200, or 503 with the names of the checks that do not
// hold, one a line. GET /metrics: Prometheus text format. One request per connection, so that clients that
// keep theirs open cannot hold all threads. No authentication: bind it to where only operations reach it.
class OpsServer {
 public:
  // Serves on return. Errors: kUnavailable naming address and port when they cannot be bound.
  static absl::StatusOr<std::unique_ptr<OpsServer>> Start(OpsOptions options);
  ~OpsServer();
  OpsServer(const OpsServer&) = delete;
  OpsServer& operator=(const OpsServer&) = delete;

  int port() const { return port_; }
  // Answers running requests, closes the port, joins the threads. More calls do nothing. One caller.
  void Stop();

 private:
  struct Http;
  explicit OpsServer(OpsOptions options);

  const OpsOptions options_;
  std::unique_ptr<Http> http_;
  int port_ = 0;
};

}  // namespace polku::ops
