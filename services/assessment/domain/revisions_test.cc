// Revisions of a plan in force.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/plans.h"
#include "services/assessment/domain/testing/client.h"

namespace polku::assessment {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Measure(int n) { return absl::StrCat(kClient, "/measures/", n); }
std::string PlanName(int n) { return absl::StrCat(kClient, "/plans/", n); }

class RevisionsTest : public ClientTest {
 protected:
  void SetUp() override {
    OpenAndComplete();
    ASSERT_THAT(Propose({GoodMeasure(), GoodMeasure()}), IsOk());
    ASSERT_THAT(Approve(), IsOk());
    request_.set_plan(kPlan);
  }
  absl::Status Revise() {
    v1::ClientAssessmentInput input;
    *input.mutable_revise_plan() = request_;
    return Handle(input);
  }
  absl::Status Start(int n) {
    v1::ClientAssessmentInput input;
    input.mutable_measure_started()->set_measure(Measure(n));
    return Handle(input);
  }
  absl::Status VoidStart(int n) {
    v1::ClientAssessmentInput input;
    input.mutable_record_voided()->set_name(Measure(n));
    input.mutable_record_voided()->set_record(follow_up::v1::VOIDED_RECORD_MEASURE_START);
    return Handle(input);
  }
  std::string FieldOf(const absl::Status& status) const {
    const auto violations = ViolationsOf(status);
    return violations.empty() ? "" : violations[0].field;
  }
  v1::PlannedMeasure& Change(int n) {
    v1::PlannedMeasure& changed = *request_.add_changed();
    changed = GoodMeasure();
    changed.set_measure(Measure(n));
    changed.mutable_end_date()->set_month(4);
    changed.mutable_end_date()->set_day(30);
    return changed;
  }
  std::vector<std::string> InForce() const {
    std::vector<std::string> names;
    for (const auto& measure : state_.plans(0).measures()) names.push_back(measure.measure());
    return names;
  }

  v1::RevisePlanRequest request_;
};

TEST_F(RevisionsTest, ChangesThePlanOnlyWhenAPersonApprovesIt) {
  *request_.add_added() = GoodMeasure();
  Change(1);
  request_.add_removed(Measure(2));
  ASSERT_THAT(Revise(), IsOk());
  EXPECT_EQ(PlanReply().name(), PlanName(2));
  EXPECT_EQ(PlanReply().revises(), kPlan);
  EXPECT_THAT(InForce(), ElementsAre(Measure(1), Measure(2)));
  user_ = "";
  EXPECT_EQ(ReasonOf(Approve(PlanName(2))), "USER_REQUIRED");
  user_ = "assessor-2";
  ASSERT_THAT(Approve(PlanName(2)), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  const v1::PlanRevised& revised = events_[1].plan_revised();
  EXPECT_EQ(revised.revises(), kPlan);
  EXPECT_EQ(revised.added(0).measure(), Measure(3));
  EXPECT_EQ(revised.added(0).day_minutes_min(), 240);
  EXPECT_EQ(revised.changed(0).measure(), Measure(1));
  EXPECT_THAT(revised.removed(), ElementsAre(Measure(2)));
  EXPECT_EQ(PlanReply().approved_by(), "assessor-2");
  EXPECT_THAT(InForce(), ElementsAre(Measure(1), Measure(3)));
  EXPECT_EQ(state_.plans(0).measures(0).end_date().month(), 4);
  EXPECT_EQ(ReasonOf(Approve(PlanName(2))), "PLAN_APPROVED");
}

TEST_F(RevisionsTest, RefusesOneThatNoLongerFitsWhenItIsApproved) {
  request_.add_removed(Measure(2));
  ASSERT_THAT(Revise(), IsOk());
  ASSERT_THAT(Revise(), IsOk());
  ASSERT_THAT(Approve(PlanName(2)), IsOk());
  EXPECT_EQ(ReasonOf(Approve(PlanName(3))), "PLAN_CHANGED");
}

TEST_F(RevisionsTest, DoesNotRemoveAMeasureThatHasStarted) {
  request_.add_removed(Measure(2));
  ASSERT_THAT(Revise(), IsOk());
  ASSERT_THAT(Start(2), IsOk());
  ASSERT_THAT(Start(2), IsOk());
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(ReasonOf(Approve(PlanName(2))), "PLAN_CHANGED");
  EXPECT_EQ(FieldOf(Revise()), "removed[0]");
  ASSERT_THAT(VoidStart(2), IsOk());
  EXPECT_THAT(Revise(), IsOk());
}

TEST_F(RevisionsTest, RefusesAPlanThatIsNotInForceOrIsARevision) {
  request_.set_plan(PlanName(9));
  request_.add_removed(Measure(2));
  EXPECT_THAT(Revise(), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(Propose({GoodMeasure()}), IsOk());
  request_.set_plan(PlanName(2));
  EXPECT_EQ(ReasonOf(Revise()), "PLAN_NOT_APPROVED");
  request_.set_plan(kPlan);
  ASSERT_THAT(Revise(), IsOk());
  request_.set_plan(PlanName(3));
  EXPECT_EQ(ReasonOf(Revise()), "PLAN_IS_REVISION");
  request_.set_plan(kPlan);
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  EXPECT_EQ(ReasonOf(Revise()), "JOURNEY_CLOSED");
}

TEST_F(RevisionsTest, RefusesWhatIsWrongNamingTheField) {
  EXPECT_EQ(FieldOf(Revise()), "added");
  const v1::RevisePlanRequest empty = request_;
  const auto refused = [&](auto change) {
    request_ = empty;
    change();
    return FieldOf(Revise());
  };
  EXPECT_EQ(refused([&] { request_.add_added(); }), "added[0].type");
  EXPECT_EQ(refused([&] { Change(3); }), "changed[0].measure");
  EXPECT_EQ(refused([&] { Change(1).set_type("work-trial"); }), "changed[0].type");
  EXPECT_EQ(refused([&] { Change(1).set_provider("organisations/other"); }), "changed[0].provider");
  EXPECT_EQ(refused([&] { Change(1).clear_end_date(); }), "changed[0].end_date");
  EXPECT_EQ(refused([&] { request_.add_removed("measures/1"); }), "removed[0]");
  EXPECT_EQ(refused([&] {
              Change(1);
              request_.add_removed(Measure(1));
            }),
            "removed[0]");
  EXPECT_EQ(refused([&] {
              for (int n = 1; n <= 3; ++n) request_.add_removed(Measure(n));
            }),
            "changed");
  EXPECT_EQ(refused([&] {
              for (int n = 0; n < 19; ++n) *request_.add_added() = GoodMeasure();
            }),
            "added");
  EXPECT_THAT(state_.plans(), SizeIs(1));
}

}  // namespace
}  // namespace polku::assessment
