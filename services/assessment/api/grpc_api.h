// AssessmentService onto the gate. One line a method.
#pragma once

#include "libs/base/random.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "polku/assessment/v1/api.grpc.pb.h"
#include "prometheus/registry.h"
#include "services/assessment/api/queries.h"

namespace polku::assessment {

class Api final : public v1::AssessmentService::CallbackService {
 public:
  Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
      const rpc::GateLimits& limits, Random& random);

  grpc::ServerUnaryReactor* CompleteAssessment(grpc::CallbackServerContext* context,
                                               const v1::CompleteAssessmentRequest* request,
                                               v1::Assessment* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ScheduleSession(grpc::CallbackServerContext* context,
                                            const v1::ScheduleSessionRequest* request, v1::Session* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RecordSession(grpc::CallbackServerContext* context, const v1::RecordSessionRequest* request,
                                          v1::Session* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* CancelAssessment(grpc::CallbackServerContext* context,
                                             const v1::CancelAssessmentRequest* request,
                                             v1::Assessment* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* StartReassessment(grpc::CallbackServerContext* context,
                                              const v1::StartReassessmentRequest* request,
                                              v1::Assessment* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RequestConsultation(grpc::CallbackServerContext* context,
                                                const v1::RequestConsultationRequest* request,
                                                v1::Consultation* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* AnswerConsultation(grpc::CallbackServerContext* context,
                                               const v1::AnswerConsultationRequest* request,
                                               v1::Consultation* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ProposePlan(grpc::CallbackServerContext* context, const v1::ProposePlanRequest* request,
                                        v1::Plan* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RevisePlan(grpc::CallbackServerContext* context, const v1::RevisePlanRequest* request,
                                       v1::Plan* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ApprovePlan(grpc::CallbackServerContext* context, const v1::ApprovePlanRequest* request,
                                        v1::Plan* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetAssessment(grpc::CallbackServerContext* context, const v1::GetAssessmentRequest* request,
                                          v1::Assessment* reply) override {
    return gate_.Read(context, request, reply, assessment::GetAssessment);
  }
  grpc::ServerUnaryReactor* GetPlan(grpc::CallbackServerContext* context, const v1::GetPlanRequest* request,
                                    v1::Plan* reply) override {
    return gate_.Read(context, request, reply, assessment::GetPlan);
  }
  grpc::ServerUnaryReactor* GetConsultation(grpc::CallbackServerContext* context,
                                            const v1::GetConsultationRequest* request,
                                            v1::Consultation* reply) override {
    return gate_.Read(context, request, reply, assessment::GetConsultation);
  }
  grpc::ServerUnaryReactor* ListAssessments(grpc::CallbackServerContext* context,
                                            const v1::ListAssessmentsRequest* request,
                                            v1::ListAssessmentsResponse* reply) override {
    return gate_.Read(context, request, reply, assessment::ListAssessments);
  }

 private:
  rpc::Gate gate_;
};

}  // namespace polku::assessment
