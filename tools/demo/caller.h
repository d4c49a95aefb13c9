// Calls the four services over gRPC, many at once.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/random.h"
#include "libs/rpc/status.h"
#include "polku/assessment/v1/api.grpc.pb.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "polku/referral/v1/api.grpc.pb.h"

namespace polku::demo {

// Methods of the services, as in &Referrals::SubmitReferral.
using Referrals = referral::v1::ReferralService::StubInterface::async_interface;
using Assessments = assessment::v1::AssessmentService::StubInterface::async_interface;
using Coordinators = coordinator_network::v1::CoordinatorNetworkService::StubInterface::async_interface;
using FollowUps = follow_up::v1::FollowUpService::StubInterface::async_interface;

struct Who {
  const char* organisation;
  const char* role;
  const char* user;
};
constexpr Who kIntake{"organisations/work-ability-unit", "intake", "intake-1"};
constexpr Who kAssessor{"organisations/work-ability-unit", "assessor", "assessor-1"};
constexpr Who kCoordinator{"organisations/work-ability-unit", "coordinator", "coordinator-1"};
constexpr Who kLead{"organisations/work-ability-unit", "lead", "lead-1"};

// Thread-safe.
class Caller {
 public:
  // `clock` and `random` give request ids; they outlive the caller.
  Caller(int port, const Clock* clock, Random* random);

  std::string NewRequestId() { return NewUuidV7(clock_->Now(), *random_); }

  // Starts a call of `method`; `then` gets the reply on a thread of gRPC, and may start
  // further calls. An error is noted as "<what>: ..." and ends the chain.
  template <class Async, class Request, class Reply>
  void Call(void (Async::*method)(grpc::ClientContext*, const Request*, Reply*, std::function<void(grpc::Status)>),
            const Who& who, std::string what, std::type_identity_t<Request> request,
            std::type_identity_t<std::function<void(const Reply&)>> then = nullptr) {
    struct InFlight {
      grpc::ClientContext context;
      Request request;
      Reply reply;
    };
    auto call = std::make_shared<InFlight>();  // Shared: std::function copies what it holds.
    call->request = std::move(request);
    Identify(who, call->context);
    Begin();
    (std::get<Async*>(services_)->*method)(
        &call->context, &call->request, &call->reply,
        [this, call, what = std::move(what), then = std::move(then)](const grpc::Status& status) {
          if (!status.ok()) {
            Note(absl::StrCat(what, ": ", rpc::FromGrpc(status).ToString()));
          } else if (then) {
            then(call->reply);
          }
          End();
        });
  }

  // Blocks until every call has been answered, those of `then` too.
  void WaitForAll();

  // Something that must not happen.
  void Note(std::string problem);
  std::vector<std::string> problems() const;
  int calls() const;

 private:
  static void Identify(const Who& who, grpc::ClientContext& context);
  void Begin();
  void End();

  const Clock* const clock_;
  Random* const random_;
  std::unique_ptr<referral::v1::ReferralService::Stub> referral_;
  std::unique_ptr<assessment::v1::AssessmentService::Stub> assessment_;
  std::unique_ptr<coordinator_network::v1::CoordinatorNetworkService::Stub> coordinators_;
  std::unique_ptr<follow_up::v1::FollowUpService::Stub> follow_up_;
  std::tuple<Referrals*, Assessments*, Coordinators*, FollowUps*> services_;
  mutable absl::Mutex mutex_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> problems_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace polku::demo
