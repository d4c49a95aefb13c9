// The one way from a gRPC method into a service: principal, permission, deadline, corridor or
// query, audit, metrics, rich errors. A method of an api class is one line:
//
//   grpc::ServerUnaryReactor* SubmitReferral(grpc::CallbackServerContext* context, const Request* request,
//                                            Referral* reply) override { return gate_.Write(context, request, reply); }
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/pipeline/domain.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/call_rates.h"
#include "libs/rpc/pager.h"
#include "libs/rpc/watch.h"
#include "libs/store/database.h"
#include "prometheus/registry.h"

namespace polku::rpc {

struct GateLimits {
  absl::Duration deadline_default = absl::Seconds(10);  // For a call that sets none.
  absl::Duration deadline_max = absl::Seconds(30);      // A later deadline of the caller counts as this.
  int read_threads = 4;
  int read_queue_max = 256;                              // Queries that may wait; over it they are refused.
  absl::Duration retry_delay = absl::Milliseconds(500);  // Told to a caller refused for a full queue.
  // Of a request. A larger one is told both sizes; what is over ServerOptions::receive_bytes_max, gRPC cuts off.
  int request_bytes_max = 256 << 10;
  int watch_streams_max = 64;                                    // Open streams; over it they are refused.
  absl::Duration watch_poll_interval = absl::Milliseconds(500);  // How often a stream looks for changes.
  absl::Duration watch_max = absl::Minutes(30);                  // A stream ends after this; its caller resumes.
  // Calls of one organisation, unless its row says otherwise; over it they are refused. One that was quiet for
  // `organisation_burst` may make as many at once as in so long.
  int organisation_calls_per_second = 1000;
  absl::Duration organisation_burst = absl::Seconds(2);
};

// Which aggregate a command is for, where the domain's KeyOf cannot tell. See pipeline::Command.
struct WriteTarget {
  std::string key;
  std::optional<pipeline::AliasClaim> alias;
};

// Everything that the referral service said of the client ("clients/C") before that instant is known to the reader.
using PermissionsKnownUntil =
    std::function<absl::StatusOr<absl::Time>(store::Reader& reader, const std::string& client)>;

// What a query gets. Valid during the call of the query only; one thread.
struct ReadScope {
  store::Reader& reader;  // One snapshot.
  const pipeline::Principal& principal;
  const Clock& clock;
  const Pager& pager;
  std::vector<std::string> viewed = {};
  absl::Time deadline = absl::InfiniteFuture();        // Look at it between steps of a long query.
  PermissionsKnownUntil permissions_known_until = {};  // None where permissions are kept.

  // `resource` ("clients/C/referrals/1") is shown to the caller: leaves an audit row, which is durable
  // before the reply goes out. Only when the query succeeds.
  void Viewed(std::string resource) { viewed.push_back(std::move(resource)); }

  // How long ago what the client permits and denies was last known. Blocks on the database.
  absl::StatusOr<absl::Duration> UnknownFor(const std::string& client) const;
};

// Who asks for what, as the function of Gate::Ask gets it.
struct Asked {
  pipeline::Principal principal;
  std::string request_id;  // Empty when the request has none.
  std::string traceparent;
};

// What a gate stands on. Pointers are not owned and outlive the gate and all its calls.
struct GateOptions {
  std::function<void(pipeline::Command, pipeline::Done)> submit;  // As Pipeline::Submit.
  std::function<void(std::vector<store::AuditRow>, std::function<void(absl::Status)>)> audit;
  store::Database* database = nullptr;
  const Clock* clock = nullptr;
  const Access* access = nullptr;
  std::vector<MethodPermission> permissions;
  prometheus::Registry* metrics = nullptr;
  GateLimits limits;
  Random* random = nullptr;  // For trace ids; null = the system's.
  PermissionsKnownUntil permissions_known_until = {};
};

// A gate onto `pipeline`. Whoever splits commands puts a function of its own before `submit`.
GateOptions OptionsFor(pipeline::Pipeline& pipeline, const Access& access, std::vector<MethodPermission> permissions,
                       prometheus::Registry& metrics, const GateLimits& limits, Random* random = nullptr);

// Thread-safe. Destroy after the server has shut down; calls that still wait for a query are then
// refused with kUnavailable.
class Gate {
 public:
  // `permissions` are those of CheckPermissions; a method without a row is refused.
  Gate(pipeline::Pipeline* pipeline, const Access* access, std::vector<MethodPermission> permissions,
       prometheus::Registry* metrics, GateLimits limits, Random* random = nullptr);
  explicit Gate(GateOptions options);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // A command: principal, permission, request_id (a UUID, required), deadline, then the corridor.
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Write(grpc::CallbackServerContext* context, const Request* request, Response* response,
                                  WriteTarget target = {}) {
    return WriteAny(context, *request, *response, std::move(target));
  }

  // A command that is wrong before it has a target (an identity code that is none): answers `status`, which is
  // an error, after the same checks of principal and permission.
  template <class Request>
  grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context, const Request* request, absl::Status status) {
    return RefuseAny(context, *request, std::move(status));
  }

  // A query, on one of `read_threads` threads. `fn` is absl::StatusOr<Response>(ReadScope&, const Request&);
  // it may block on the database, and is not called once the deadline has passed or the caller is gone.
  template <class Request, class Response, class Fn>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const Request* request, Response* response,
                                 Fn fn) {
    return ReadAny(context, *request, [request, response, fn = std::move(fn)](ReadScope& scope) -> absl::Status {
      absl::StatusOr<Response> result = fn(scope, *request);
      if (!result.ok()) return result.status();
      *response = *std::move(result);
      return absl::OkStatus();
    });
  }

  // What is neither a command of the domain nor a query of the database alone. `fn` is void(const Asked&, const
  // Request&, std::function<void(absl::StatusOr<Response>)>), on one of the query threads, where it may block. It
  // answers once, now or later, on any thread. A request with a request_id needs a UUID there.
  template <class Request, class Response, class Fn>
  grpc::ServerUnaryReactor* Ask(grpc::CallbackServerContext* context, const Request* request, Response* response,
                                Fn fn) {
    return AskAny(context, *request,
                  [request, response, fn = std::move(fn)](const Asked& asked, std::function<void(absl::Status)> done) {
                    fn(asked, *request, [response, done = std::move(done)](absl::StatusOr<Response> answer) {
                      if (answer.ok()) *response = *std::move(answer);
                      done(answer.status());
                    });
                  });
  }

  // A stream of changes. `fn` is absl::StatusOr<bool>(ReadScope&, std::vector<Response>&): appends what is new since
  // its last call, and tells whether there may be more at once. It keeps its own place, is called by one thread at a
  // time, on a fresh snapshot, and only when everything before has been sent. The stream ends with the caller's
  // deadline, after `watch_max` (OK), at EndWatches (UNAVAILABLE) or with an error of `fn`.
  template <class Request, class Response, class Fn>
  grpc::ServerWriteReactor<Response>* Watch(grpc::CallbackServerContext* context, const Request* request, Fn fn) {
    auto reactor = std::make_shared<WatchReactor<Response>>();
    reactor->Own(reactor);
    const auto read = BeginWatch(context, *request, reactor);
    if (read == nullptr) return reactor.get();
    reactor->SetFetch([read, fn = std::move(fn)](std::vector<Response>& found, bool& more) mutable {
      return read([&](ReadScope& scope) -> absl::Status {
        absl::StatusOr<bool> result = fn(scope, found);
        if (!result.ok()) return result.status();
        more = *result;
        return absl::OkStatus();
      });
    });
    AddWatch(reactor);
    return reactor.get();
  }
  // Ends every stream; call it before the server shuts down, which waits for them. No stream begins afterwards.
  void EndWatches() { watches_->End(); }

 private:
  using Query = std::function<absl::Status(ReadScope&)>;
  using Asking = std::function<void(const Asked&, std::function<void(absl::Status)>)>;
  class Methods;
  class Workers;
  struct Call;

  grpc::ServerUnaryReactor* WriteAny(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                     google::protobuf::Message& response, WriteTarget target);
  // Runs a query for a stream; null when the stream was refused, and has been finished.
  std::function<grpc::Status(const Query&)> BeginWatch(grpc::CallbackServerContext* context,
                                                       const google::protobuf::Message& request,
                                                       const std::shared_ptr<WatchStream>& stream);
  void AddWatch(const std::shared_ptr<WatchStream>& stream);
  grpc::ServerUnaryReactor* RefuseAny(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                      absl::Status status);
  grpc::ServerUnaryReactor* ReadAny(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                    Query query);
  grpc::ServerUnaryReactor* AskAny(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                   Asking asking);
  // Runs `job` on a query thread, unless nobody waits for it any more by then.
  void Queue(const std::shared_ptr<Call>& call, std::function<void()> job);
  // A call whose principal may call the method; null after `finish` was called with the refusal.
  std::shared_ptr<Call> Admit(grpc::CallbackServerContext* context, std::function<void(const grpc::Status&)> finish,
                              const google::protobuf::Message& request);
  // Who calls and whether they may; sets the call's principal.
  absl::Status Identify(Call& call);
  ReadScope ScopeOf(store::Reader& reader, const Call& call) const;
  void RunQuery(const std::shared_ptr<Call>& call, const Query& query);
  void AuditDenial(const Call& call, const std::string& resource);

  const GateOptions options_;
  const Pager pager_;
  const std::unique_ptr<Random> own_random_;
  const std::unique_ptr<const MonotonicClock> monotonic_;
  CallRates rates_;
  const std::unique_ptr<const Methods> methods_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Watches> watches_;
};

}  // namespace polku::rpc
