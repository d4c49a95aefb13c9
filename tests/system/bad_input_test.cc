// Every bad input gets a clear status that names the field, and changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

namespace network = coordinator_network::v1;
using ::testing::HasSubstr;

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
  return fields;
}

MATCHER_P(Names, field, "names the wrong field") {
  *result_listener << "whose status is " << arg.status().ToString();
  return arg.status().code() == absl::StatusCode::kInvalidArgument &&
         FieldsOf(arg.status()) == std::vector<std::string>{field};
}

class BadInput : public ::testing::Test {
 protected:
  auto Submit(const referral::v1::SubmitReferralRequest& request) {
    return region_.Call(&Referrals::SubmitReferral, kReferrer, request);
  }
  auto Accept(const std::string& referral, const std::string& pathway, int version) {
    referral::v1::AcceptReferralRequest request;
    request.set_name(referral);
    request.set_pathway(pathway);
    request.set_pathway_version(version);
    return region_.Call(&Referrals::AcceptReferral, kIntake, request);
  }
  int CountReferrals() { return region_.Call(&Referrals::ListReferrals, kIntake, {})->referrals_size(); }

  Region region_;
};

TEST_F(BadInput, RefusesAWrongIdentityCodeInEachWay) {
  const std::vector<std::string> wrong = {
      "131052-908",   // Too short.
      "310252-9085",  // The 31st of February.
      "131052*9085",  // No such century sign.
      "131052-9086",  // Another check character.
  };
  for (const std::string& code : wrong) {
    auto request = region_.Referral();
    request.mutable_referral()->mutable_person()->set_identity_code(code);
    const auto reply = Submit(request);
    EXPECT_THAT(reply, Names("referral.person.identity_code"));
    EXPECT_EQ(reply.status().message().find(code), absl::string_view::npos);
  }
  EXPECT_EQ(CountReferrals(), 0);
}

TEST_F(BadInput, RefusesAMunicipalityThatIsNoneOrIsNotServed) {
  auto request = region_.Referral();
  request.mutable_referral()->mutable_person()->set_municipality("20");
  EXPECT_THAT(Submit(request), Names("referral.person.municipality"));
  request.mutable_referral()->mutable_person()->set_municipality("999");
  EXPECT_THAT(Submit(request), Names("referral.person.municipality"));
}

TEST_F(BadInput, RefusesAnUnknownPathwayOrVersionAndKeepsTheReferralOpen) {
  const auto sent = Submit(region_.Referral());
  ASSERT_THAT(sent, IsOk());
  EXPECT_THAT(Accept(sent->name(), "nowhere", 1), Names("pathway"));
  EXPECT_THAT(Accept(sent->name(), "kainuu-unemployed", 77), Names("pathway_version"));
  EXPECT_THAT(Accept(sent->name(), "kainuu-unemployed", 1), IsOk());
}

TEST_F(BadInput, RefusesACatalogueWithAWrongServiceAndKeepsNothingOfIt) {
  network::ImportServicesRequest request;
  request.mutable_catalogue()->set_provider("organisations/provider");
  for (const char* name : {"organisations/provider/services/a", "organisations/provider/services/b"}) {
    network::ServiceEntry& service = *request.mutable_catalogue()->add_services();
    service.set_name(name);
    service.mutable_title()->set_fi("Paja");
    service.mutable_title()->set_sv("Verkstad");
    service.mutable_title()->set_en("Workshop");
    service.add_needs("work-ability");
    service.add_municipalities("205");
    service.add_segments(common::v1::SEGMENT_UNEMPLOYED);
  }
  request.mutable_catalogue()->mutable_services(1)->set_municipalities(0, "999");
  EXPECT_THAT(region_.Call(&Coordinators::ImportServices, kLead, request),
              Names("catalogue.services[1].municipalities"));
  EXPECT_EQ(region_.Call(&Coordinators::SearchServices, kLead, {})->services_size(), 0);
  network::SearchServicesRequest search;
  search.set_need("no-such-need");
  EXPECT_THAT(region_.Call(&Coordinators::SearchServices, kLead, search), Names("need"));
}

TEST_F(BadInput, RefusesDatesInTheWrongOrder) {
  const std::string client = region_.PlannedClient();
  assessment::v1::ProposePlanRequest request;
  request.set_assessment(absl::StrCat(client, "/assessments/1"));
  *request.add_measures() = region_.Measure();
  request.mutable_measures(0)->mutable_end_date()->set_year(2025);
  EXPECT_THAT(region_.Call(&Assessments::ProposePlan, kCoordinator, request), Names("measures[0].end_date"));
}

TEST_F(BadInput, RefusesARequestIdWithOtherContent) {
  auto request = region_.Referral();
  request.set_request_id("01890a5d-ac96-774b-bcce-b302099a8057");
  ASSERT_THAT(Submit(request), IsOk());
  request.mutable_referral()->set_reason("another");
  const auto reply = Submit(request);
  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(FieldsOf(reply.status()), std::vector<std::string>{"referral"});
  EXPECT_EQ(ReasonOf(reply.status()), "REQUEST_ID_REUSED");
  request.set_request_id("not-a-uuid");
  EXPECT_THAT(Submit(request), Names("request_id"));
  EXPECT_EQ(CountReferrals(), 1);
}

TEST_F(BadInput, RefusesThePageTokenOfAnotherQuery) {
  ASSERT_THAT(Submit(region_.Referral()), IsOk());
  ASSERT_THAT(Submit(region_.Referral()), IsOk());
  referral::v1::ListReferralsRequest request;
  request.set_page_size(1);
  const auto page = region_.Call(&Referrals::ListReferrals, kIntake, request);
  ASSERT_THAT(page, IsOk());
  request.set_page_token(page->next_page_token());
  EXPECT_THAT(region_.Call(&Referrals::ListReferrals, kIntake, request), IsOk());
  request.set_state(referral::v1::REFERRAL_STATE_RECEIVED);
  EXPECT_THAT(region_.Call(&Referrals::ListReferrals, kIntake, request), Names("page_token"));
}

TEST_F(BadInput, RefusesAnOversizedMessage) {
  auto request = region_.Referral();
  const int limit = region_.config().part.gate.request_bytes_max;
  request.mutable_referral()->set_reason(std::string(limit, 'x'));
  const auto refused = Submit(request);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(absl::StrCat("limit is ", limit))));
  EXPECT_EQ(ReasonOf(refused.status()), "REQUEST_TOO_LARGE");
  const int largest = region_.config().grpc_limits.receive_bytes_max;
  request.mutable_referral()->set_reason(std::string(largest, 'x'));
  EXPECT_THAT(Submit(request), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(absl::StrCat(largest))));
  request.mutable_referral()->set_reason(std::string(5000, 'x'));
  EXPECT_THAT(Submit(request), Names("referral.reason"));
  EXPECT_EQ(CountReferrals(), 0);
}

TEST_F(BadInput, RefusesUnknownEnumNumbers) {
  constexpr int kUnknown = 99;
  auto request = region_.Referral();
  request.mutable_referral()->set_segment(static_cast<common::v1::Segment>(kUnknown));
  EXPECT_THAT(Submit(request), Names("referral.segment"));

  const std::string client = region_.PlannedClient();
  follow_up::v1::EndMeasureEarlyRequest end;
  end.set_name(absl::StrCat(client, "/measures/1"));
  *end.mutable_end_date() = pipeline::ToProtoDay(absl::CivilDay(2026, 3, 2));
  end.set_reason(static_cast<follow_up::v1::EndReason>(kUnknown));
  EXPECT_THAT(region_.Call(&FollowUps::EndMeasureEarly, kProvider, end), Names("reason"));

  region_.MoveTo(absl::CivilDay(2026, 3, 3), 8);
  follow_up::v1::StartMeasureRequest start;
  start.set_name(end.name());
  *start.mutable_start_date() = pipeline::ToProtoDay(absl::CivilDay(2026, 3, 3));
  ASSERT_THAT(region_.Call(&FollowUps::StartMeasure, kProvider, start), IsOk());
  follow_up::v1::RecordAttendanceRequest marks;
  for (const int status : {kUnknown, int{follow_up::v1::ATTENDANCE_STATUS_PRESENT}}) {
    follow_up::v1::AttendanceMark& mark = *marks.add_marks();
    mark.set_measure(end.name());
    *mark.mutable_date() = start.start_date();
    mark.set_status(static_cast<follow_up::v1::AttendanceStatus>(status));
  }
  const auto reply = region_.Call(&FollowUps::RecordAttendance, kProvider, marks);
  ASSERT_THAT(reply, IsOk());
  ASSERT_EQ(reply->results_size(), 2);
  EXPECT_EQ(reply->results(0).code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(reply->results(0).message(), HasSubstr("marks[0].status: "));
  EXPECT_EQ(reply->results(1).code(), 0);  // A wrong row does not hold back the right one.
}

// A case that is brought in is one client's, whoever sends it again.
TEST_F(BadInput, RefusesACaseThatAnotherClientWasBroughtInFrom) {
  const std::string first = region_.AcceptedClient();
  auto other = region_.Referral();
  other.mutable_referral()->mutable_person()->set_identity_code("010516B903X");
  const auto second = Submit(other);
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT(Accept(second->name(), "kainuu-unemployed", 0), IsOk());
  region_.Rest();
  follow_up::v1::ImportJourneyRequest import;
  import.set_client(first);
  import.set_case_number("A/1");
  *import.mutable_watch_from() = pipeline::ToProtoDay(LocalDay(region_.clock().Now()));
  const auto bring_in = [&] { return region_.Call(&FollowUps::ImportJourney, kLead, import); };
  ASSERT_THAT(bring_in(), IsOk());
  import.set_client(*ClientOf(second->name()));
  EXPECT_EQ(ReasonOf(bring_in().status()), "CASE_IMPORTED");
  import.set_client(first);
  const auto again = bring_in();
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->already());
  import.set_client(*ClientOf(second->name()));
  import.set_case_number("A/2");
  EXPECT_THAT(bring_in(), IsOk()) << "nothing was lost";
}

TEST_F(BadInput, RefusesCallersWithoutNameOrRight) {
  const Who nobody{"organisations/unit", "visitor"};
  EXPECT_THAT(region_.Call(&Referrals::SubmitReferral, nobody, region_.Referral()),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(region_.Call(&Referrals::SubmitReferral, kProvider, region_.Referral()),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace polku::system_test
