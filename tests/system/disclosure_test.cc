// Whom the assessment and the follow-up tell nothing, by what the client says to the referral service.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

constexpr Who kStranger{"organisations/other-unit", "coordinator"};  // Its duty lets it see every client.
constexpr Who kClinic{"organisations/clinic", "provider"};

class Disclosure : public ::testing::Test {
 protected:
  void SetUp() override { client_ = region_.PlannedClient(); }

  absl::Status Journey(const Who& who) {
    follow_up::v1::GetJourneyRequest request;
    request.set_client(client_);
    return region_.Call(&FollowUps::GetJourney, who, request).status();
  }
  absl::Status Assessment(const Who& who) {
    assessment::v1::GetAssessmentRequest request;
    request.set_name(absl::StrCat(client_, "/assessments/1"));
    return region_.Call(&Assessments::GetAssessment, who, request).status();
  }
  absl::Status Plan(const Who& who) {
    assessment::v1::GetPlanRequest request;
    request.set_name(absl::StrCat(client_, "/plans/1"));
    return region_.Call(&Assessments::GetPlan, who, request).status();
  }
  absl::Status Records(const Who& who) {
    assessment::v1::ListInstrumentRecordsRequest request;
    request.set_client(client_);
    return region_.Call(&Assessments::ListInstrumentRecords, who, request).status();
  }
  absl::Status Close(const Who& who) {
    follow_up::v1::CloseJourneyRequest request;
    request.set_client(client_);
    request.set_reason(follow_up::v1::CLOSE_REASON_WITHDREW);
    return region_.Call(&FollowUps::CloseJourney, who, request).status();
  }
  absl::Status Propose(const Who& who) {
    assessment::v1::ProposePlanRequest request;
    request.set_assessment(absl::StrCat(client_, "/assessments/1"));
    return region_.Call(&Assessments::ProposePlan, who, request).status();
  }
  // What the assessment service shows of one client.
  std::vector<absl::Status> Assessed(const Who& who) { return {Assessment(who), Plan(who), Records(who)}; }
  int AtRisk(const Who& who) {
    follow_up::v1::ListAtRiskRequest request;
    request.set_within_days(60);
    const auto response = region_.Call(&FollowUps::ListAtRisk, who, request);
    EXPECT_THAT(response, IsOk());
    return response->at_risk_size();
  }

  // The permission's name.
  std::string Say(const Who& about, std::vector<std::string> classes, bool denial) {
    referral::v1::GrantPermissionRequest grant;
    grant.set_client(client_);
    grant.set_purpose("consultation");
    grant.set_organisation(about.organisation);
    for (std::string& each : classes) grant.add_classes(std::move(each));
    grant.set_denial(denial);
    const auto granted = region_.Call(&Referrals::GrantPermission, kIntake, grant);
    EXPECT_THAT(granted, IsOk());
    region_.Rest();
    return granted->name();
  }
  void Withdraw(const std::string& permission) {
    referral::v1::WithdrawPermissionRequest withdraw;
    withdraw.set_name(permission);
    ASSERT_THAT(region_.Call(&Referrals::WithdrawPermission, kIntake, withdraw), IsOk());
    region_.Rest();
  }
  void Restrict(bool restricted) {
    referral::v1::RestrictProcessingRequest restrict;
    restrict.set_client(client_);
    restrict.set_restricted(restricted);
    if (restricted) restrict.set_reason(referral::v1::RESTRICTION_REASON_ACCURACY_CONTESTED);
    ASSERT_THAT(region_.Call(&Referrals::RestrictProcessing, kIntake, restrict), IsOk());
    region_.Rest();
  }

  Region region_{Layout::kAllInOne};
  std::string client_;
};

TEST_F(Disclosure, HeedsADenialOfItsClassUntilItIsWithdrawn) {
  EXPECT_THAT(Journey(kStranger), IsOk());
  const int near = AtRisk(kStranger);
  ASSERT_GT(near, 0);
  const std::string of_follow_up = Say(kStranger, {"follow-up"}, /*denial=*/true);
  EXPECT_EQ(ReasonOf(Journey(kStranger)), "CLIENT_DENIES");
  EXPECT_EQ(AtRisk(kStranger), 0);
  EXPECT_THAT(Assessment(kStranger), IsOk()) << "another class";
  EXPECT_EQ(ReasonOf(Close(kStranger)), "CLIENT_DENIES");
  EXPECT_THAT(Journey(kCoordinator), IsOk()) << "of the unit that answers for the client";
  EXPECT_EQ(AtRisk(kCoordinator), near);

  const std::string of_assessment = Say(kStranger, {"assessment", "plan"}, /*denial=*/true);
  for (const absl::Status& look : Assessed(kStranger)) EXPECT_EQ(ReasonOf(look), "CLIENT_DENIES");
  EXPECT_EQ(ReasonOf(Propose(kStranger)), "CLIENT_DENIES");
  for (const absl::Status& look : Assessed(kAssessor)) EXPECT_THAT(look, IsOk());
  Withdraw(of_follow_up);
  Withdraw(of_assessment);
  EXPECT_THAT(Journey(kStranger), IsOk());
  EXPECT_EQ(AtRisk(kStranger), near);
  EXPECT_THAT(Plan(kStranger), IsOk());
}

TEST_F(Disclosure, OfARestrictedClientIsToNobody) {
  Restrict(true);
  for (const Who& who : {kCoordinator, kLead, kStranger}) {
    EXPECT_EQ(ReasonOf(Journey(who)), "PROCESSING_RESTRICTED") << who.role;
    for (const absl::Status& look : Assessed(who)) EXPECT_EQ(ReasonOf(look), "PROCESSING_RESTRICTED") << who.role;
    EXPECT_EQ(AtRisk(who), 0) << who.role;
    EXPECT_EQ(ReasonOf(Close(who)), "PROCESSING_RESTRICTED") << who.role;
  }
  EXPECT_EQ(ReasonOf(Propose(kCoordinator)), "PROCESSING_RESTRICTED");
  Restrict(false);
  EXPECT_THAT(Journey(kCoordinator), IsOk());
  EXPECT_THAT(Plan(kAssessor), IsOk());
}

// Nothing is read any more, so a denial may be on its way. Whoever answers for the client does not rest on one.
TEST_F(Disclosure, ToOthersWaitsForWhatTheClientMayHaveDeniedMoreThanAMinuteAgo) {
  region_.pipeline("follow-up").Stop();
  region_.pipeline("assessment").Stop();
  region_.clock().Advance(absl::Seconds(61));
  EXPECT_EQ(ReasonOf(Journey(kStranger)), "PERMISSIONS_UNKNOWN");
  for (const absl::Status& look : Assessed(kStranger)) EXPECT_EQ(ReasonOf(look), "PERMISSIONS_UNKNOWN");
  // It stops at the audit, which takes no more views.
  EXPECT_NE(ReasonOf(Journey(kCoordinator)), "PERMISSIONS_UNKNOWN");
  EXPECT_NE(ReasonOf(Plan(kCoordinator)), "PERMISSIONS_UNKNOWN");
}

class Consulted : public Disclosure {
 protected:
  void SetUp() override { client_ = region_.AcceptedClient(); }

  absl::Status Ask(const std::string& basis) {
    assessment::v1::RequestConsultationRequest request;
    request.set_assessment(absl::StrCat(client_, "/assessments/1"));
    request.set_organisation(kClinic.organisation);
    request.set_question("Can the shoulder bear kitchen work?");
    request.set_basis(basis);
    return region_.Call(&Assessments::RequestConsultation, kAssessor, request).status();
  }
  absl::Status Look(const Who& who) {
    assessment::v1::GetConsultationRequest request;
    request.set_name(absl::StrCat(client_, "/consultations/1"));
    return region_.Call(&Assessments::GetConsultation, who, request).status();
  }
  absl::Status Answer() {
    assessment::v1::AnswerConsultationRequest request;
    request.set_name(absl::StrCat(client_, "/consultations/1"));
    request.set_advice("Yes, from January on.");
    return region_.Call(&Assessments::AnswerConsultation, kClinic, request).status();
  }
};

TEST_F(Consulted, RestsOnItsPermissionWhileThatStands) {
  const std::string plan_only = Say(kClinic, {"plan"}, /*denial=*/false);
  const absl::Status refused = Ask(plan_only);
  EXPECT_EQ(ReasonOf(refused), "PERMISSION_MISSING");
  ASSERT_EQ(ViolationsOf(refused).size(), 1u);
  EXPECT_EQ(ViolationsOf(refused)[0].field, "basis");
  const std::string permission = Say(kClinic, {"assessment"}, /*denial=*/false);
  ASSERT_THAT(Ask(permission), IsOk());
  EXPECT_THAT(Look(kClinic), IsOk());
  Withdraw(permission);
  EXPECT_EQ(ReasonOf(Look(kClinic)), "PERMISSION_MISSING");
  EXPECT_EQ(ReasonOf(Answer()), "PERMISSION_MISSING");
  EXPECT_THAT(Look(kAssessor), IsOk()) << "of the unit that asked";
  EXPECT_EQ(ReasonOf(Ask(permission)), "PERMISSION_MISSING");
}

TEST_F(Consulted, ByLawNeedsNoPermission) {
  ASSERT_THAT(Ask("health-care-act"), IsOk());
  Say(kClinic, {"assessment"}, /*denial=*/true);
  EXPECT_THAT(Look(kClinic), IsOk());
  Restrict(true);
  EXPECT_EQ(ReasonOf(Look(kClinic)), "PROCESSING_RESTRICTED");
  EXPECT_EQ(ReasonOf(Answer()), "PROCESSING_RESTRICTED");
  Restrict(false);
  EXPECT_THAT(Answer(), IsOk());
}

}  // namespace
}  // namespace polku::system_test
