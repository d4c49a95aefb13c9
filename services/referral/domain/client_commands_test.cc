// Contact, identity, permissions, restriction and erasure; and the capacity of a unit.
#include "services/referral/domain/client_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/hetu.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/testing/client_fixture.h"
#include "services/referral/domain/unit_domain.h"

namespace polku::referral {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ClientCommands : public ClientDomainTest {
 protected:
  void SetUp() override { ASSERT_THAT(Submit(GoodRequest()), IsOk()); }

  absl::Status Update(const v1::Person& contact, const std::vector<std::string>& paths,
                      const std::string& role = "intake") {
    v1::UpdateContactRequest request;
    request.set_client(kClient);
    *request.mutable_contact() = contact;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    return Do(kUnit, role, request);
  }
  absl::Status Correct(const v1::Person& person, v1::CorrectionReason reason = v1::CORRECTION_REASON_ENTERED_WRONG) {
    v1::CorrectIdentityRequest request;
    request.set_client(kClient);
    *request.mutable_person() = person;
    request.set_reason(reason);
    return Do(kUnit, "intake", request);
  }
  v1::GrantPermissionRequest Grant(bool denial = false) {
    v1::GrantPermissionRequest request;
    request.set_client(kClient);
    request.set_purpose("multi-agency-meeting");
    request.set_organisation("organisations/kela");
    request.add_classes("referral");
    request.set_denial(denial);
    return request;
  }
  absl::Status Restrict(bool restricted, bool schedule = false) {
    v1::RestrictProcessingRequest request;
    request.set_client(kClient);
    request.set_restricted(restricted);
    request.set_reason(v1::RESTRICTION_REASON_OBJECTION);
    request.set_schedule_erasure(schedule);
    return Do(kUnit, "intake", request);
  }
  absl::Status Erase() {
    v1::EraseClientRequest request;
    request.set_client(kClient);
    return Do(kUnit, "intake", request);
  }
};

TEST_F(ClientCommands, ChangeOnlyTheContactsThatTheMaskNames) {
  v1::Person contact;
  contact.set_email("new@x.test");
  contact.set_phone("WRONG");
  ASSERT_THAT(Update(contact, {"email", "postal_address"}), IsOk());
  EXPECT_EQ(state_.person().email(), "new@x.test");
  EXPECT_EQ(state_.person().postal_address(), "");
  EXPECT_EQ(state_.person().phone(), "+358 00 9876");
  EXPECT_EQ(state_.person().family_name(), "Canaryfamily");
  const absl::Status wrong = Update(contact, {"phone"});
  EXPECT_EQ(ViolationsOf(wrong)[0].field, "contact.phone");
  EXPECT_EQ(ViolationsOf(Update(contact, {}))[0].field, "update_mask");
  EXPECT_EQ(ViolationsOf(Update(contact, {"family_name"}))[0].field, "update_mask");
  // The same again is no event.
  ASSERT_THAT(Update(contact, {"email"}), IsOk());
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(ClientCommands, KeepWhereaboutsUnderASafetyOrderToIntake) {
  v1::Person contact;
  contact.set_non_disclosure(true);
  EXPECT_EQ(ReasonOf(Update(contact, {"non_disclosure"}, "coordinator")), "SAFETY_ORDER");
  ASSERT_THAT(Update(contact, {"municipality"}, "coordinator"), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(Update(contact, {"non_disclosure"}), IsOk());
  contact.set_municipality("620");
  EXPECT_EQ(ReasonOf(Update(contact, {"municipality"}, "coordinator")), "SAFETY_ORDER");
  EXPECT_THAT(Update(contact, {"municipality"}), IsOk());
  contact.set_phone("123");
  EXPECT_THAT(Update(contact, {"phone"}, "coordinator"), IsOk());
  EXPECT_TRUE(state_.person().non_disclosure());
}

TEST_F(ClientCommands, CorrectNames) {
  v1::Person person;
  EXPECT_EQ(ViolationsOf(Correct(person))[0].field, "person");
  person.set_family_name("Newname");
  EXPECT_EQ(ViolationsOf(Correct(person, v1::CORRECTION_REASON_UNSPECIFIED))[0].field, "reason");
  EXPECT_EQ(ViolationsOf(Correct(person, v1::CORRECTION_REASON_OTHER))[0].field, "text");
  ASSERT_THAT(Correct(person), IsOk());
  EXPECT_EQ(state_.person().family_name(), "Newname");
  EXPECT_EQ(state_.person().given_names(), "Canarygiven");
  *person.mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1990, 1, 1));
  EXPECT_EQ(ViolationsOf(Correct(person))[0].field, "person.birth_date");
}

TEST_F(ClientCommands, ReplaceAWrongCodeAndLetItGo) {
  const HetuPolicy policy{.allow_test_codes = true};
  v1::ClientInput input;
  v1::CorrectIdentityRequest& request = *input.mutable_correct_identity();
  request.set_client(kClient);
  request.set_reason(v1::CORRECTION_REASON_ENTERED_WRONG);
  request.mutable_person()->set_identity_code("131052-9085");
  context_.principal = {kUnit, "system", "user-3", "intake", "care"};
  const auto decision = Handle(input);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(state_.person().identity_code(), "131052-9085");
  EXPECT_EQ(state_.person().birth_date().year(), 1952);
  ASSERT_THAT(decision->aliases, SizeIs(1));
  EXPECT_EQ(decision->aliases[0].kind, "hetu");
  EXPECT_EQ(decision->aliases[0].keyed_hash, IdentityHash(kHashKey, *Hetu::Parse(kCode, policy)));
  EXPECT_EQ(decision->aliases[0].key, "");
  // The same again, and names alone, let nothing go.
  EXPECT_THAT(Handle(input)->aliases, IsEmpty());
  request.mutable_person()->clear_identity_code();
  request.mutable_person()->set_family_name("Newname");
  EXPECT_THAT(Handle(input)->aliases, IsEmpty());
}

TEST_F(ClientCommands, TakeTheCodeOfAClientWhoHadNone) {
  state_.mutable_person()->clear_identity_code();
  v1::Person person;
  person.set_identity_code("131052-9085");
  ASSERT_THAT(Correct(person, v1::CORRECTION_REASON_CODE_BECAME_KNOWN), IsOk());
  EXPECT_EQ(state_.person().identity_code(), "131052-9085");
  EXPECT_EQ(state_.person().birth_date().year(), 1952);
  EXPECT_TRUE(state_.fingerprints().has_identity_code());
  // The code led to another client: its aggregate refuses what is meant for this one.
  v1::CorrectIdentityRequest other;
  other.set_client("clients/0190a000-0000-7000-8000-000000000002");
  *other.mutable_person() = person;
  EXPECT_EQ(ReasonOf(Do(kUnit, "intake", other)), "IDENTITY_CODE_TAKEN");
}

TEST_F(ClientCommands, GrantAndWithdrawAPermission) {
  ASSERT_THAT(Do(kUnit, "intake", Grant()), IsOk());
  const v1::PermissionGranted& granted = events_[0].permission_granted();
  EXPECT_EQ(granted.permission(), absl::StrCat(kClient, "/permissions/1"));
  EXPECT_EQ(granted.valid_from().day(), 23);
  EXPECT_FALSE(granted.has_valid_to());
  v1::WithdrawPermissionRequest withdraw;
  withdraw.set_name(granted.permission());
  ASSERT_THAT(Do(kUnit, "intake", withdraw), IsOk());
  EXPECT_EQ(events_[0].permission_withdrawn().organisation(), "organisations/kela");
  EXPECT_EQ(ReasonOf(Do(kUnit, "intake", withdraw)), "PERMISSION_WITHDRAWN");
  withdraw.set_name(absl::StrCat(kClient, "/permissions/9"));
  EXPECT_THAT(Do(kUnit, "intake", withdraw), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ClientCommands, NameWhatIsWrongWithAPermission) {
  v1::GrantPermissionRequest request = Grant();
  request.set_purpose("Not a code");
  request.set_organisation("kela");
  request.set_classes(0, "everything");
  EXPECT_THAT(ViolationsOf(Do(kUnit, "intake", request)), SizeIs(3));
  request = Grant();
  request.clear_classes();
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "classes");
  request = Grant();
  request.add_classes("referral");
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "classes[1]");
  request = Grant();
  *request.mutable_valid_to() = pipeline::ToProtoDay(absl::CivilDay(2026, 11, 22));
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "valid_to");
  request.mutable_valid_from()->set_month(13);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "valid_from");
}

TEST_F(ClientCommands, DenyAnOrganisationWhileTheDenialStands) {
  v1::GrantPermissionRequest request = Grant(/*denial=*/true);
  *request.mutable_valid_to() = pipeline::ToProtoDay(absl::CivilDay(2026, 12, 1));
  ASSERT_THAT(Do(kUnit, "intake", Grant()), IsOk());
  const absl::CivilDay day(2026, 11, 30);
  EXPECT_FALSE(IsDenied(state_, "organisations/kela", "referral", day));
  ASSERT_THAT(Do(kUnit, "intake", request), IsOk());
  EXPECT_TRUE(IsDenied(state_, "organisations/kela", "referral", day));
  EXPECT_FALSE(IsDenied(state_, "organisations/kela", "plan", day));
  EXPECT_FALSE(IsDenied(state_, "organisations/typ", "referral", day));
  EXPECT_FALSE(IsDenied(state_, "organisations/kela", "referral", day + 2));
  v1::WithdrawPermissionRequest withdraw;
  withdraw.set_name(absl::StrCat(kClient, "/permissions/2"));
  ASSERT_THAT(Do(kUnit, "intake", withdraw), IsOk());
  EXPECT_FALSE(IsDenied(state_, "organisations/kela", "referral", day));
}

TEST_F(ClientCommands, StopTheClockAndTheAnswerWhileProcessingIsRestricted) {
  ASSERT_THAT(Restrict(true), IsOk());
  EXPECT_TRUE(events_.back().processing_restricted().restricted());
  EXPECT_EQ(ReasonOf(Accept()), "PROCESSING_RESTRICTED");
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
  ASSERT_THAT(Restrict(true), IsOk());
  EXPECT_FALSE(events_.back().has_processing_restricted());
  now_ += absl::Hours(24 * 60);
  ASSERT_THAT(Restrict(false), IsOk());
  EXPECT_EQ(pipeline::FromProto(state_.referrals(0).waiting_since()), now_);
  EXPECT_THAT(Accept(), IsOk());
  v1::RestrictProcessingRequest request;
  request.set_client(kClient);
  request.set_restricted(true);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "reason");
  request.set_restricted(false);
  request.set_schedule_erasure(true);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "schedule_erasure");
}

TEST_F(ClientCommands, RefuseToEraseInsideRetentionAndEraseAfterIt) {
  EXPECT_EQ(ReasonOf(Erase()), "REFERRAL_OPEN");
  ASSERT_THAT(Decline(v1::DECLINE_REASON_NO_CAPACITY), IsOk());
  const absl::Status kept = Erase();
  EXPECT_EQ(ReasonOf(kept), "RETENTION");
  EXPECT_THAT(kept.message(), ::testing::HasSubstr("2036-11-23"));
  now_ = StartOfDay(absl::CivilDay(2036, 11, 24)) - absl::Seconds(1);
  EXPECT_EQ(ReasonOf(Erase()), "RETENTION");
  now_ += absl::Seconds(1);
  ASSERT_THAT(Erase(), IsOk());
  EXPECT_EQ(events_.back().client_erased().client(), kClient);
  EXPECT_THAT(state_.referrals(), IsEmpty());
  EXPECT_FALSE(state_.has_person());
  EXPECT_THAT(domain_.Index(state_), IsEmpty());
}

TEST_F(ClientCommands, EraseAtOnceWhatWasAMistakeThroughout) {
  v1::VoidRecordRequest mistake;
  mistake.set_name(kReferral);
  mistake.set_reason(v1::VOID_REASON_WRONG_PERSON);
  ASSERT_THAT(Do(kReferrer, "referrer", mistake), IsOk());
  v1::ClientInput input;
  input.mutable_erase_client()->set_client(kClient);
  const auto decision = Handle(input);
  ASSERT_THAT(decision, IsOk());
  EXPECT_TRUE(decision->erase);
}

TEST_F(ClientCommands, EraseOnTheScheduledDayUnlessAMatterWasAdded) {
  EXPECT_EQ(ReasonOf(Restrict(true, true)), "REFERRAL_OPEN");
  ASSERT_THAT(Decline(v1::DECLINE_REASON_NO_CAPACITY), IsOk());
  ASSERT_THAT(Restrict(true, true), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), StartOfDay(absl::CivilDay(2036, 11, 24)));
  v1::Client with_later_matter = state_;
  now_ = *domain_.NextDue(state_);
  v1::ClientInput tick;
  tick.mutable_tick();
  const auto decision = Handle(tick);
  ASSERT_THAT(decision, IsOk());
  EXPECT_TRUE(decision->erase);
  EXPECT_TRUE(events_.back().has_client_erased());
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);

  state_ = with_later_matter;
  *state_.mutable_referrals(0)->mutable_answer_time() = pipeline::ToProto(now_ - absl::Hours(48));
  ASSERT_THAT(Handle(tick), IsOk());
  EXPECT_FALSE(events_.back().has_client_erased());
  EXPECT_GT(*domain_.NextDue(state_), now_);
  ASSERT_THAT(Restrict(false), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
}

TEST_F(ClientCommands, KnowNoClientThatIsNotThere) {
  state_.Clear();
  EXPECT_THAT(Update({}, {"phone"}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Do(kUnit, "intake", Grant()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Restrict(true), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Erase(), StatusIs(absl::StatusCode::kNotFound));
  v1::Person person;
  person.set_family_name("Newname");
  EXPECT_THAT(Correct(person), StatusIs(absl::StatusCode::kNotFound));
}

TEST(UnitCapacity, IsToldByTheUnitAlone) {
  const UnitDomain domain;
  v1::UnitInput input;
  v1::SetUnitCapacityRequest& request = *input.mutable_set_unit_capacity();
  request.set_unit("kainuu");
  EXPECT_EQ(ViolationsOf(domain.KeyOf(input).status())[0].field, "unit");
  request.set_unit(kUnit);
  request.set_places(40);
  request.set_accepting(true);
  EXPECT_THAT(domain.KeyOf(input), IsOkAndHolds(std::string(kUnit)));
  pipeline::Context context;
  context.key = kUnit;
  context.now = absl::FromUnixSeconds(1'800'000'000);
  context.principal.organisation = "organisations/other";
  EXPECT_EQ(ReasonOf(domain.Decide({}, input, context).status()), "NOT_OWN_UNIT");
  context.principal.organisation = kUnit;
  const auto decision = domain.Decide({}, input, context);
  ASSERT_THAT(decision, IsOk());
  v1::Unit unit;
  domain.Evolve(decision->events[0], unit);
  EXPECT_TRUE(CapacityOf(unit).told());
  EXPECT_EQ(CapacityOf(unit).places(), 40);
  EXPECT_FALSE(CapacityOf(v1::Unit()).told());
  request.set_places(-1);
  request.set_text(std::string(401, 'x'));
  EXPECT_THAT(ViolationsOf(domain.Decide({}, input, context).status()), SizeIs(2));
}

}  // namespace
}  // namespace polku::referral
