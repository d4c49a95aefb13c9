// What a command may bring about, and its reply tell, when the client does not let its caller know of the follow-up.
#include "services/follow-up/domain/disclosure.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/testing/facts.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

constexpr char kStranger[] = "organisations/stranger";

// One of each command but those that report what has happened, without content: that is looked at later.
std::vector<JourneyInput> Decisions() {
  const std::set<std::string> reports = {"start_measure",       "complete_measure",      "end_measure_early",
                                         "record_contact",      "agree_pause",           "end_pause",
                                         "record_circumstance", "record_benefit_period", "void_record"};
  std::vector<JourneyInput> decisions;
  const auto* kinds = JourneyInput::descriptor()->oneof_decl(0);
  for (int i = 0; i < kinds->field_count(); ++i) {
    const auto* field = kinds->field(i);
    if (!absl::EndsWith(field->message_type()->name(), "Request") || reports.contains(field->name())) continue;
    JourneyInput& input = decisions.emplace_back();
    input.GetReflection()->MutableMessage(&input, field);
    if (input.has_import_journey()) input.mutable_import_journey()->set_client(kClient);
  }
  return decisions;
}

class CommandDisclosure : public ::testing::Test {
 protected:
  CommandDisclosure() : follower_(Local("2026-03-04 13:00")) { follower_.Run(TwiceAWeek()); }

  void Restrict() {
    JourneyInput input;
    input.mutable_processing_restricted()->set_client(kClient);
    input.mutable_processing_restricted()->set_restricted(true);
    ASSERT_THAT(follower_.Give(input), IsOk());
  }
  void DenyStranger() {
    JourneyInput input;
    auto& denial = *input.mutable_permission_granted();
    denial.set_permission(std::string(kClient) + "/permissions/1");
    denial.set_organisation(kStranger);
    denial.add_classes("follow-up");
    denial.set_denial(true);
    *denial.mutable_valid_from() = Day("2026-01-01");
    ASSERT_THAT(follower_.Give(input), IsOk());
  }
  std::string RefusalOf(const JourneyInput& input, const std::string& organisation) {
    follower_.organisation = organisation;
    return ReasonOf(follower_.Give(input));
  }
  Measure Completed(const std::string& organisation) {
    follower_.organisation = organisation;
    JourneyInput input;
    input.mutable_complete_measure()->set_name(MeasureName(1));
    *input.mutable_complete_measure()->mutable_end_date() = Day("2026-03-04");
    EXPECT_THAT(follower_.Give(input), IsOk());
    return static_cast<const Measure&>(*follower_.reply);
  }
  const std::string& own() const { return follower_.state().responsible_party(); }

  Follower follower_;
};

TEST_F(CommandDisclosure, NobodyDecidesAboutARestrictedClient) {
  Restrict();
  EXPECT_EQ(Decisions().size(), 10u);
  for (const JourneyInput& input : Decisions()) {
    EXPECT_EQ(RefusalOf(input, own()), "PROCESSING_RESTRICTED") << input.ShortDebugString();
  }
}

TEST_F(CommandDisclosure, AnOrganisationThatTheClientDeniesDecidesNothingButItsOwnDoes) {
  DenyStranger();
  for (const JourneyInput& input : Decisions()) {
    EXPECT_EQ(RefusalOf(input, kStranger), "CLIENT_DENIES") << input.ShortDebugString();
    EXPECT_NE(RefusalOf(input, own()), "CLIENT_DENIES") << input.ShortDebugString();
  }
}

TEST_F(CommandDisclosure, WhoeverDoesNotAnswerForTheClientWaitsForWhatItMayHaveDenied) {
  follower_.covered_until = follower_.now() - absl::Seconds(61);
  for (const JourneyInput& input : Decisions()) {
    EXPECT_EQ(RefusalOf(input, kStranger), "PERMISSIONS_UNKNOWN") << input.ShortDebugString();
    EXPECT_NE(RefusalOf(input, own()), "PERMISSIONS_UNKNOWN") << input.ShortDebugString();
  }
}

// The fact counts, whoever tells it; the reply tells its caller nothing of the plan.
TEST_F(CommandDisclosure, WhatIsReportedOfARestrictedClientIsTaken) {
  Restrict();
  const Measure reply = Completed(own());
  EXPECT_EQ(reply.name(), MeasureName(1));
  EXPECT_EQ(reply.phase(), MEASURE_PHASE_COMPLETED);
  EXPECT_FALSE(reply.has_plan());
  EXPECT_FALSE(reply.has_start_date());
  EXPECT_EQ(follower_.Count(JourneyEvent::kMeasureCompleted), 1);
}

TEST_F(CommandDisclosure, WhatADeniedOrganisationReportsIsTakenToo) {
  DenyStranger();
  EXPECT_FALSE(Completed(kStranger).has_plan());
  EXPECT_EQ(follower_.Count(JourneyEvent::kMeasureCompleted), 1);
}

TEST_F(CommandDisclosure, OthersSeeTheMeasureTheyReportOn) { EXPECT_TRUE(Completed(own()).has_plan()); }

}  // namespace
}  // namespace polku::follow_up
