#include "services/assessment/domain/consultations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/testing/client.h"

namespace polku::assessment {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kConsultation[] = "clients/0190a000-0000-7000-8000-000000000001/consultations/1";
constexpr char kAsked[] = "organisations/occupational-health";

class ConsultationsTest : public ClientTest {
 protected:
  static v1::RequestConsultationRequest GoodRequest() {
    v1::RequestConsultationRequest request;
    request.set_assessment(kAssessment);
    request.set_organisation(kAsked);
    request.set_question("Is part-time work possible?");
    request.set_basis("act-703-2023");
    return request;
  }
  absl::Status Request(const v1::RequestConsultationRequest& request) {
    v1::ClientAssessmentInput input;
    *input.mutable_request_consultation() = request;
    return Handle(input);
  }
  absl::Status Answer(const std::string& organisation, const std::string& advice = "Yes, from January on.") {
    v1::ClientAssessmentInput input;
    input.mutable_answer_consultation()->set_name(kConsultation);
    input.mutable_answer_consultation()->set_advice(advice);
    const std::string own = std::exchange(organisation_, organisation);
    const absl::Status status = Handle(input);
    organisation_ = own;
    return status;
  }
  // Past the first contact and meeting, with one consultation.
  void AskOne() {
    ASSERT_THAT(Handle(Accepted(now_)), IsOk());
    ToldUntil(EndOfDay(LocalDay(now_) + 20));
    ASSERT_THAT(Request(GoodRequest()), IsOk());
  }
  const v1::Consultation& Reply() const { return static_cast<const v1::Consultation&>(*reply_); }
};

TEST_F(ConsultationsTest, IsAskedAndAnsweredWithoutTheTextsLeavingTheService) {
  AskOne();
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[1].consultation_requested().organisation(), kAsked);
  EXPECT_EQ(Reply().state(), v1::CONSULTATION_STATE_REQUESTED);
  EXPECT_EQ(pipeline::FromProto(Reply().due_time()), EndOfDay(LocalDay(now_) + 14));
  ASSERT_THAT(Answer(kAsked), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[1].consultation_answered().consultation(), kConsultation);
  EXPECT_EQ(Reply().advice(), "Yes, from January on.");
  EXPECT_EQ(state_.assessments(0).unit(), kUnit);
  EXPECT_EQ(ReasonOf(Answer(kAsked)), "CONSULTATION_ANSWERED");
}

TEST_F(ConsultationsTest, IsAnsweredByTheAskedOrganisationOnly) {
  AskOne();
  EXPECT_THAT(Answer(kUnit), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Answer(""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ViolationsOf(Answer(kAsked, ""))[0].field, "advice");
  EXPECT_EQ(ViolationsOf(Answer(kAsked, std::string(4001, 'x')))[0].field, "advice");
  EXPECT_THAT(Answer(kAsked), IsOk());
}

TEST_F(ConsultationsTest, IsToldOnceToBeOverdueAndMayStillBeAnswered) {
  AskOne();
  const absl::Time due = EndOfDay(LocalDay(now_) + 14);
  EXPECT_THAT(ToldUntil(due - absl::Microseconds(1)), IsEmpty());
  EXPECT_THAT(ToldUntil(due), ElementsAre(v1::ASSESSMENT_DEADLINE_CONSULTATION));
  EXPECT_EQ(events_[0].assessment_overdue().consultation(), kConsultation);
  EXPECT_EQ(state_.consultations(0).state(), v1::CONSULTATION_STATE_OVERDUE);
  EXPECT_THAT(Answer(kAsked), IsOk());
  EXPECT_EQ(state_.consultations(0).state(), v1::CONSULTATION_STATE_ANSWERED);
}

TEST_F(ConsultationsTest, TellsEachOfTwoThatAreDueTogether) {
  AskOne();
  ASSERT_THAT(Request(GoodRequest()), IsOk());
  EXPECT_THAT(ToldUntil(EndOfDay(LocalDay(now_) + 14)), SizeIs(2));
}

TEST_F(ConsultationsTest, IsNotToldOnceTheAssessmentIsComplete) {
  AskOne();
  ASSERT_THAT(Complete(), IsOk());
  EXPECT_THAT(ToldUntil(EndOfDay(LocalDay(now_) + 30)), IsEmpty());
  EXPECT_EQ(ReasonOf(Request(GoodRequest())), "ASSESSMENT_COMPLETE");
  EXPECT_THAT(Answer(kAsked), IsOk());
}

struct WrongRequest {
  const char* name;
  void (*change)(v1::RequestConsultationRequest& request);
  const char* field;
};

class RequestRefuses : public ConsultationsTest, public ::testing::WithParamInterface<WrongRequest> {};

TEST_P(RequestRefuses, NamingTheField) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  v1::RequestConsultationRequest request = GoodRequest();
  GetParam().change(request);
  const absl::Status status = Request(request);
  ASSERT_THAT(ViolationsOf(status), SizeIs(1)) << status;
  EXPECT_EQ(ViolationsOf(status)[0].field, GetParam().field);
  EXPECT_THAT(state_.consultations(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, RequestRefuses,
    ::testing::Values(
        WrongRequest{"NoOrganisation", [](auto& r) { r.clear_organisation(); }, "organisation"},
        WrongRequest{"OwnUnit", [](auto& r) { r.set_organisation(kUnit); }, "organisation"},
        WrongRequest{"NoQuestion", [](auto& r) { r.clear_question(); }, "question"},
        WrongRequest{"LongQuestion", [](auto& r) { r.set_question(std::string(4001, 'x')); }, "question"},
        WrongRequest{"NoBasis", [](auto& r) { r.clear_basis(); }, "basis"},
        WrongRequest{"PermissionOfAnother",
                     [](auto& r) { r.set_basis("clients/0190a000-0000-7000-8000-000000000002/permissions/1"); },
                     "basis"},
        WrongRequest{"DueInThePast",
                     [](auto& r) { *r.mutable_due_date() = pipeline::ToProtoDay(absl::CivilDay(2026, 11, 22)); },
                     "due_date"},
        WrongRequest{"DueFarAhead",
                     [](auto& r) { *r.mutable_due_date() = pipeline::ToProtoDay(absl::CivilDay(2027, 11, 24)); },
                     "due_date"},
        WrongRequest{"NoSuchDay", [](auto& r) { r.mutable_due_date()->set_year(2026); }, "due_date"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(ConsultationsTest, TakesAPermissionOfTheClientAndADayOfItsOwn) {
  ASSERT_THAT(Handle(Accepted(now_)), IsOk());
  v1::RequestConsultationRequest request = GoodRequest();
  request.set_basis(std::string(kClient) + "/permissions/3");
  EXPECT_EQ(ReasonOf(Request(request)), "PERMISSION_MISSING");
  v1::ClientAssessmentInput granted;
  granted.mutable_permission_granted()->set_permission(request.basis());
  granted.mutable_permission_granted()->set_organisation(kAsked);
  granted.mutable_permission_granted()->add_classes("assessment");
  *granted.mutable_permission_granted()->mutable_valid_from() = pipeline::ToProtoDay(LocalDay(now_));
  ASSERT_THAT(Handle(granted), IsOk());
  *request.mutable_due_date() = pipeline::ToProtoDay(LocalDay(now_));
  ASSERT_THAT(Request(request), IsOk());
  EXPECT_EQ(pipeline::FromProto(Reply().due_time()), EndOfDay(LocalDay(now_)));
}

}  // namespace
}  // namespace polku::assessment
