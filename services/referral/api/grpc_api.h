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
#include "services/referral/api/watch.h"

namespace polku::referral {

// Which client a referral is about: the one with the same identity code, found by a keyed hash;
// otherwise a new one. A code that is none leads to a new one too: the domain refuses it with
// every other fault of the request. Thread-safe.
rpc::WriteTarget TargetOf(const v1::SubmitReferralRequest& request, HetuPolicy identity, absl::string_view hash_key,
                          absl::Time now, Random& random);

// The client of the request; an identity code that it brings leads there from then on, unless it leads to another
// client, whose aggregate then refuses it. Thread-safe.
rpc::WriteTarget TargetOf(const v1::CorrectIdentityRequest& request, HetuPolicy identity, absl::string_view hash_key);

class Api final : public v1::ReferralService::CallbackService {
 public:
  Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
      const rpc::GateLimits& limits, HetuPolicy identity, Random& random, pathway::Catalogue catalogue);

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
  grpc::ServerUnaryReactor* UpdateContact(grpc::CallbackServerContext* context, const v1::UpdateContactRequest* request,
                                          v1::ClientSummary* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GrantPermission(grpc::CallbackServerContext* context,
                                            const v1::GrantPermissionRequest* request, v1::Permission* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* WithdrawPermission(grpc::CallbackServerContext* context,
                                               const v1::WithdrawPermissionRequest* request,
                                               v1::Permission* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RestrictProcessing(grpc::CallbackServerContext* context,
                                               const v1::RestrictProcessingRequest* request,
                                               v1::ClientSummary* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* EraseClient(grpc::CallbackServerContext* context, const v1::EraseClientRequest* request,
                                        v1::ClientSummary* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* TransferOut(grpc::CallbackServerContext* context, const v1::TransferOutRequest* request,
                                        v1::TransferOutResponse* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* MergeClients(grpc::CallbackServerContext* context, const v1::MergeClientsRequest* request,
                                         v1::ClientSummary* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* SplitClient(grpc::CallbackServerContext* context, const v1::SplitClientRequest* request,
                                        v1::ClientSummary* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* SetUnitCapacity(grpc::CallbackServerContext* context,
                                            const v1::SetUnitCapacityRequest* request,
                                            v1::UnitCapacity* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* CorrectIdentity(grpc::CallbackServerContext* context,
                                            const v1::CorrectIdentityRequest* request,
                                            v1::ClientSummary* reply) override {
    return gate_.Write(context, request, reply, TargetOf(*request, identity_, pipeline_.database().hash_key()));
  }
  grpc::ServerUnaryReactor* FindClient(grpc::CallbackServerContext* context, const v1::FindClientRequest* request,
                                       v1::ClientRecord* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::FindClientRequest& wanted) {
      return referral::FindClient(scope, wanted, identity_, pipeline_.database().hash_key());
    });
  }
  grpc::ServerUnaryReactor* GetUnitCapacity(grpc::CallbackServerContext* context,
                                            const v1::GetUnitCapacityRequest* request,
                                            v1::UnitCapacity* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::GetUnitCapacityRequest& wanted) {
      return referral::GetUnitCapacity(scope, wanted, catalogue_, pipeline_.clock().Now());
    });
  }
  grpc::ServerUnaryReactor* GetReferral(grpc::CallbackServerContext* context, const v1::GetReferralRequest* request,
                                        v1::Referral* reply) override {
    return gate_.Read(context, request, reply, referral::GetReferral);
  }
  grpc::ServerUnaryReactor* ListReferrals(grpc::CallbackServerContext* context, const v1::ListReferralsRequest* request,
                                          v1::ListReferralsResponse* reply) override {
    return gate_.Read(context, request, reply, referral::ListReferrals);
  }

  grpc::ServerWriteReactor<v1::WatchReferralsResponse>* WatchReferrals(
      grpc::CallbackServerContext* context, const v1::WatchReferralsRequest* request) override {
    return gate_.Watch<v1::WatchReferralsRequest, v1::WatchReferralsResponse>(context, request,
                                                                              ReferralWatch(request->resume_token()));
  }
  void EndWatches() { gate_.EndWatches(); }

 private:
  pipeline::Pipeline& pipeline_;
  const HetuPolicy identity_;
  Random& random_;
  const pathway::Catalogue catalogue_;
  rpc::Gate gate_;
};

}  // namespace polku::referral
