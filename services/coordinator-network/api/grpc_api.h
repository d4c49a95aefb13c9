// CoordinatorNetworkService onto the gate. One line a method.
#pragma once

#include "libs/base/random.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "prometheus/registry.h"
#include "services/coordinator-network/api/queries.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

class Api final : public v1::CoordinatorNetworkService::CallbackService {
 public:
  Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
      const rpc::GateLimits& limits, Random* random, Policy policy);

  grpc::ServerUnaryReactor* RegisterCoordinator(grpc::CallbackServerContext* context,
                                                const v1::RegisterCoordinatorRequest* request,
                                                v1::Coordinator* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetCoordinator(grpc::CallbackServerContext* context,
                                           const v1::GetCoordinatorRequest* request, v1::Coordinator* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::GetCoordinator);
  }
  grpc::ServerUnaryReactor* ListCoordinators(grpc::CallbackServerContext* context,
                                             const v1::ListCoordinatorsRequest* request,
                                             v1::ListCoordinatorsResponse* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::ListCoordinators);
  }
  grpc::ServerUnaryReactor* AssignCoordinator(grpc::CallbackServerContext* context,
                                              const v1::AssignCoordinatorRequest* request,
                                              v1::Assignment* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* AcceptAssignment(grpc::CallbackServerContext* context,
                                             const v1::AcceptAssignmentRequest* request,
                                             v1::Assignment* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetAssignment(grpc::CallbackServerContext* context, const v1::GetAssignmentRequest* request,
                                          v1::Assignment* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::GetAssignment);
  }
  grpc::ServerUnaryReactor* ListWorklist(grpc::CallbackServerContext* context, const v1::ListWorklistRequest* request,
                                         v1::ListWorklistResponse* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::ListWorklist);
  }
  grpc::ServerUnaryReactor* RecordOutreachAttempt(grpc::CallbackServerContext* context,
                                                  const v1::RecordOutreachAttemptRequest* request,
                                                  v1::Task* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* CompleteTask(grpc::CallbackServerContext* context, const v1::CompleteTaskRequest* request,
                                         v1::Task* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* DeclineAssignment(grpc::CallbackServerContext* context,
                                              const v1::DeclineAssignmentRequest* request,
                                              v1::Assignment* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* UpdateCoordinator(grpc::CallbackServerContext* context,
                                              const v1::UpdateCoordinatorRequest* request,
                                              v1::Coordinator* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* SetAbsences(grpc::CallbackServerContext* context, const v1::SetAbsencesRequest* request,
                                        v1::Coordinator* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* HandOver(grpc::CallbackServerContext* context, const v1::HandOverRequest* request,
                                     v1::HandOverResponse* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ListAssignments(grpc::CallbackServerContext* context,
                                            const v1::ListAssignmentsRequest* request,
                                            v1::ListAssignmentsResponse* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::ListAssignments);
  }
  grpc::ServerUnaryReactor* ProposeCoordinators(grpc::CallbackServerContext* context,
                                                const v1::ProposeCoordinatorsRequest* request,
                                                v1::ProposeCoordinatorsResponse* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::ProposeCoordinators);
  }
  grpc::ServerUnaryReactor* ScheduleMeeting(grpc::CallbackServerContext* context,
                                            const v1::ScheduleMeetingRequest* request, v1::Meeting* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RecordMeeting(grpc::CallbackServerContext* context, const v1::RecordMeetingRequest* request,
                                          v1::Meeting* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetMeeting(grpc::CallbackServerContext* context, const v1::GetMeetingRequest* request,
                                       v1::Meeting* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::GetMeetingRequest& asked) {
      return coordinator_network::GetMeeting(scope, asked, policy_.meeting_purposes);
    });
  }
  grpc::ServerUnaryReactor* ListMeetings(grpc::CallbackServerContext* context, const v1::ListMeetingsRequest* request,
                                         v1::ListMeetingsResponse* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::ListMeetingsRequest& asked) {
      return coordinator_network::ListMeetings(scope, asked, policy_.meeting_purposes);
    });
  }
  grpc::ServerUnaryReactor* RecordTimeUse(grpc::CallbackServerContext* context, const v1::RecordTimeUseRequest* request,
                                          v1::TimeUseEntry* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* TimeUseStatistics(grpc::CallbackServerContext* context,
                                              const v1::TimeUseStatisticsRequest* request,
                                              v1::TimeUseStatisticsResponse* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::TimeUseStatistics);
  }
  grpc::ServerUnaryReactor* ImportServices(grpc::CallbackServerContext* context,
                                           const v1::ImportServicesRequest* request,
                                           v1::ImportServicesResponse* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* SetServiceCapacity(grpc::CallbackServerContext* context,
                                               const v1::SetServiceCapacityRequest* request,
                                               v1::ServiceEntry* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetService(grpc::CallbackServerContext* context, const v1::GetServiceRequest* request,
                                       v1::ServiceEntry* reply) override {
    return gate_.Read(context, request, reply, coordinator_network::GetService);
  }
  grpc::ServerUnaryReactor* SearchServices(grpc::CallbackServerContext* context,
                                           const v1::SearchServicesRequest* request,
                                           v1::SearchServicesResponse* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::SearchServicesRequest& asked) {
      return coordinator_network::SearchServices(scope, asked, policy_.codes);
    });
  }

 private:
  const Policy policy_;
  rpc::Gate gate_;
};

}  // namespace polku::coordinator_network
