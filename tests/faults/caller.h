// Calls the services as an agency's program would: a request id of its own, and the same request again, on either
// replica, while the answer is one that says so.
#pragma once

#include <grpcpp/grpcpp.h>

#include <array>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/rpc/status.h"
#include "tests/callers.h"
#include "tests/faults/fleet.h"
#include "tests/faults/ledger.h"

namespace polku::faults {

using namespace callers;  // NOLINT

// What a caller answers with the same call again: proto/README.md.
inline bool IsRetryable(absl::StatusCode code) {
  return code == absl::StatusCode::kCancelled || code == absl::StatusCode::kUnavailable ||
         code == absl::StatusCode::kAborted || code == absl::StatusCode::kDeadlineExceeded ||
         code == absl::StatusCode::kResourceExhausted;
}

// Connections to all programs; they find back by themselves. Thread-safe.
class Channels {
 public:
  explicit Channels(const Fleet& fleet);
  ~Channels();
  // One for each replica.
  const std::vector<std::shared_ptr<grpc::Channel>>& of(size_t service) const { return channels_[service]; }

 private:
  // By service and replica.
  std::array<std::vector<std::shared_ptr<grpc::Channel>>, kServices.size()> channels_;
  // Nothing ever comes out of it. Who waits for it moves all channels on: between two blocking calls they stand still.
  grpc::CompletionQueue idle_;
  std::thread poller_;
};

// Thread-compatible.
class Caller {
 public:
  // `ledger` outlives the object.
  Caller(const Channels& channels, Ledger* ledger, uint64_t seed);

  // Calls until the answer is not one to retry, for `patience` at most. `fine` are refusals that the caller
  // waits out or looks for; any other is undocumented. A request without id gets one.
  template <class Service, class Request, class Reply>
  absl::StatusOr<Reply> Call(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*),
                             const Who& who, Request request, const std::set<absl::StatusCode>& fine = {}) {
    const std::string request_id = GiveRequestId(request);
    const std::string what = std::string(Request::descriptor()->name());
    const absl::Duration end = clock_.Elapsed() + kPatience;
    absl::StatusOr<Reply> reply;
    absl::Duration pause = kPauseFirst;
    while (true) {
      reply = Once(method, who, request);
      if (reply.ok() || !IsRetryable(reply.status().code()) || clock_.Elapsed() > end) break;
      Rest(pause);
      pause = std::min(2 * pause, kPauseLongest);
      ++turn_;
    }
    if (!reply.ok()) {
      if (!fine.contains(reply.status().code())) Undocumented(what, reply.status());
      return reply;
    }
    if (request_id.empty()) return reply;
    ledger_->Acknowledged(ServiceOf(static_cast<Service*>(nullptr)), request_id);
    // Now and then the answer is lost on its way, and the caller asks again: mostly the other replica.
    if (random_.Next() % kAskedAgain == 0) AskAgain(method, who, request, *reply);
    return reply;
  }

  // One call, to the replica whose turn it is.
  template <class Service, class Request, class Reply>
  absl::StatusOr<Reply> Once(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*),
                             const Who& who, const Request& request) {
    grpc::ClientContext context;
    Identify(who, context);
    Reply reply;
    auto& stubs = StubsFor(static_cast<Service*>(nullptr));
    const grpc::Status status = (*stubs[turn_ % stubs.size()].*method)(&context, request, &reply);
    if (!status.ok()) return rpc::FromGrpc(status);
    // Each mark has an answer of its own; stories send one a call.
    if constexpr (std::is_same_v<Reply, follow_up::v1::RecordAttendanceResponse>) {
      const auto code = static_cast<absl::StatusCode>(reply.results(0).code());
      if (code != absl::StatusCode::kOk) return absl::Status(code, reply.results(0).message());
    }
    return reply;
  }

  std::string NewId();
  SeededRandom& random() { return random_; }
  // The next call goes to this replica of its service.
  void Turn(int replica) { turn_ = static_cast<size_t>(replica); }
  // Each attempt has a deadline between the two.
  void set_deadlines(absl::Duration shortest, absl::Duration longest) {
    shortest_deadline_ = shortest;
    longest_deadline_ = longest;
  }
  static void Rest(absl::Duration pause);

 private:
  static constexpr absl::Duration kPatience = absl::Seconds(90);
  static constexpr absl::Duration kPauseFirst = absl::Milliseconds(20);
  static constexpr absl::Duration kPauseLongest = absl::Milliseconds(500);
  static constexpr uint64_t kAskedAgain = 8;  // One command in so many.

  template <class Stub>
  using Stubs = std::vector<std::unique_ptr<Stub>>;

  template <class Method, class Request, class Reply>
  void AskAgain(Method method, const Who& who, const Request& request, const Reply& first) {
    ++turn_;
    const absl::StatusOr<Reply> again = Once(method, who, request);
    if (!again.ok() && IsRetryable(again.status().code())) return;
    if (!again.ok() || again->SerializeAsString() != first.SerializeAsString()) {
      ledger_->Changed(std::string(Request::descriptor()->name()));
    }
  }
  void Identify(const Who& who, grpc::ClientContext& context);
  // Empty when it has no such field.
  std::string GiveRequestId(google::protobuf::Message& request);
  void Undocumented(const std::string& what, const absl::Status& status);
  Stubs<Referrals>& StubsFor(Referrals*) { return referrals_; }
  Stubs<Assessments>& StubsFor(Assessments*) { return assessments_; }
  Stubs<Coordinators>& StubsFor(Coordinators*) { return coordinators_; }
  Stubs<FollowUps>& StubsFor(FollowUps*) { return follow_ups_; }
  static const char* ServiceOf(Referrals*) { return kServices[0]; }
  static const char* ServiceOf(Assessments*) { return kServices[1]; }
  static const char* ServiceOf(Coordinators*) { return kServices[2]; }
  static const char* ServiceOf(FollowUps*) { return kServices[3]; }

  Ledger* const ledger_;
  const SystemMonotonicClock clock_;
  const SystemClock wall_clock_;
  SeededRandom random_;
  absl::Duration shortest_deadline_ = absl::Seconds(3);
  absl::Duration longest_deadline_ = absl::Seconds(3);
  size_t turn_ = 0;
  Stubs<Referrals> referrals_;
  Stubs<Assessments> assessments_;
  Stubs<Coordinators> coordinators_;
  Stubs<FollowUps> follow_ups_;
};

}  // namespace polku::faults
