#include "services/referral/domain/client_domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"

namespace polku::referral {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kClient[] = "clients/0190a000-0000-7000-8000-000000000001";
constexpr char kReferral[] = "clients/0190a000-0000-7000-8000-000000000001/referrals/1";
constexpr char kUnit[] = "organisations/kainuu-intake";
constexpr char kReferrer[] = "organisations/employment-area";
// Individual number 903: nobody's for life.
constexpr char kCode[] = "010516B903X";
// Whatever of the person must not get out of the sealed rows.
const std::vector<std::string> kCanaries = {kCode,           "Canaryfamily", "Canarygiven", "+358 00 9876",
                                            "canary@x.test", "Canarystreet", "Canaryreason"};

v1::SubmitReferralRequest GoodRequest() {
  v1::SubmitReferralRequest request;
  v1::Referral& referral = *request.mutable_referral();
  referral.set_receiving_unit(kUnit);
  referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  referral.add_needs("work-ability");
  referral.set_reason("Canaryreason");
  v1::Person& person = *referral.mutable_person();
  person.set_identity_code(kCode);
  person.set_family_name("Canaryfamily");
  person.set_given_names("Canarygiven");
  person.set_municipality("205");
  person.set_language("fi");
  person.set_phone("+358 00 9876");
  person.set_email("canary@x.test");
  person.set_postal_address("Canarystreet 1");
  return request;
}

class ClientDomainTest : public ::testing::Test {
 protected:
  // Decides and folds, as the corridor does.
  absl::StatusOr<pipeline::Decision<v1::ClientEvent>> Handle(const v1::ClientInput& input) {
    context_.key = kClient;
    context_.now = now_;
    context_.next_version = version_ + 1;
    auto decision = domain_.Decide(state_, input, context_);
    if (decision.ok()) {
      for (const v1::ClientEvent& event : decision->events) domain_.Evolve(event, state_);
      version_ += static_cast<int64_t>(decision->events.size());
      events_ = decision->events;
      if (decision->reply != nullptr) reply_ = static_cast<const v1::Referral&>(*decision->reply);
    }
    return decision;
  }
  absl::Status Submit(const v1::SubmitReferralRequest& request) {
    context_.principal = {kReferrer, "system", "user-1", "referrer", "care"};
    v1::ClientInput input;
    *input.mutable_submit_referral() = request;
    return Handle(input).status();
  }
  absl::Status Accept(const std::string& pathway = "kainuu-unemployed", int version = 0,
                      const std::string& organisation = kUnit) {
    context_.principal = {organisation, "system", "user-2", "intake", "care"};
    v1::ClientInput input;
    input.mutable_accept_referral()->set_name(kReferral);
    input.mutable_accept_referral()->set_pathway(pathway);
    input.mutable_accept_referral()->set_pathway_version(version);
    input.mutable_accept_referral()->set_text("welcome");
    return Handle(input).status();
  }
  absl::Status Decline(v1::DeclineReason reason, const std::string& text = "") {
    context_.principal = {kUnit, "system", "user-2", "intake", "care"};
    v1::ClientInput input;
    input.mutable_decline_referral()->set_name(kReferral);
    input.mutable_decline_referral()->set_reason(reason);
    input.mutable_decline_referral()->set_text(text);
    return Handle(input).status();
  }
  absl::Status Opened(const std::string& referral = kReferral) {
    v1::ClientInput input;
    input.mutable_journey_opened()->set_client(kClient);
    input.mutable_journey_opened()->set_referral(referral);
    *input.mutable_journey_opened()->mutable_open_time() = pipeline::ToProto(now_);
    return Handle(input).status();
  }
  absl::Status Closed(absl::Time close_time) {
    v1::ClientInput input;
    input.mutable_journey_closed()->set_client(kClient);
    *input.mutable_journey_closed()->mutable_close_time() = pipeline::ToProto(close_time);
    return Handle(input).status();
  }
  v1::ReferralState StateOf() const { return state_.referrals(0).state(); }

  const ClientDomain domain_{pathway::TestCatalogue(), HetuPolicy{.allow_test_codes = true}};
  absl::Time now_ = LocalTime(absl::CivilDay(2026, 11, 23), 600);
  pipeline::Context context_;
  v1::Client state_;
  int64_t version_ = 0;
  std::vector<v1::ClientEvent> events_;  // Of the last decision.
  v1::Referral reply_;
};

TEST_F(ClientDomainTest, RecordsThePersonAndTellsOthersOnlyOfTheReferral) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  ASSERT_THAT(events_, SizeIs(3));
  EXPECT_TRUE(events_[0].has_person_recorded());
  EXPECT_TRUE(events_[1].has_referral_recorded());
  const v1::ReferralReceived& received = events_[2].referral_received();
  EXPECT_EQ(received.referral(), kReferral);
  EXPECT_EQ(received.referrer(), kReferrer);
  EXPECT_EQ(state_.name(), kClient);
  EXPECT_EQ(state_.person().birth_date().year(), 2016);
  EXPECT_EQ(reply_.name(), kReferral);
  EXPECT_EQ(reply_.business_status(), "2.0");
  EXPECT_EQ(reply_.etag(), "3");
  EXPECT_FALSE(reply_.has_person());
}

TEST_F(ClientDomainTest, LetsNothingOfThePersonIntoIndexRowsOrPublicEvents) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  std::string out = events_[2].referral_received().DebugString();
  ASSERT_THAT(Accept(), IsOk());
  out += events_[1].referral_accepted().DebugString();
  for (const pipeline::IndexRow& row : domain_.Index(state_)) {
    for (const store::Row& cells : {row.key, row.values}) {
      for (const store::Value& value : cells) {
        if (const auto* text = std::get_if<std::string>(&value)) out += *text + "\n";
      }
    }
  }
  EXPECT_THAT(out, HasSubstr(kReferral));
  for (const std::string& canary : kCanaries) EXPECT_THAT(out, Not(HasSubstr(canary)));
}

struct WrongField {
  const char* name;
  void (*change)(v1::Referral& referral);
  const char* field;
};

class SubmitRefuses : public ClientDomainTest, public ::testing::WithParamInterface<WrongField> {};

TEST_P(SubmitRefuses, NamingTheFieldWithoutItsContent) {
  v1::SubmitReferralRequest request = GoodRequest();
  GetParam().change(*request.mutable_referral());
  const absl::Status status = Submit(request);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(ViolationsOf(status), SizeIs(1)) << status;
  EXPECT_EQ(ViolationsOf(status)[0].field, GetParam().field);
  EXPECT_THAT(events_, IsEmpty());
  for (const char* content : {"WRONG", "903", "Canary", "canary", "9876"}) {
    EXPECT_THAT(status.ToString(), Not(HasSubstr(content)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, SubmitRefuses,
    ::testing::Values(
        WrongField{"Unit", [](v1::Referral& r) { r.set_receiving_unit("WRONG"); }, "referral.receiving_unit"},
        WrongField{"NoSegment", [](v1::Referral& r) { r.clear_segment(); }, "referral.segment"},
        WrongField{"UnknownSegment", [](v1::Referral& r) { r.set_segment(static_cast<common::v1::Segment>(99)); },
                   "referral.segment"},
        WrongField{"NoNeeds", [](v1::Referral& r) { r.clear_needs(); }, "referral.needs"},
        WrongField{"ManyNeeds",
                   [](v1::Referral& r) {
                     for (int i = 0; i < 20; ++i) r.add_needs(absl::StrCat("need-", i));
                   },
                   "referral.needs"},
        WrongField{"NeedTwice", [](v1::Referral& r) { r.add_needs("work-ability"); }, "referral.needs[1]"},
        WrongField{"NeedCode", [](v1::Referral& r) { r.set_needs(0, "WRONG"); }, "referral.needs[0]"},
        WrongField{"LongReason", [](v1::Referral& r) { r.set_reason(std::string(4001, 'x')); }, "referral.reason"},
        WrongField{"NoPerson", [](v1::Referral& r) { r.clear_person(); }, "referral.person"},
        WrongField{"Code", [](v1::Referral& r) { r.mutable_person()->set_identity_code("010516B903Y"); },
                   "referral.person.identity_code"},
        WrongField{"CodeInSpaces", [](v1::Referral& r) { r.mutable_person()->set_identity_code(" 010516B903X"); },
                   "referral.person.identity_code"},
        WrongField{"OtherBirthDate",
                   [](v1::Referral& r) {
                     *r.mutable_person()->mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(2016, 5, 2));
                   },
                   "referral.person.birth_date"},
        WrongField{"NoBirthDate", [](v1::Referral& r) { r.mutable_person()->clear_identity_code(); },
                   "referral.person.birth_date"},
        WrongField{"BirthDateToCome",
                   [](v1::Referral& r) {
                     r.mutable_person()->clear_identity_code();
                     *r.mutable_person()->mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(2026, 11, 24));
                   },
                   "referral.person.birth_date"},
        WrongField{"NoName",
                   [](v1::Referral& r) {
                     r.mutable_person()->clear_identity_code();
                     r.mutable_person()->clear_family_name();
                     *r.mutable_person()->mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1990, 1, 1));
                   },
                   "referral.person.family_name"},
        WrongField{"LongName", [](v1::Referral& r) { r.mutable_person()->set_family_name(std::string(201, 'x')); },
                   "referral.person.family_name"},
        WrongField{"Municipality", [](v1::Referral& r) { r.mutable_person()->set_municipality("0205"); },
                   "referral.person.municipality"},
        WrongField{"NoMunicipality", [](v1::Referral& r) { r.mutable_person()->clear_municipality(); },
                   "referral.person.municipality"},
        WrongField{"Language", [](v1::Referral& r) { r.mutable_person()->set_language("FI"); },
                   "referral.person.language"},
        WrongField{"Phone", [](v1::Referral& r) { r.mutable_person()->set_phone("WRONG"); }, "referral.person.phone"},
        WrongField{"Email", [](v1::Referral& r) { r.mutable_person()->set_email("WRONG"); }, "referral.person.email"},
        WrongField{"Address", [](v1::Referral& r) { r.mutable_person()->set_postal_address(std::string(401, 'x')); },
                   "referral.person.postal_address"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(ClientDomainTest, NamesAllWrongFieldsAtOnce) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->clear_needs();
  request.mutable_referral()->mutable_person()->set_municipality("x");
  EXPECT_THAT(ViolationsOf(Submit(request)), SizeIs(2));
  EXPECT_THAT(ViolationsOf(Submit(v1::SubmitReferralRequest())), SizeIs(1));
}

TEST_F(ClientDomainTest, RefusesATestCodeUnlessAllowed) {
  const ClientDomain strict(pathway::TestCatalogue(), HetuPolicy{});
  context_.key = kClient;
  context_.now = now_;
  context_.principal.organisation = kReferrer;
  v1::ClientInput input;
  *input.mutable_submit_referral() = GoodRequest();
  EXPECT_THAT(strict.Decide(state_, input, context_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("referral.person.identity_code")));
}

TEST_F(ClientDomainTest, TakesAPersonWithoutCodeAndOneWithoutNames) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->mutable_person()->clear_identity_code();
  *request.mutable_referral()->mutable_person()->mutable_birth_date() =
      pipeline::ToProtoDay(absl::CivilDay(1990, 1, 1));
  EXPECT_THAT(Submit(request), IsOk());
  request = GoodRequest();
  request.mutable_referral()->mutable_person()->clear_family_name();
  request.mutable_referral()->mutable_person()->clear_given_names();
  EXPECT_THAT(Submit(request), IsOk());
}

TEST_F(ClientDomainTest, RefusesACallerWithoutOrganisation) {
  v1::ClientInput input;
  *input.mutable_submit_referral() = GoodRequest();
  const absl::Status status = Handle(input).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ReasonOf(status), "ORGANISATION_REQUIRED");
}

// What the latest referral tells replaces what was known; what it leaves out stays, and a
// safety order is not lifted by a sender who does not know of it.
TEST_F(ClientDomainTest, UpdatesThePersonByTheLatestReferral) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->mutable_person()->set_non_disclosure(true);
  ASSERT_THAT(Submit(request), IsOk());
  v1::SubmitReferralRequest second = GoodRequest();
  second.mutable_referral()->mutable_person()->set_family_name("Newname");
  second.mutable_referral()->mutable_person()->clear_phone();
  ASSERT_THAT(Submit(second), IsOk());
  EXPECT_EQ(state_.person().family_name(), "Newname");
  EXPECT_EQ(state_.person().phone(), "+358 00 9876");
  EXPECT_TRUE(state_.person().non_disclosure());
  EXPECT_EQ(reply_.name(), absl::StrCat(kClient, "/referrals/2"));
  // The same again changes nothing about the person.
  ASSERT_THAT(Submit(second), IsOk());
  EXPECT_FALSE(events_[0].has_person_recorded());
}

TEST_F(ClientDomainTest, IgnoresWhatACallerSaysAboutOutputFields) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->set_name("clients/x/referrals/7");
  request.mutable_referral()->set_referrer("organisations/other");
  request.mutable_referral()->set_state(v1::REFERRAL_STATE_CLOSED);
  request.mutable_referral()->set_pathway("kainuu-unemployed");
  ASSERT_THAT(Submit(request), IsOk());
  EXPECT_EQ(reply_.name(), kReferral);
  EXPECT_EQ(reply_.referrer(), kReferrer);
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(reply_.pathway(), "");
}

TEST_F(ClientDomainTest, AcceptsOntoTheNewestPathway) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[0].referral_answer_recorded().user(), "user-2");
  const v1::ReferralAccepted& accepted = events_[1].referral_accepted();
  EXPECT_EQ(accepted.pathway_version(), 1);
  EXPECT_EQ(accepted.municipality(), "205");
  EXPECT_EQ(accepted.language(), "fi");
  EXPECT_EQ(pipeline::FromProto(accepted.accept_time()), now_);
  EXPECT_EQ(reply_.business_status(), "3.0");
  EXPECT_EQ(reply_.answer_text(), "welcome");
  const absl::Status again = Accept();
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(again), "REFERRAL_ANSWERED");
}

TEST_F(ClientDomainTest, KeepsTheMunicipalityOfAProtectedClientToItself) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->mutable_person()->set_non_disclosure(true);
  ASSERT_THAT(Submit(request), IsOk());
  ASSERT_THAT(Accept(), IsOk());
  EXPECT_EQ(events_[1].referral_accepted().municipality(), "");
}

TEST_F(ClientDomainTest, AcceptsAProtectedClientWhoWithheldTheMunicipality) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->mutable_person()->set_non_disclosure(true);
  request.mutable_referral()->mutable_person()->clear_municipality();
  ASSERT_THAT(Submit(request), IsOk());
  EXPECT_THAT(Accept(), IsOk());
}

TEST_F(ClientDomainTest, RefusesToAcceptWhatThePathwayDoesNotServe) {
  v1::SubmitReferralRequest request = GoodRequest();
  request.mutable_referral()->set_segment(common::v1::SEGMENT_STUDENT);
  request.mutable_referral()->mutable_person()->set_municipality("620");
  ASSERT_THAT(Submit(request), IsOk());
  const absl::Status status = Accept();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("620"))));
  EXPECT_THAT(ViolationsOf(status), SizeIs(2));
  EXPECT_EQ(StateOf(), v1::REFERRAL_STATE_RECEIVED);
}

TEST_F(ClientDomainTest, RefusesAnUnknownPathwayOrVersion) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  EXPECT_THAT(ViolationsOf(Accept("")), ElementsAre(FieldViolation{"pathway", "is needed"}));
  EXPECT_THAT(ViolationsOf(Accept("nowhere")), ElementsAre(FieldViolation{"pathway", "is not in the catalogue"}));
  EXPECT_EQ(ViolationsOf(Accept("kainuu-unemployed", 9))[0].field, "pathway_version");
  EXPECT_EQ(ViolationsOf(Accept("kainuu-unemployed", -1))[0].field, "pathway_version");
}

TEST_F(ClientDomainTest, HidesAReferralFromEveryUnitButTheReceiving) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  EXPECT_THAT(Accept("kainuu-unemployed", 0, "organisations/other"), StatusIs(absl::StatusCode::kNotFound));
  state_.Clear();
  EXPECT_THAT(Accept(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ClientDomainTest, DeclinesWithAReasonAndTextWhereNeeded) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  EXPECT_EQ(ViolationsOf(Decline(v1::DECLINE_REASON_UNSPECIFIED))[0].field, "reason");
  EXPECT_EQ(ViolationsOf(Decline(v1::DECLINE_REASON_OTHER))[0].field, "text");
  EXPECT_EQ(ViolationsOf(Decline(v1::DECLINE_REASON_NO_CAPACITY, std::string(4001, 'x')))[0].field, "text");
  ASSERT_THAT(Decline(v1::DECLINE_REASON_NO_CAPACITY), IsOk());
  EXPECT_EQ(reply_.business_status(), "4.0");
  EXPECT_EQ(reply_.decline_reason(), v1::DECLINE_REASON_NO_CAPACITY);
  EXPECT_THAT(Accept(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ClientDomainTest, FollowsTheJourney) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_THAT(Opened(), IsOk());
  EXPECT_EQ(StateOf(), v1::REFERRAL_STATE_IN_SERVICE);
  ASSERT_THAT(Closed(now_), IsOk());
  EXPECT_EQ(StateOf(), v1::REFERRAL_STATE_CLOSED);
  EXPECT_EQ(BusinessStatus(StateOf()), "7.0");
  ASSERT_THAT(Opened(), IsOk());  // Opened again.
  EXPECT_EQ(StateOf(), v1::REFERRAL_STATE_IN_SERVICE);
}

TEST_F(ClientDomainTest, NeverRefusesAJourneyFact) {
  EXPECT_THAT(Closed(now_), IsOk());
  EXPECT_THAT(Opened(), IsOk());
  EXPECT_THAT(events_, IsEmpty());
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  EXPECT_THAT(Opened(), IsOk());
  EXPECT_THAT(Opened("clients/x/referrals/9"), IsOk());
  EXPECT_THAT(Closed(now_), IsOk());
  EXPECT_EQ(StateOf(), v1::REFERRAL_STATE_RECEIVED);
}

TEST_F(ClientDomainTest, LeavesAReferralOpenThatWasAcceptedAfterTheClosing) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_THAT(Closed(now_ - absl::Seconds(1)), IsOk());
  EXPECT_EQ(StateOf(), v1::REFERRAL_STATE_ACCEPTED);
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(ClientDomainTest, FindsTheKeyInTheName) {
  v1::ClientInput input;
  input.mutable_accept_referral()->set_name(kReferral);
  EXPECT_THAT(domain_.KeyOf(input), IsOkAndHolds(std::string(kClient)));
  for (const char* name : {"", kClient, "clients/1/referrals/1", "organisations/x/referrals/1"}) {
    input.mutable_accept_referral()->set_name(name);
    EXPECT_THAT(domain_.KeyOf(input), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
}

}  // namespace
}  // namespace polku::referral
