#include "libs/ops/ops_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <iterator>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "prometheus/text_serializer.h"

namespace polku::ops {
namespace {

constexpr int kThreads = 8;
constexpr int kRequestSeconds = 2;      // A client that is slower is cut off.
constexpr int kBacklog = 128;           // Connections that may wait to be taken.
constexpr size_t kRequestBytes = 1024;  // Of a body, which no request here has.
constexpr char kPlain[] = "text/plain; charset=utf-8";
constexpr char kExposition[] = "text/plain; version=0.0.4; charset=utf-8";

std::string MetricsText(const std::vector<const prometheus::Collectable*>& sources) {
  std::vector<prometheus::MetricFamily> families;
  for (const prometheus::Collectable* source : sources) {
    std::vector<prometheus::MetricFamily> more = source->Collect();
    families.insert(families.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return prometheus::TextSerializer().Serialize(families);
}

std::string NamesNotReady(const std::vector<ReadinessCheck>& checks) {
  std::string names;
  for (const ReadinessCheck& check : checks) {
    if (!check.ready()) absl::StrAppend(&names, check.name, "\n");
  }
  return names;
}

}  // namespace

struct OpsServer::Http {
  httplib::Server server;
  std::thread thread;
  std::atomic<bool> ended = false;
};

OpsServer::OpsServer(OpsOptions options) : options_(std::move(options)), http_(std::make_unique<Http>()) {}

OpsServer::~OpsServer() { Stop(); }

absl::StatusOr<std::unique_ptr<OpsServer>> OpsServer::Start(OpsOptions options) {
  std::unique_ptr<OpsServer> ops(new OpsServer(std::move(options)));
  const OpsOptions& kept = ops->options_;
  httplib::Server& server = ops->http_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(kRequestSeconds);
  server.set_write_timeout(kRequestSeconds);
  server.set_payload_max_length(kRequestBytes);
  // The library's own choice is SO_REUSEPORT, by which two processes share a port unnoticed.
  socket_t listener = -1;
  server.set_socket_options([&listener](socket_t socket) {
    listener = socket;
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server.set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
    response.status = 500;
    response.set_content("failed\n", kPlain);
  });
  server.Get("/livez",
             [](const httplib::Request&, httplib::Response& response) { response.set_content("alive\n", kPlain); });
  server.Get("/readyz", [&kept](const httplib::Request&, httplib::Response& response) {
    const std::string missing = NamesNotReady(kept.readiness);
    response.status = missing.empty() ? 200 : 503;
    response.set_content(missing.empty() ? "ready\n" : missing, kPlain);
  });
  server.Get("/metrics", [&kept](const httplib::Request&, httplib::Response& response) {
    response.set_content(MetricsText(kept.metrics), kExposition);
  });
  if (kept.port == 0) {
    ops->port_ = server.bind_to_any_port(kept.address);
  } else if (server.bind_to_port(kept.address, kept.port)) {
    ops->port_ = kept.port;
  }
  if (ops->port_ <= 0) {
    return absl::UnavailableError(absl::StrCat("operations port: cannot listen on ", kept.address, " port ", kept.port,
                                               ": in use or not an address of this machine"));
  }
  // The library lets five wait; a scrape beyond that would be tried again a second later.
  ::listen(listener, kBacklog);
  server.set_socket_options([](socket_t) {});
  Http* http = ops->http_.get();
  http->thread = std::thread([http] {
    http->server.listen_after_bind();
    http->ended = true;
  });
  // The library forgets a stop that comes before its loop runs.
  while (!http->server.is_running() && !http->ended) std::this_thread::yield();
  return ops;
}

void OpsServer::Stop() {
  if (!http_->thread.joinable()) return;
  http_->server.stop();
  http_->thread.join();
}

}  // namespace polku::ops
