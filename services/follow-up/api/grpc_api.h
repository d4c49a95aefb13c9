// FollowUpService onto the gate. One line a method.
#pragma once

#include "libs/pathway/catalogue.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/rpc/gate.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "prometheus/registry.h"
#include "services/follow-up/api/move_queries.h"
#include "services/follow-up/api/queries.h"
#include "services/follow-up/api/rule_queries.h"
#include "services/follow-up/api/steering_report.h"

namespace polku::follow_up {

// The client, found again by the case number: one case is one client's.
rpc::WriteTarget TargetOf(const v1::ImportJourneyRequest& request, absl::string_view hash_key);

class Api final : public v1::FollowUpService::CallbackService {
 public:
  Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
      const rpc::GateLimits& limits, const pathway::Catalogue& catalogue, Random* random);

  grpc::ServerUnaryReactor* StartMeasure(grpc::CallbackServerContext* context, const v1::StartMeasureRequest* request,
                                         v1::Measure* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RecordAttendance(grpc::CallbackServerContext* context,
                                             const v1::RecordAttendanceRequest* request,
                                             v1::RecordAttendanceResponse* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* CompleteMeasure(grpc::CallbackServerContext* context,
                                            const v1::CompleteMeasureRequest* request, v1::Measure* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* EndMeasureEarly(grpc::CallbackServerContext* context,
                                            const v1::EndMeasureEarlyRequest* request, v1::Measure* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RecordContact(grpc::CallbackServerContext* context, const v1::RecordContactRequest* request,
                                          v1::RecordContactResponse* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RegisterSource(grpc::CallbackServerContext* context,
                                           const v1::RegisterSourceRequest* request, v1::Source* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ReportCompleteThrough(grpc::CallbackServerContext* context,
                                                  const v1::ReportCompleteThroughRequest* request,
                                                  v1::Source* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ResolveInterruption(grpc::CallbackServerContext* context,
                                                const v1::ResolveInterruptionRequest* request,
                                                v1::Interruption* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* CloseJourney(grpc::CallbackServerContext* context, const v1::CloseJourneyRequest* request,
                                         v1::Journey* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ReopenJourney(grpc::CallbackServerContext* context, const v1::ReopenJourneyRequest* request,
                                          v1::Journey* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* HoldOutreach(grpc::CallbackServerContext* context, const v1::HoldOutreachRequest* request,
                                         v1::OutreachHold* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ReleaseOutreach(grpc::CallbackServerContext* context,
                                            const v1::ReleaseOutreachRequest* request,
                                            v1::OutreachHold* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* VoidRecord(grpc::CallbackServerContext* context, const v1::VoidRecordRequest* request,
                                       v1::VoidRecordResponse* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* AgreePause(grpc::CallbackServerContext* context, const v1::AgreePauseRequest* request,
                                       v1::Pause* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* EndPause(grpc::CallbackServerContext* context, const v1::EndPauseRequest* request,
                                     v1::Pause* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* OfferTransition(grpc::CallbackServerContext* context,
                                            const v1::OfferTransitionRequest* request, v1::Transition* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* AcceptTransition(grpc::CallbackServerContext* context,
                                             const v1::AcceptTransitionRequest* request,
                                             v1::Transition* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* DeclineTransition(grpc::CallbackServerContext* context,
                                              const v1::DeclineTransitionRequest* request,
                                              v1::Transition* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RecordCircumstance(grpc::CallbackServerContext* context,
                                               const v1::RecordCircumstanceRequest* request,
                                               v1::CircumstanceEntry* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* BacktestRules(grpc::CallbackServerContext* context, const v1::BacktestRulesRequest* request,
                                          v1::BacktestRulesResponse* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::BacktestRulesRequest& asked) {
      return follow_up::BacktestRules(scope, asked, catalogue_);
    });
  }
  grpc::ServerUnaryReactor* TryRuleSet(grpc::CallbackServerContext* context, const v1::TryRuleSetRequest* request,
                                       v1::RuleSetChange* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ActivateRuleSet(grpc::CallbackServerContext* context,
                                            const v1::ActivateRuleSetRequest* request,
                                            v1::RuleSetChange* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetRuleSet(grpc::CallbackServerContext* context, const v1::GetRuleSetRequest* request,
                                       v1::RuleSetChange* reply) override {
    return gate_.Read(context, request, reply, follow_up::GetRuleSet);
  }
  grpc::ServerUnaryReactor* TryJourneyMove(grpc::CallbackServerContext* context,
                                           const v1::TryJourneyMoveRequest* request, v1::JourneyMove* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* MoveJourneys(grpc::CallbackServerContext* context, const v1::MoveJourneysRequest* request,
                                         v1::JourneyMove* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetJourneyMove(grpc::CallbackServerContext* context,
                                           const v1::GetJourneyMoveRequest* request, v1::JourneyMove* reply) override {
    return gate_.Read(context, request, reply, follow_up::GetJourneyMove);
  }
  grpc::ServerUnaryReactor* ListJourneyMoveChanges(grpc::CallbackServerContext* context,
                                                   const v1::ListJourneyMoveChangesRequest* request,
                                                   v1::ListJourneyMoveChangesResponse* reply) override {
    return gate_.Read(context, request, reply,
                      [this](rpc::ReadScope& scope, const v1::ListJourneyMoveChangesRequest& asked) {
                        return follow_up::ListJourneyMoveChanges(scope, asked, catalogue_);
                      });
  }
  grpc::ServerUnaryReactor* GetSteeringReport(grpc::CallbackServerContext* context,
                                              const v1::GetSteeringReportRequest* request,
                                              v1::SteeringReport* reply) override {
    return gate_.Read(context, request, reply, follow_up::GetSteeringReport);
  }
  grpc::ServerUnaryReactor* ImportJourney(grpc::CallbackServerContext* context, const v1::ImportJourneyRequest* request,
                                          v1::ImportedJourney* reply) override {
    return gate_.Write(context, request, reply, TargetOf(*request, pipeline_.database().hash_key()));
  }
  grpc::ServerUnaryReactor* RequestReviewedOutreach(grpc::CallbackServerContext* context,
                                                    const v1::RequestReviewedOutreachRequest* request,
                                                    v1::Interruption* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* GetOutreachBreaker(grpc::CallbackServerContext* context,
                                               const v1::GetOutreachBreakerRequest* request,
                                               v1::OutreachBreaker* reply) override {
    return gate_.Read(context, request, reply, follow_up::GetOutreachBreaker);
  }
  grpc::ServerUnaryReactor* ReleaseOutreachBreaker(grpc::CallbackServerContext* context,
                                                   const v1::ReleaseOutreachBreakerRequest* request,
                                                   v1::OutreachBreaker* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RecordBenefitPeriod(grpc::CallbackServerContext* context,
                                                const v1::RecordBenefitPeriodRequest* request,
                                                v1::BenefitPeriod* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* RecordClosure(grpc::CallbackServerContext* context, const v1::RecordClosureRequest* request,
                                          v1::Closure* reply) override {
    return gate_.Write(context, request, reply);
  }
  grpc::ServerUnaryReactor* ListAtRisk(grpc::CallbackServerContext* context, const v1::ListAtRiskRequest* request,
                                       v1::ListAtRiskResponse* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::ListAtRiskRequest& asked) {
      return follow_up::ListAtRisk(scope, asked, catalogue_);
    });
  }
  grpc::ServerUnaryReactor* GetJourney(grpc::CallbackServerContext* context, const v1::GetJourneyRequest* request,
                                       v1::Journey* reply) override {
    return gate_.Read(context, request, reply, [this](rpc::ReadScope& scope, const v1::GetJourneyRequest& asked) {
      return follow_up::GetJourney(scope, asked, catalogue_);
    });
  }
  grpc::ServerUnaryReactor* GetSource(grpc::CallbackServerContext* context, const v1::GetSourceRequest* request,
                                      v1::Source* reply) override {
    return gate_.Read(context, request, reply, follow_up::GetSource);
  }
  grpc::ServerUnaryReactor* ListInterruptions(grpc::CallbackServerContext* context,
                                              const v1::ListInterruptionsRequest* request,
                                              v1::ListInterruptionsResponse* reply) override {
    return gate_.Read(context, request, reply,
                      [this](rpc::ReadScope& scope, const v1::ListInterruptionsRequest& asked) {
                        return follow_up::ListInterruptions(scope, asked, catalogue_);
                      });
  }
  grpc::ServerUnaryReactor* ExplainInterruption(grpc::CallbackServerContext* context,
                                                const v1::ExplainInterruptionRequest* request,
                                                v1::Explanation* reply) override {
    return gate_.Read(context, request, reply, follow_up::ExplainInterruption);
  }
  grpc::ServerUnaryReactor* ListSafetyNetViolations(grpc::CallbackServerContext* context,
                                                    const v1::ListSafetyNetViolationsRequest* request,
                                                    v1::ListSafetyNetViolationsResponse* reply) override {
    return gate_.Read(context, request, reply, follow_up::ListSafetyNetViolations);
  }

 private:
  pipeline::Pipeline& pipeline_;
  const pathway::Catalogue catalogue_;
  rpc::Gate gate_;
};

}  // namespace polku::follow_up
