// A gRPC server with every limit set.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/rpc/access.h"
#include "libs/rpc/certificates.h"

namespace polku::rpc {

struct ServerLimits {
  // A request; what is larger gRPC refuses with RESOURCE_EXHAUSTED and a message without details. Above
  // GateLimits::request_bytes_max, so that the gate can tell most callers more.
  int receive_bytes_max = 1 << 20;
  int metadata_bytes_max = 8 << 10;      // The headers of a call.
  int streams_max = 64;                  // Calls at once on one connection.
  int64_t memory_bytes_max = 256 << 20;  // Buffers of all connections.
  int threads_max = 64;
  absl::Duration handshake_max = absl::Seconds(10);
  absl::Duration ping_interval_min = absl::Seconds(60);  // A client that pings more often, more than
  int ping_strikes_max = 2;                              // so many times, is cut off.
  absl::Duration connection_idle_max = absl::Minutes(10);
  absl::Duration connection_age_max = absl::Minutes(60);    // Clients then find new instances, and new certificates.
  absl::Duration connection_age_grace = absl::Seconds(35);  // For the calls of a connection that is too old.
};

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // host:port; port 0 = any free one.
  bool reflection = false;             // Shows the API to whoever asks.
  // The rows of all hosted services; a method without one keeps the server from starting.
  std::vector<MethodPermission> permissions;
  ServerLimits limits;
  Certificates* certificates = nullptr;  // Not owned. None: plain text, on loopback only.
};

// Thread-safe.
class Server {
 public:
  // Serves `services` (not owned; they outlive the server), grpc.health.v1 for "" and each service name, and
  // reflection if wanted.
  // Errors: kInvalidArgument for an address that is malformed, or not loopback without certificates;
  // kFailedPrecondition for a method without permission; kUnavailable naming the address when it is in use.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       std::vector<grpc::Service*> services);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  // What grpc.health.v1 says of every service; true from Start on.
  void SetServing(bool serving);
  // Says "not serving", takes no new calls, waits up to `grace` for running ones and cancels the rest. Blocks.
  // More calls do nothing.
  void Shutdown(absl::Duration grace);

 private:
  Server() = default;

  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> service_names_;
  int port_ = 0;
  std::atomic<bool> shut_down_ = false;
};

}  // namespace polku::rpc
