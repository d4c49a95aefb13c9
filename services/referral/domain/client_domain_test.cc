#include "services/referral/domain/client_domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/testing/client_fixture.h"
#include "services/referral/domain/views.h"

namespace polku::referral {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

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
        WrongField{"UnknownMunicipality", [](v1::Referral& r) { r.mutable_person()->set_municipality("903"); },
                   "referral.person.municipality"},
        WrongField{"MunicipalityOutsideEveryServiceArea",
                   [](v1::Referral& r) { r.mutable_person()->set_municipality("620"); },
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
  const ClientDomain strict(pathway::TestCatalogue(), HetuPolicy{}, kHashKey);
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

// A row of "persons_born" for a person of that name.
store::Row RowOfPerson(const std::string& client, const v1::Person& person) {
  const v1::Fingerprints keys = FingerprintsOf(person, HetuPolicy{.allow_test_codes = true}, kHashKey);
  return {client, absl::StrJoin(keys.family_name(), ","), absl::StrJoin(keys.given_name(), ","),
          int64_t{keys.has_identity_code()}};
}

TEST_F(ClientDomainTest, WarnsIntakeOfSomebodyOfTheSameBirthDateAndSimilarName) {
  v1::SubmitReferralRequest request = GoodRequest();
  v1::Person& person = *request.mutable_referral()->mutable_person();
  v1::Person uncoded = person;
  uncoded.clear_identity_code();
  *uncoded.mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(2016, 5, 1));
  uncoded.set_family_name("Canarifamily");
  v1::Person other = uncoded;
  other.set_given_names("Somebodyelse");
  const std::string similar = "clients/0190a000-0000-7000-8000-000000000002";
  lookups_ = {{RowOfPerson(similar, uncoded), RowOfPerson("clients/0190a000-0000-7000-8000-000000000003", other),
               RowOfPerson("clients/0190a000-0000-7000-8000-000000000004", person), RowOfPerson(kClient, uncoded)}};
  context_.principal = {kUnit, "system", "user-2", "intake", "care"};
  v1::ClientInput input;
  *input.mutable_submit_referral() = request;
  ASSERT_THAT(domain_.LookupsOf(kClient, state_, input), SizeIs(1));
  ASSERT_THAT(Handle(input), IsOk());
  ASSERT_THAT(reply_.possible_duplicates(), SizeIs(1));
  EXPECT_EQ(reply_.possible_duplicates(0).kind(), v1::PossibleDuplicate::KIND_SIMILAR_PERSON);
  EXPECT_EQ(reply_.possible_duplicates(0).client(), similar);
  context_.principal.role = "referrer";
  EXPECT_THAT(ToReply(state_, state_.referrals(0), 1, context_.principal).possible_duplicates(), IsEmpty());
}

TEST_F(ClientDomainTest, LooksForNobodyWithoutABirthDate) {
  v1::ClientInput input;
  EXPECT_THAT(domain_.LookupsOf(kClient, state_, input), IsEmpty());
  *input.mutable_submit_referral() = GoodRequest();
  input.mutable_submit_referral()->mutable_referral()->mutable_person()->clear_identity_code();
  EXPECT_THAT(domain_.LookupsOf(kClient, state_, input), IsEmpty());
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
  ASSERT_THAT(Submit(request), IsOk());
  state_.mutable_person()->set_municipality("620");  // Moved since.
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
