#include "libs/rpc/gate.h"

#include <grpc/grpc_security_constants.h>
#include <grpc/support/time.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/ids.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/base/trace.h"
#include "libs/base/violation.h"
#include "libs/ops/metrics.h"
#include "libs/rpc/disclose.h"
#include "libs/rpc/status.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"

namespace polku::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr int kCodes = 17;  // OK to UNAUTHENTICATED.

std::string TraceparentOf(const Access::Metadata& metadata, Random& random) {
  if (metadata.count("traceparent") == 1) {
    const grpc::string_ref& given = metadata.find("traceparent")->second;
    const std::string text(given.data(), given.size());
    if (IsTraceparent(text)) return text;
  }
  return NewTraceparent(random);
}

// The referral service keeps the permissions; the others hear of them.
PermissionsKnownUntil KnownUntilOf(const pipeline::Pipeline& pipeline) {
  static constexpr char kKeeper[] = "referral";
  if (pipeline.service() == kKeeper) return {};
  return [&pipeline](store::Reader& reader, const std::string& client) {
    return pipeline.KnownUntil(reader, kKeeper, client);
  };
}

// What the caller still grants. Taken from gRPC's own clock, which its deadline is given in: our Clock may
// be another one.
absl::Duration TimeLeft(const grpc::CallbackServerContext& context, const GateLimits& limits) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return limits.deadline_default;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return std::min(absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec), limits.deadline_max);
}

absl::StatusOr<std::string> RequestIdOf(const Message& request) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || field->is_repeated()) {
    return absl::InternalError(absl::StrCat(request.GetTypeName(), " has no request_id"));
  }
  std::string id = request.GetReflection()->GetString(request, field);
  if (!IsUuid(id)) return InvalidField("request_id", "required, a UUID in lower case");
  return id;
}

absl::Status CheckSize(const Message& request, const GateLimits& limits) {
  const size_t bytes = request.ByteSizeLong();
  if (bytes <= static_cast<size_t>(limits.request_bytes_max)) return absl::OkStatus();
  return WithReason(absl::ResourceExhaustedError(
                        absl::StrCat("the request has ", bytes, " bytes, the limit is ", limits.request_bytes_max)),
                    "REQUEST_TOO_LARGE");
}

std::function<void(const grpc::Status&)> Finisher(grpc::ServerUnaryReactor* reactor) {
  return [reactor](const grpc::Status& status) { reactor->Finish(status); };
}

// Of the other end of the connection; empty without TLS.
std::string CertificateOf(const grpc::CallbackServerContext& context) {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr) return "";
  const std::vector<grpc::string_ref> found = peer->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return found.empty() ? "" : std::string(found[0].data(), found[0].size());
}

absl::Status Expired() { return absl::DeadlineExceededError("the deadline passed before the call was run"); }

}  // namespace

// One method: its name, who may call it, and its series.
struct GateMethod {
  std::string name;    // "polku.referral.v1.ReferralService/SubmitReferral"
  std::string action;  // "SubmitReferral"
  std::set<std::string> roles;
  std::set<std::string> systems;  // Those of them that need no person.
  prometheus::Counter* calls[kCodes] = {};
  prometheus::Histogram* seconds = nullptr;
};

// Methods by the request type that they take.
class Gate::Methods {
 public:
  Methods(const std::vector<MethodPermission>& rows, prometheus::Registry& registry) {
    auto& calls =
        prometheus::BuildCounter().Name("polku_rpc_requests_total").Help("Calls answered, by code.").Register(registry);
    auto& seconds = prometheus::BuildHistogram()
                        .Name("polku_rpc_duration_seconds")
                        .Help("From the arrival of a call to its answer, in seconds.")
                        .Register(registry);
    for (const MethodPermission& row : rows) {
      const std::pair<std::string, std::string> names = absl::StrSplit(row.method, absl::MaxSplits('/', 1));
      const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(names.first);
      const MethodDescriptor* descriptor = service == nullptr ? nullptr : service->FindMethodByName(names.second);
      if (descriptor == nullptr) continue;  // CheckPermissions keeps a server with such a row from starting.
      GateMethod& method = methods_[descriptor->input_type()];
      method.name = row.method;
      method.action = names.second;
      method.roles = {row.roles.begin(), row.roles.end()};
      method.systems = {row.systems.begin(), row.systems.end()};
      for (int code = 0; code < kCodes; ++code) {
        const std::string name(NameOf(static_cast<absl::StatusCode>(code)));
        method.calls[code] = &calls.Add({{"service", names.first}, {"method", names.second}, {"code", name}});
      }
      method.seconds = &seconds.Add({{"service", names.first}, {"method", names.second}}, ops::CallSeconds());
    }
  }

  const GateMethod* Find(const Descriptor* request) const {
    const auto found = methods_.find(request);
    return found == methods_.end() ? nullptr : &found->second;
  }

 private:
  std::map<const Descriptor*, GateMethod> methods_;
};

// One call until its reactor is finished, which happens exactly once: by Finish, or, when whoever had to
// answer dropped the call, by the destructor. Context, request and response live until then.
struct Gate::Call {
  grpc::CallbackServerContext* context = nullptr;
  std::function<void(const grpc::Status&)> finish;  // Of the reactor.
  const GateMethod* method = nullptr;               // Null: unknown to the table.
  const MonotonicClock* monotonic = nullptr;
  absl::Duration started;
  absl::Time deadline;
  pipeline::Principal principal;
  std::string request_id;
  std::string traceparent;
  std::atomic<bool> finished = false;

  ~Call() { Finish(absl::UnavailableError("the service is stopping")); }

  void Finish(const absl::Status& status) {
    if (finished.exchange(true)) return;
    const TraceScope scope(traceparent);
    if (method != nullptr) {
      const int code = static_cast<int>(status.code());
      method->calls[code >= 0 && code < kCodes ? code : static_cast<int>(absl::StatusCode::kUnknown)]->Increment();
      method->seconds->Observe(absl::ToDoubleSeconds(monotonic->Elapsed() - started));
    }
    if (absl::IsInternal(status) || absl::IsDataLoss(status) || absl::IsUnknown(status)) {
      LogEvent(LogLevel::kError, "call failed",
               {{"method", method == nullptr ? std::string() : method->name},
                {"request_id", request_id},
                {"status", status}});
    }
    finish(ToGrpc(status, request_id));
  }

  store::AuditRow AuditRow(absl::Time now, std::string resource, std::string outcome) const {
    return {now,
            principal.organisation,
            principal.user,
            principal.role,
            principal.purpose,
            method->action,
            std::move(resource),
            std::move(outcome),
            request_id,
            traceparent};
  }
};

// Threads that run queries. A job that is dropped at the end finishes its call by being destroyed.
class Gate::Workers {
 public:
  Workers(int threads, int queue_max) : queue_max_(queue_max) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Workers() {
    std::deque<std::function<void()>> dropped;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
      dropped.swap(jobs_);
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // False when the queue is full.
  bool Add(std::function<void()> job) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stop_ || static_cast<int>(jobs_.size()) >= queue_max_) return false;
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;  // May finish a call; not under the lock.
      lock.lock();
    }
  }

  const int queue_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> jobs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

absl::StatusOr<absl::Duration> ReadScope::UnknownFor(const std::string& client) const {
  if (!permissions_known_until) return absl::ZeroDuration();
  ASSIGN_OR_RETURN(const absl::Time known, permissions_known_until(reader, client));
  return clock.Now() - known;
}

GateOptions OptionsFor(pipeline::Pipeline& pipeline, const Access& access, std::vector<MethodPermission> permissions,
                       prometheus::Registry& metrics, const GateLimits& limits, Random* random) {
  return {.submit = [&pipeline](pipeline::Command command,
                                pipeline::Done done) { pipeline.Submit(std::move(command), std::move(done)); },
          .audit =
              [&pipeline](std::vector<store::AuditRow> rows, std::function<void(absl::Status)> done) {
                pipeline.SubmitAudit(std::move(rows), std::move(done));
              },
          .database = &pipeline.database(),
          .clock = &pipeline.clock(),
          .access = &access,
          .permissions = std::move(permissions),
          .metrics = &metrics,
          .limits = limits,
          .random = random,
          .permissions_known_until = KnownUntilOf(pipeline)};
}

Gate::Gate(pipeline::Pipeline* pipeline, const Access* access, std::vector<MethodPermission> permissions,
           prometheus::Registry* metrics, GateLimits limits, Random* random)
    : Gate(OptionsFor(*pipeline, *access, std::move(permissions), *metrics, limits, random)) {}

Gate::Gate(GateOptions options)
    : options_(std::move(options)),
      pager_(options_.database->hash_key()),
      own_random_(options_.random == nullptr ? std::make_unique<SystemRandom>() : nullptr),
      monotonic_(std::make_unique<SystemMonotonicClock>()),
      rates_(options_.limits.organisation_calls_per_second, options_.limits.organisation_burst),
      methods_(std::make_unique<Methods>(options_.permissions, *options_.metrics)),
      workers_(std::make_unique<Workers>(options_.limits.read_threads, options_.limits.read_queue_max)),
      watches_(std::make_unique<Watches>(options_.limits.watch_streams_max, options_.limits.watch_poll_interval,
                                         options_.limits.watch_max, monotonic_.get())) {}

// The calls that the workers drop still count in the series of `methods_`.
Gate::~Gate() {
  watches_->End();
  workers_.reset();
}

std::shared_ptr<Gate::Call> Gate::Admit(grpc::CallbackServerContext* context,
                                        std::function<void(const grpc::Status&)> finish, const Message& request) {
  // Shared: the pipeline's callbacks are std::function, which copies what it holds.
  auto call = std::make_shared<Call>();
  call->context = context;
  call->finish = std::move(finish);
  call->method = methods_->Find(request.GetDescriptor());
  call->monotonic = monotonic_.get();
  call->started = monotonic_->Elapsed();
  Random& random = own_random_ != nullptr ? *own_random_ : *options_.random;
  call->traceparent = TraceparentOf(context->client_metadata(), random);
  // So that whoever calls can name the request to whoever looks into it.
  context->AddInitialMetadata("traceparent", call->traceparent);
  const absl::Duration left = TimeLeft(*context, options_.limits);
  call->deadline = options_.clock->Now() + left;
  absl::Status admitted = Identify(*call);
  if (admitted.ok() && left <= absl::ZeroDuration()) admitted = Expired();
  if (admitted.ok()) admitted = CheckSize(request, options_.limits);
  if (admitted.ok()) return call;
  call->Finish(admitted);
  return nullptr;
}

absl::Status Gate::Identify(Call& call) {
  const std::string certificate = CertificateOf(*call.context);
  ASSIGN_OR_RETURN(Identity identity, options_.access->IdentityOf({call.context->client_metadata(), certificate}));
  call.principal = std::move(identity.principal);
  // Before anything that leaves a row.
  const absl::Duration wait = rates_.Take(call.principal.organisation, identity.calls_per_second, call.started);
  if (wait > absl::ZeroDuration()) {
    return WithReason(WithRetryDelay(absl::ResourceExhaustedError("too many calls of this organisation"), wait),
                      "CALL_RATE_EXCEEDED");
  }
  const std::string& role = call.principal.role;
  if (call.method == nullptr || !call.method->roles.contains(role)) {
    if (call.method != nullptr) AuditDenial(call, "");
    return WithReason(absl::PermissionDeniedError(absl::StrCat("role ", role, " may not call this method")),
                      "ROLE_NOT_ALLOWED");
  }
  if (!identity.is_person && !call.method->systems.contains(role)) {
    AuditDenial(call, "");
    return WithReason(absl::UnauthenticatedError("this method needs the token of a person"), "TOKEN_REQUIRED");
  }
  return absl::OkStatus();
}

void Gate::AuditDenial(const Call& call, const std::string& resource) {
  std::vector<store::AuditRow> rows = {call.AuditRow(options_.clock->Now(), resource, "denied")};
  // Best effort: the refusal stands whether or not the row is kept.
  options_.audit(std::move(rows), [](absl::Status) {});
}

grpc::ServerUnaryReactor* Gate::WriteAny(grpc::CallbackServerContext* context, const Message& request,
                                         Message& response, WriteTarget target) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();  // A second call would make it anew.
  const std::shared_ptr<Call> call = Admit(context, Finisher(reactor), request);
  if (call == nullptr) return reactor;
  absl::StatusOr<std::string> request_id = RequestIdOf(request);
  if (!request_id.ok()) {
    call->Finish(request_id.status());
    return reactor;
  }
  call->request_id = *std::move(request_id);
  pipeline::Command command;
  command.method = call->method->name;
  command.request.reset(request.New());
  command.request->CopyFrom(request);
  command.key = std::move(target.key);
  command.alias = std::move(target.alias);
  command.request_id = call->request_id;
  command.principal = call->principal;
  command.traceparent = call->traceparent;
  command.deadline = call->deadline;
  options_.submit(std::move(command), [call, &response](absl::StatusOr<std::unique_ptr<Message>> reply) {
    if (!reply.ok()) return call->Finish(reply.status());
    if (*reply == nullptr || (*reply)->GetDescriptor() != response.GetDescriptor()) {
      return call->Finish(absl::InternalError("the decision has no reply of the method's type"));
    }
    response.GetReflection()->Swap(&response, reply->get());
    call->Finish(absl::OkStatus());
  });
  return reactor;
}

grpc::ServerUnaryReactor* Gate::RefuseAny(grpc::CallbackServerContext* context, const Message& request,
                                          absl::Status status) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const std::shared_ptr<Call> call = Admit(context, Finisher(reactor), request);
  if (call == nullptr) return reactor;
  if (absl::StatusOr<std::string> request_id = RequestIdOf(request); request_id.ok()) {
    call->request_id = *std::move(request_id);
  }
  call->Finish(status.ok() ? absl::InternalError("refused without an error") : status);
  return reactor;
}

grpc::ServerUnaryReactor* Gate::ReadAny(grpc::CallbackServerContext* context, const Message& request, Query query) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const std::shared_ptr<Call> call = Admit(context, Finisher(reactor), request);
  if (call == nullptr) return reactor;
  Queue(call, [this, call, query = std::move(query)] { RunQuery(call, query); });
  return reactor;
}

grpc::ServerUnaryReactor* Gate::AskAny(grpc::CallbackServerContext* context, const Message& request, Asking asking) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const std::shared_ptr<Call> call = Admit(context, Finisher(reactor), request);
  if (call == nullptr) return reactor;
  if (request.GetDescriptor()->FindFieldByName("request_id") != nullptr) {
    absl::StatusOr<std::string> request_id = RequestIdOf(request);
    if (!request_id.ok()) {
      call->Finish(request_id.status());
      return reactor;
    }
    call->request_id = *std::move(request_id);
  }
  Queue(call, [call, asking = std::move(asking)] {
    asking({call->principal, call->request_id, call->traceparent},
           [call](const absl::Status& status) { call->Finish(status); });
  });
  return reactor;
}

void Gate::Queue(const std::shared_ptr<Call>& call, std::function<void()> job) {
  const auto wanted = [this, call, job = std::move(job)] {
    if (call->context->IsCancelled()) return call->Finish(absl::CancelledError("the caller is gone"));
    if (options_.clock->Now() >= call->deadline) return call->Finish(Expired());
    const TraceScope scope(call->traceparent);
    job();
  };
  if (workers_->Add(wanted)) return;
  call->Finish(
      WithReason(WithRetryDelay(absl::ResourceExhaustedError("too many queries wait"), options_.limits.retry_delay),
                 "QUERY_QUEUE_FULL"));
}

std::function<grpc::Status(const Gate::Query&)> Gate::BeginWatch(grpc::CallbackServerContext* context,
                                                                 const Message& request,
                                                                 const std::shared_ptr<WatchStream>& stream) {
  // The call lives in the stream's fetch; the stream does in gRPC's hands until it is finished.
  WatchStream* const raw = stream.get();
  const std::shared_ptr<Call> call = Admit(
      context, [raw](const grpc::Status& status) { raw->End(status); }, request);
  if (call == nullptr) return nullptr;
  stream->on_gone = [this, raw, weak = std::weak_ptr<Call>(call)] {
    if (const std::shared_ptr<Call> open = weak.lock()) open->Finish(absl::CancelledError("the caller is gone"));
    watches_->Remove(raw);
  };
  options_.audit({call->AuditRow(options_.clock->Now(), call->principal.organisation, "view")}, [](absl::Status) {});
  return [this, call](const Query& query) -> grpc::Status {
    absl::StatusOr<std::unique_ptr<store::Reader>> reader = options_.database->Read();
    if (!reader.ok()) return ToGrpc(reader.status(), "");
    ReadScope scope = ScopeOf(**reader, *call);
    return ToGrpc(query(scope), "");
  };
}

void Gate::AddWatch(const std::shared_ptr<WatchStream>& stream) {
  if (watches_->Add(stream)) return;
  stream->End(
      ToGrpc(WithReason(WithRetryDelay(absl::ResourceExhaustedError("too many streams"), options_.limits.retry_delay),
                        "TOO_MANY_STREAMS"),
             ""));
}

ReadScope Gate::ScopeOf(store::Reader& reader, const Call& call) const {
  ReadScope scope{reader, call.principal, *options_.clock, pager_};
  scope.permissions_known_until = options_.permissions_known_until;
  return scope;
}

void Gate::RunQuery(const std::shared_ptr<Call>& call, const Query& query) {
  absl::Status status;
  std::vector<std::string> viewed;
  {
    absl::StatusOr<std::unique_ptr<store::Reader>> reader = options_.database->Read();
    if (!reader.ok()) return call->Finish(reader.status());
    ReadScope scope = ScopeOf(**reader, *call);
    scope.deadline = call->deadline;
    (*reader)->LimitTo(call->deadline - options_.clock->Now());
    status = query(scope);
    viewed = std::move(scope.viewed);
  }
  if (const std::string client = DeniedClientOf(status); !client.empty()) AuditDenial(*call, client);
  if (!status.ok() || viewed.empty()) return call->Finish(status);
  std::vector<store::AuditRow> rows;
  rows.reserve(viewed.size());
  for (std::string& resource : viewed) {
    rows.push_back(call->AuditRow(options_.clock->Now(), std::move(resource), "view"));
  }
  // No view without a durable row: an error here is the answer.
  options_.audit(std::move(rows), [call](absl::Status kept) { call->Finish(kept); });
}

}  // namespace polku::rpc
