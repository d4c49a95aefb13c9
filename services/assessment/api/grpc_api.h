// AssessmentService onto the gate. One line a method.
#pragma once

#include "libs/base/random.h"
#include "libs/pathway/catalogue.h"
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
      const rpc::GateLimits& limits, Random& random, const pathway::Catalogue& catalogue);

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

  grpc::ServerUnaryReactor* RecordInstrument(grpc::CallbackServerContext* context,
                                             const v1::RecordInstrumentRequest* request,
                                             v1::InstrumentRecord* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ScoreInstrument(grpc::CallbackServerContext* context,
                                            const v1::ScoreInstrumentRequest* request,
                                            v1::ScoreInstrumentResponse* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope&, const v1::ScoreInstrumentRequest& asked) {
      return assessment::ScoreInstrument(catalogue_, asked);
    });
  }
  grpc::ServerUnaryReactor* ListInstruments(grpc::CallbackServerContext* context,
                                            const v1::ListInstrumentsRequest* request,
                                            v1::ListInstrumentsResponse* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope&, const v1::ListInstrumentsRequest&) {
      return absl::StatusOr<v1::ListInstrumentsResponse>(assessment::ListInstruments(catalogue_));
    });
  }
  grpc::ServerUnaryReactor* ListInstrumentRecords(grpc::CallbackServerContext* context,
                                                  const v1::ListInstrumentRecordsRequest* request,
                                                  v1::ListInstrumentRecordsResponse* reply) override {
    return gate_.Read(context, request, reply, assessment::ListInstrumentRecords);
  }

 private:
  const pathway::Catalogue& catalogue_;
  rpc::Gate gate_;
};

}  // namespace polku::assessment
