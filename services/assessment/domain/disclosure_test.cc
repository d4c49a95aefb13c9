// Which commands are taken when the client does not let their caller know of the assessment.
#include "services/assessment/domain/disclosure.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/testing/client.h"

namespace polku::assessment {
namespace {

constexpr char kStranger[] = "organisations/stranger";

// One of each command but RecordSession and AnswerConsultation, without content: that is looked at later.
std::vector<v1::ClientAssessmentInput> Commands(bool of_plans) {
  std::vector<v1::ClientAssessmentInput> commands;
  const auto* kinds = v1::ClientAssessmentInput::descriptor()->oneof_decl(0);
  for (int i = 0; i < kinds->field_count(); ++i) {
    const auto* field = kinds->field(i);
    if (!absl::EndsWith(field->message_type()->name(), "Request")) continue;
    if (field->name() == "record_session" || field->name() == "answer_consultation") continue;
    if (absl::EndsWith(field->name(), "_plan") != of_plans) continue;
    v1::ClientAssessmentInput& input = commands.emplace_back();
    input.GetReflection()->MutableMessage(&input, field);
  }
  return commands;
}
std::vector<v1::ClientAssessmentInput> OfAssessments() { return Commands(/*of_plans=*/false); }
std::vector<v1::ClientAssessmentInput> OfPlans() { return Commands(/*of_plans=*/true); }

class CommandDisclosure : public ClientTest {
 protected:
  void SetUp() override { ASSERT_THAT(Handle(Accepted(now_)), IsOk()); }

  void Deny(const std::string& data_class) {
    v1::ClientAssessmentInput input;
    auto& denial = *input.mutable_permission_granted();
    denial.set_permission(absl::StrCat(kClient, "/permissions/1"));
    denial.set_organisation(kStranger);
    denial.add_classes(data_class);
    denial.set_denial(true);
    *denial.mutable_valid_from() = pipeline::ToProtoDay(absl::CivilDay(2026, 1, 1));
    ASSERT_THAT(Handle(input), IsOk());
  }
  void Restrict() {
    v1::ClientAssessmentInput input;
    input.mutable_processing_restricted()->set_client(kClient);
    input.mutable_processing_restricted()->set_restricted(true);
    ASSERT_THAT(Handle(input), IsOk());
  }
  std::string RefusalOf(const v1::ClientAssessmentInput& input, const std::string& organisation) {
    organisation_ = organisation;
    return ReasonOf(Handle(input));
  }
};

TEST_F(CommandDisclosure, NobodyDecidesAboutARestrictedClient) {
  Restrict();
  EXPECT_EQ(OfAssessments().size(), 6u);
  EXPECT_EQ(OfPlans().size(), 3u);
  for (const auto& input : OfAssessments()) EXPECT_EQ(RefusalOf(input, kUnit), "PROCESSING_RESTRICTED");
  for (const auto& input : OfPlans()) EXPECT_EQ(RefusalOf(input, kUnit), "PROCESSING_RESTRICTED");
}

TEST_F(CommandDisclosure, AUnitThatTheClientDeniesTheAssessmentMayStillPlan) {
  Deny("assessment");
  for (const auto& input : OfAssessments()) {
    EXPECT_EQ(RefusalOf(input, kStranger), "CLIENT_DENIES") << input.ShortDebugString();
    EXPECT_NE(RefusalOf(input, kUnit), "CLIENT_DENIES") << "it assesses the client";
  }
  for (const auto& input : OfPlans()) EXPECT_NE(RefusalOf(input, kStranger), "CLIENT_DENIES");
}

TEST_F(CommandDisclosure, AUnitThatTheClientDeniesThePlanMayStillAssess) {
  Deny("plan");
  for (const auto& input : OfPlans()) EXPECT_EQ(RefusalOf(input, kStranger), "CLIENT_DENIES");
  for (const auto& input : OfAssessments()) EXPECT_NE(RefusalOf(input, kStranger), "CLIENT_DENIES");
}

TEST_F(CommandDisclosure, WhoeverDoesNotAssessTheClientWaitsForWhatItMayHaveDenied) {
  unknown_for_ = absl::Seconds(61);
  for (const auto& input : OfAssessments()) {
    EXPECT_EQ(RefusalOf(input, kStranger), "PERMISSIONS_UNKNOWN") << input.ShortDebugString();
    EXPECT_NE(RefusalOf(input, kUnit), "PERMISSIONS_UNKNOWN") << input.ShortDebugString();
  }
}

// It has happened, and keeps the client from counting as not met.
TEST_F(CommandDisclosure, HowASessionWentIsTakenOfARestrictedClientToo) {
  v1::ClientAssessmentInput schedule;
  schedule.mutable_schedule_session()->set_assessment(kAssessment);
  *schedule.mutable_schedule_session()->mutable_start_time() = pipeline::ToProto(now_ + absl::Hours(1));
  ASSERT_THAT(Handle(schedule), IsOk());
  Restrict();
  now_ += absl::Hours(2);
  v1::ClientAssessmentInput record;
  record.mutable_record_session()->set_name(absl::StrCat(kClient, "/sessions/1"));
  record.mutable_record_session()->set_outcome(v1::SESSION_OUTCOME_ATTENDED);
  EXPECT_THAT(Handle(record), IsOk());
}

}  // namespace
}  // namespace polku::assessment
