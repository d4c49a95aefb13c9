// ReferralService onto the gate. One line a method.
#pragma once

#include "libs/base/hetu.h"
#include "libs/base/random.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "polku/referral/v1/api.grpc.pb.h"
#include "prometheus/registry.h"
#include "services/referral/api/queries.h"

namespace polku::referral {

// Which client a referral is about: the one with the same identity code, found by a keyed hash;
// otherwise a new one. A code that is none leads to a new one too: the domain refuses it with
// every other fault of the request. Thread-safe.
rpc::WriteTarget TargetOf(const v1::SubmitReferralRequest& request, HetuPolicy identity, absl::string_view hash_key,
                          absl::Time now, Random& random);

class Api final : public v1::ReferralService::CallbackService {
 public:
  Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
      const rpc::GateLimits& limits, HetuPolicy identity, Random& random);

  grpc::ServerUnaryReactor* SubmitReferral(grpc::CallbackServerContext* context,
                                           const v1::SubmitReferralRequest* request, v1::Referral* reply) override {
    const absl::string_view hash_key = pipeline_.database().hash_key();
    return gate_.Write(context, request, reply,
                       TargetOf(*request, identity_, hash_key, pipeline_.clock().Now(), random_));
  }
  grpc::ServerUnaryReactor* AcceptReferral(grpc::CallbackServerContext* context,
                                           const v1::AcceptReferralRequest* request, v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* DeclineReferral(grpc::CallbackServerContext* context,
                                            const v1::DeclineReferralRequest* request, v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RequestInformation(grpc::CallbackServerContext* context,
                                               const v1::RequestInformationRequest* request,
                                               v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ProvideInformation(grpc::CallbackServerContext* context,
                                               const v1::ProvideInformationRequest* request,
                                               v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RedirectReferral(grpc::CallbackServerContext* context,
                                             const v1::RedirectReferralRequest* request, v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* WithdrawReferral(grpc::CallbackServerContext* context,
                                             const v1::WithdrawReferralRequest* request, v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ReopenReferral(grpc::CallbackServerContext* context,
                                           const v1::ReopenReferralRequest* request, v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* VoidRecord(grpc::CallbackServerContext* context, const v1::VoidRecordRequest* request,
                                       v1::Referral* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetReferral(grpc::CallbackServerContext* context, const v1::GetReferralRequest* request,
                                        v1::Referral* reply) override {
    return gate_.Read(context, request, reply, referral::GetReferral);
  }
  grpc::ServerUnaryReactor* ListReferrals(grpc::CallbackServerContext* context, const v1::ListReferralsRequest* request,
                                          v1::ListReferralsResponse* reply) override {
    return gate_.Read(context, request, reply, referral::ListReferrals);
  }

 private:
  pipeline::Pipeline& pipeline_;
  const HetuPolicy identity_;
  Random& random_;
  rpc::Gate gate_;
};

}  // namespace polku::referral
