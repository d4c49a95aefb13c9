// What a pathway allows in a plan, on the shipped definitions.
#include "services/assessment/domain/plan_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/testing/client.h"

namespace polku::assessment {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const absl::CivilDay kMonday(2026, 11, 23);  // The day of ClientTest.

class PlanStepsTest : public ClientTest {
 protected:
  void Open(const std::string& pathway, const std::string& municipality = "",
            common::v1::Segment segment = common::v1::SEGMENT_UNEMPLOYED) {
    v1::ClientAssessmentInput input = Accepted(now_, 1, pathway);
    input.mutable_referral_accepted()->set_municipality(municipality);
    input.mutable_referral_accepted()->set_segment(segment);
    ASSERT_THAT(Handle(input), IsOk());
  }
  absl::Status CompleteWith(const std::string& outcome) {
    v1::ClientAssessmentInput input;
    input.mutable_complete_assessment()->set_name(kAssessment);
    input.mutable_complete_assessment()->set_outcome(outcome);
    return Handle(input);
  }
  static v1::PlannedMeasure Of(const std::string& type, const std::string& provider, int first_day, int last_day) {
    v1::PlannedMeasure measure;
    measure.set_type(type);
    measure.set_provider(provider);
    *measure.mutable_start_date() = pipeline::ToProtoDay(kMonday + first_day);
    *measure.mutable_end_date() = pipeline::ToProtoDay(kMonday + last_day);
    return measure;
  }
  absl::Status ProposeWithin(int budget_euros, const std::vector<v1::PlannedMeasure>& measures) {
    v1::ClientAssessmentInput input;
    input.mutable_propose_plan()->set_assessment(kAssessment);
    input.mutable_propose_plan()->set_personal_budget_euros(budget_euros);
    for (const auto& measure : measures) *input.mutable_propose_plan()->add_measures() = measure;
    return Handle(input);
  }
  static std::vector<std::string> FieldsOf(const absl::Status& status) {
    std::vector<std::string> fields;
    for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
    return fields;
  }
};

TEST_F(PlanStepsTest, SaysWhichStepAMeasureBelongsToAndHowLongItMayWait) {
  Open("keski-suomi-iskias");
  ASSERT_THAT(Complete(), IsOk());
  ASSERT_THAT(Propose({Of("imaging", "organisations/hospital", 1, 3),
                       Of("back-rehabilitation", "organisations/physio", 4, 40)}),
              IsOk());
  EXPECT_EQ(PlanReply().measures(0).step(), "imaging");
  EXPECT_EQ(PlanReply().measures(0).start_within_office_days(), 3);
  EXPECT_EQ(PlanReply().measures(1).step(), "rehabilitation");
}

TEST_F(PlanStepsTest, RefusesAStepWithoutWhatComesBeforeIt) {
  Open("keski-suomi-iskias");
  ASSERT_THAT(Complete(), IsOk());
  const auto imaging = Of("imaging", "organisations/hospital", 1, 3);
  const auto rehabilitation = Of("back-rehabilitation", "organisations/physio", 4, 40);
  EXPECT_THAT(FieldsOf(Propose({rehabilitation})), ElementsAre("measures[0].step"));
  // Planned, but behind it.
  EXPECT_THAT(FieldsOf(Propose({rehabilitation, Of("imaging", "organisations/hospital", 3, 3),
                                Of("work-trial", "organisations/firm", 2, 60)})),
              ElementsAre("measures[2].step"));
  // What is in force counts, what is only proposed does not.
  ASSERT_THAT(Propose({imaging}), IsOk());
  EXPECT_THAT(FieldsOf(Propose({rehabilitation})), ElementsAre("measures[0].step"));
  ASSERT_THAT(Approve(), IsOk());
  EXPECT_THAT(Propose({rehabilitation}), IsOk());
}

TEST_F(PlanStepsTest, RefusesDelayWhereThePathwayHasNone) {
  Open("keski-suomi-iskias");
  ASSERT_THAT(Complete(), IsOk());
  // Three office days from Monday end on Thursday.
  EXPECT_THAT(FieldsOf(Propose({Of("imaging", "organisations/hospital", 4, 5)})),
              ElementsAre("measures[0].start_date"));
  EXPECT_THAT(Propose({Of("imaging", "organisations/hospital", 3, 4)}), IsOk());
}

TEST_F(PlanStepsTest, WantsTheAdviceThatComesBeforeAStep) {
  Open("pirkanmaa-toike");
  v1::ClientAssessmentInput ask;
  ask.mutable_request_consultation()->set_assessment(kAssessment);
  ask.mutable_request_consultation()->set_organisation("organisations/specialist");
  ask.mutable_request_consultation()->set_question("surgery?");
  ask.mutable_request_consultation()->set_basis("statute");
  ASSERT_THAT(Handle(ask), IsOk());
  ASSERT_THAT(Complete(), IsOk());
  const auto therapy = Of("physiotherapy", "organisations/physio", 1, 60);
  EXPECT_THAT(FieldsOf(Propose({therapy})), ElementsAre("measures[0].step"));
  organisation_ = "organisations/specialist";
  v1::ClientAssessmentInput answer;
  answer.mutable_answer_consultation()->set_name(std::string(kClient) + "/consultations/1");
  answer.mutable_answer_consultation()->set_advice("no");
  ASSERT_THAT(Handle(answer), IsOk());
  organisation_ = kUnit;
  EXPECT_THAT(Propose({therapy}), IsOk());
}

TEST_F(PlanStepsTest, TakesTheProviderOfTheClientsMunicipality) {
  Open("keski-pohjanmaa-kp-ote", "217");
  ASSERT_THAT(Complete(), IsOk());
  EXPECT_THAT(FieldsOf(Propose({Of("rehabilitation-course", "organisations/kokkolan-kuntoutus", 1, 30)})),
              ElementsAre("measures[0].provider"));
  EXPECT_THAT(Propose({Of("rehabilitation-course", "organisations/lestijokilaakson-kuntoutus", 1, 30)}), IsOk());
}

TEST_F(PlanStepsTest, LeadsWhereTheOutcomeAndTheSegmentLead) {
  Open("validia-fokus", "186", common::v1::SEGMENT_STUDENT);
  EXPECT_THAT(FieldsOf(CompleteWith("")), ElementsAre("outcome"));
  EXPECT_THAT(FieldsOf(CompleteWith("else")), ElementsAre("outcome"));
  ASSERT_THAT(CompleteWith("inclusion"), IsOk());
  EXPECT_EQ(state_.assessments(0).outcome(), "inclusion");
  EXPECT_THAT(FieldsOf(Propose({Of("on-the-job-learning", "organisations/school", 1, 30)})),
              ElementsAre("measures[0].step"));
  v1::PlannedMeasure group = Of("inclusion-group", "organisations/ngo", 1, 30);
  EXPECT_THAT(FieldsOf(Propose({group})), ElementsAre("measures[0].group"));
  group.set_group("thursday");
  EXPECT_THAT(Propose({group}), IsOk());
}

TEST_F(PlanStepsTest, FillsNoGroupBeyondItsSize) {
  Open("validia-fokus", "186", common::v1::SEGMENT_STUDENT);
  ASSERT_THAT(CompleteWith("inclusion"), IsOk());
  v1::PlannedMeasure group = Of("inclusion-group", "organisations/ngo", 1, 30);
  group.set_group("thursday");
  lookups_ = {{{int64_t{8}}}};
  EXPECT_THAT(FieldsOf(Propose({group})), ElementsAre("measures[0].group"));
  lookups_ = {{{int64_t{7}}}};
  ASSERT_THAT(Propose({group}), IsOk());
  EXPECT_THAT(domain_.Index(state_), SizeIs(1));  // The assessment: a proposal takes no place.
  ASSERT_THAT(Approve(), IsOk());
  const auto rows = domain_.Index(state_);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[1].values[2], store::Value(std::string("thursday")));
  ASSERT_THAT(Handle(Closed(now_)), IsOk());
  EXPECT_THAT(domain_.Index(state_), SizeIs(1));
}

TEST_F(PlanStepsTest, RefusesAnOutcomeWhereThePathwayHasNone) {
  Open("pirkanmaa-toike");
  EXPECT_THAT(FieldsOf(CompleteWith("inclusion")), ElementsAre("outcome"));
}

TEST_F(PlanStepsTest, KeepsAPlanAndItsRevisionsWithinTheBudget) {
  Open("paijat-hame-pahee");
  ASSERT_THAT(Complete(), IsOk());
  v1::PlannedMeasure peer = Of("peer-coaching", "organisations/peers", 1, 60);
  peer.set_cost_euros(1800);
  v1::PlannedMeasure work = Of("co-operative-work", "organisations/tyoosuuskunta", 1, 60);
  EXPECT_THAT(FieldsOf(ProposeWithin(6001, {peer})), ElementsAre("personal_budget_euros"));
  EXPECT_THAT(FieldsOf(ProposeWithin(1799, {peer})), ElementsAre("personal_budget_euros"));
  work.set_cost_euros(1);
  EXPECT_THAT(FieldsOf(ProposeWithin(6000, {peer, work})), ElementsAre("measures[1].cost_euros"));
  ASSERT_THAT(ProposeWithin(2000, {peer}), IsOk());
  ASSERT_THAT(Approve(), IsOk());
  v1::ClientAssessmentInput revise;
  revise.mutable_revise_plan()->set_plan(kPlan);
  v1::PlannedMeasure& dearer = *revise.mutable_revise_plan()->add_changed();
  dearer = state_.plans(0).measures(0);
  dearer.set_cost_euros(2001);
  EXPECT_THAT(FieldsOf(Handle(revise)), ElementsAre("personal_budget_euros"));
  dearer.set_cost_euros(2000);
  EXPECT_THAT(Handle(revise), IsOk());
}

TEST_F(PlanStepsTest, KeepsToTheDaysOfTheMeasureType) {
  Open("savon-ote", "491", common::v1::SEGMENT_OUTSIDE_SERVICES);
  ASSERT_THAT(Complete(), IsOk());
  v1::PlannedMeasure club = Of("club", "organisations/mikkelin-toimipiste", 1, 30);
  club.set_group("monday");
  v1::PlannedMeasure work = Of("rehabilitative-work", "organisations/workshop", 31, 118);
  EXPECT_THAT(FieldsOf(Propose({club, work})), ElementsAre("measures[1].end_date"));  // 88 days.
  *work.mutable_end_date() = pipeline::ToProtoDay(kMonday + 119);
  for (int day = google::type::MONDAY; day <= google::type::FRIDAY; ++day) {
    AddSession(static_cast<google::type::DayOfWeek>(day), 540, 780, work);
  }
  EXPECT_THAT(FieldsOf(Propose({club, work})), ElementsAre("measures[1].sessions"));  // Five days a week.
  work.mutable_sessions()->RemoveLast();
  EXPECT_THAT(Propose({club, work}), IsOk());
}

}  // namespace
}  // namespace polku::assessment
