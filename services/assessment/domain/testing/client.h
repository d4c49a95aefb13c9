// A client's assessments for tests of the domain.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/client_assessment_domain.h"

namespace polku::assessment {

inline constexpr char kClient[] = "clients/0190a000-0000-7000-8000-000000000001";
inline constexpr char kAssessment[] = "clients/0190a000-0000-7000-8000-000000000001/assessments/1";
inline constexpr char kPlan[] = "clients/0190a000-0000-7000-8000-000000000001/plans/1";
inline constexpr char kUnit[] = "organisations/kainuu-intake";

inline std::string Referral(int n) { return absl::StrCat(kClient, "/referrals/", n); }

inline v1::ClientAssessmentInput Accepted(absl::Time time, int referral = 1,
                                          const std::string& pathway = "kainuu-unemployed") {
  v1::ClientAssessmentInput input;
  auto& accepted = *input.mutable_referral_accepted();
  accepted.set_referral(Referral(referral));
  accepted.set_receiving_unit(kUnit);
  accepted.set_pathway(pathway);
  accepted.set_pathway_version(1);
  *accepted.mutable_accept_time() = pipeline::ToProto(time);
  return input;
}
inline v1::ClientAssessmentInput Closed(absl::Time time) {
  v1::ClientAssessmentInput input;
  input.mutable_journey_closed()->set_client(kClient);
  *input.mutable_journey_closed()->mutable_close_time() = pipeline::ToProto(time);
  return input;
}
inline v1::ClientAssessmentInput Opened(absl::Time time, int referral = 1) {
  v1::ClientAssessmentInput input;
  input.mutable_journey_opened()->set_client(kClient);
  input.mutable_journey_opened()->set_referral(Referral(referral));
  *input.mutable_journey_opened()->mutable_open_time() = pipeline::ToProto(time);
  return input;
}

inline void AddSession(google::type::DayOfWeek day, int start, int end, v1::PlannedMeasure& measure) {
  auto& session = *measure.add_sessions();
  session.set_day(day);
  session.set_start_minute(start);
  session.set_end_minute(end);
}

inline v1::PlannedMeasure GoodMeasure() {
  v1::PlannedMeasure measure;
  measure.set_type("rehabilitative-work");
  measure.set_provider("organisations/workshop");
  measure.set_source("sources/workshop");
  *measure.mutable_start_date() = pipeline::ToProtoDay(absl::CivilDay(2026, 12, 1));
  *measure.mutable_end_date() = pipeline::ToProtoDay(absl::CivilDay(2027, 5, 31));
  AddSession(google::type::MONDAY, 540, 780, measure);
  AddSession(google::type::MONDAY, 780, 840, measure);
  AddSession(google::type::WEDNESDAY, 540, 780, measure);
  return measure;
}

// One client, commands and facts for it, and a clock to move.
class ClientTest : public ::testing::Test {
 protected:
  // Decides and folds, as the corridor does.
  absl::Status Handle(const v1::ClientAssessmentInput& input) {
    pipeline::Context context;
    context.key = kClient;
    context.now = now_;
    if (input.has_outreach_attempted()) context.fact_time = told_.value_or(now_);
    context.covered_until = now_ - unknown_for_;
    context.next_version = version_ + 1;
    context.principal.user = user_;
    context.principal.organisation = organisation_;
    context.lookups = lookups_;
    auto decision = domain_.Decide(state_, input, context);
    if (!decision.ok()) return decision.status();
    for (const v1::ClientAssessmentEvent& event : decision->events) domain_.Evolve(event, state_);
    version_ += static_cast<int64_t>(decision->events.size());
    events_ = std::move(decision->events);
    reply_ = std::move(decision->reply);
    return absl::OkStatus();
  }
  absl::Status Tick() {
    v1::ClientAssessmentInput input;
    input.mutable_tick();
    return Handle(input);
  }
  absl::Status Complete(const std::string& name = kAssessment) {
    v1::ClientAssessmentInput input;
    input.mutable_complete_assessment()->set_name(name);
    return Handle(input);
  }
  absl::Status Propose(const std::vector<v1::PlannedMeasure>& measures) {
    v1::ClientAssessmentInput input;
    input.mutable_propose_plan()->set_assessment(kAssessment);
    for (const auto& measure : measures) *input.mutable_propose_plan()->add_measures() = measure;
    return Handle(input);
  }
  absl::Status Approve(const std::string& name = kPlan) {
    v1::ClientAssessmentInput input;
    input.mutable_approve_plan()->set_name(name);
    return Handle(input);
  }
  void OpenAndComplete() {
    ASSERT_THAT(Handle(Accepted(now_)), IsOk());
    ASSERT_THAT(Complete(), IsOk());
  }
  // What is told until nothing is due any more before `until`.
  std::vector<v1::AssessmentDeadline> ToldUntil(absl::Time until) {
    std::vector<v1::AssessmentDeadline> told;
    for (auto due = domain_.NextDue(state_); due.has_value() && *due <= until; due = domain_.NextDue(state_)) {
      now_ = std::max(now_, *due);
      EXPECT_THAT(Tick(), IsOk());
      EXPECT_FALSE(events_.empty());
      for (const auto& event : events_) told.push_back(event.assessment_overdue().kind());
    }
    now_ = until;
    return told;
  }
  v1::AssessmentState StateOf(int i = 0) const { return state_.assessments(i).state(); }
  const v1::Plan& PlanReply() const { return static_cast<const v1::Plan&>(*reply_); }

  const ClientAssessmentDomain domain_{pathway::TestCatalogue()};
  absl::Time now_ = LocalTime(absl::CivilDay(2026, 11, 23), 600);
  std::optional<absl::Time> told_;  // When a peer decided the next facts; now unless set.
  absl::Duration unknown_for_;      // What other services have told since then.
  std::string user_ = "assessor-1";
  std::string organisation_ = kUnit;
  v1::ClientAssessment state_;
  int64_t version_ = 0;
  std::vector<v1::ClientAssessmentEvent> events_;  // Of the last decision.
  std::unique_ptr<google::protobuf::Message> reply_;
  std::vector<std::vector<store::Row>> lookups_;  // For the next decisions.
};

}  // namespace polku::assessment
