// Questions, redirection, withdrawal, reopening, voiding; and the clock of rule R7 through all of them.
#include "services/referral/domain/handling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "services/referral/domain/testing/client_fixture.h"
#include "services/referral/domain/views.h"

namespace polku::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOtherUnit[] = "organisations/other-intake";

class Handling : public ClientDomainTest {
 protected:
  void SetUp() override { ASSERT_THAT(Submit(GoodRequest()), IsOk()); }

  absl::Status Ask(const std::string& organisation = kUnit) {
    v1::RequestInformationRequest request;
    request.set_name(kReferral);
    request.add_topics(v1::INFORMATION_TOPIC_HEALTH);
    request.set_text("what is known");
    return Do(organisation, "intake", request);
  }
  absl::Status Answer(const std::string& organisation = kReferrer) {
    v1::ProvideInformationRequest request;
    request.set_name(kReferral);
    request.set_text("this is known");
    return Do(organisation, "referrer", request);
  }
  absl::Status Redirect(const std::string& to = kOtherUnit, const std::string& by = kUnit) {
    v1::RedirectReferralRequest request;
    request.set_name(kReferral);
    request.set_receiving_unit(to);
    request.set_reason(v1::REDIRECT_REASON_NO_CAPACITY);
    return Do(by, "intake", request);
  }
  absl::Status Withdraw(const std::string& by = kReferrer) {
    v1::WithdrawReferralRequest request;
    request.set_name(kReferral);
    request.set_reason(v1::WITHDRAW_REASON_NEED_HAS_CEASED);
    return Do(by, "referrer", request);
  }
  absl::Status Reopen(const std::string& by = kReferrer) {
    v1::ReopenReferralRequest request;
    request.set_name(kReferral);
    request.set_reason(v1::REOPEN_REASON_NEED_AGAIN);
    return Do(by, "referrer", request);
  }
  absl::Status Void(const std::string& by = kReferrer) {
    v1::VoidRecordRequest request;
    request.set_name(kReferral);
    request.set_reason(v1::VOID_REASON_WRONG_PERSON);
    return Do(by, "referrer", request);
  }
  // Lets time pass to `day` at ten and ticks at every due instant; the levels told, in order.
  std::vector<v1::ReferralOverdue::Level> TellUntil(absl::CivilDay day) {
    std::vector<v1::ReferralOverdue::Level> levels;
    const absl::Time end = LocalTime(day, 600);
    for (auto due = domain_.NextDue(state_); due.has_value() && *due <= end; due = domain_.NextDue(state_)) {
      now_ = *due;
      EXPECT_THAT(Take(common::v1::Tick()), IsOk());
      EXPECT_GT(domain_.NextDue(state_).value_or(absl::InfiniteFuture()), now_);
      for (const v1::ClientEvent& event : events_) levels.push_back(event.referral_overdue().level());
    }
    now_ = end;
    return levels;
  }
};

TEST_F(Handling, StopsTheClockWhileTheReferrerIsAskedAndStartsItAtTheAnswer) {
  ASSERT_THAT(Ask(), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(events_[1].referral_information_requested().referral(), kReferral);
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_INFORMATION_REQUESTED);
  EXPECT_EQ(reply_.business_status(), "2.0");
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
  const absl::Status again = Ask();
  EXPECT_EQ(ReasonOf(again), "INFORMATION_REQUESTED");
  now_ += absl::Hours(24 * 30);
  ASSERT_THAT(Answer(), IsOk());
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(reply_.information(0).answer(), "this is known");
  EXPECT_EQ(pipeline::FromProto(reply_.waiting_since()), now_);
  EXPECT_EQ(ReasonOf(Answer()), "NO_QUESTION_OPEN");
}

TEST_F(Handling, TakesAnAnswerToTheReferralWhileAQuestionIsOpen) {
  ASSERT_THAT(Ask(), IsOk());
  EXPECT_THAT(Accept(), IsOk());
}

TEST_F(Handling, RefusesQuestionsThatCannotBeRight) {
  v1::RequestInformationRequest request;
  request.set_name(kReferral);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "topics");
  request.add_topics(v1::INFORMATION_TOPIC_OTHER);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "text");
  request.set_text(std::string(4001, 'x'));
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "text");
  request.set_text("what");
  request.add_topics(v1::INFORMATION_TOPIC_OTHER);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "topics[1]");
  request.set_topics(1, static_cast<v1::InformationTopic>(99));
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", request))[0].field, "topics[1]");
  ASSERT_THAT(Ask(), IsOk());
  v1::ProvideInformationRequest answer;
  answer.set_name(kReferral);
  EXPECT_EQ(ViolationsOf(Do(kReferrer, "referrer", answer))[0].field, "text");
}

TEST_F(Handling, EndsAfterTwentyQuestions) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(Ask(), IsOk());
    ASSERT_THAT(Answer(), IsOk());
  }
  EXPECT_EQ(ReasonOf(Ask()), "TOO_MANY_QUESTIONS");
}

TEST_F(Handling, HidesTheReferralFromOrganisationsThatHaveNoPartInIt) {
  const std::string stranger = "organisations/stranger";
  ASSERT_THAT(Ask(), IsOk());
  EXPECT_THAT(Ask(stranger), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Answer(stranger), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Answer(kUnit), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Redirect(kOtherUnit, stranger), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Redirect(kOtherUnit, kReferrer), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Withdraw(stranger), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Reopen(stranger), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Void(stranger), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(Handling, RedirectsToAnotherUnitWhoseClockStarts) {
  EXPECT_EQ(ViolationsOf(Redirect(kUnit))[0].field, "receiving_unit");
  EXPECT_EQ(ViolationsOf(Redirect("somewhere"))[0].field, "receiving_unit");
  now_ += absl::Hours(24);
  ASSERT_THAT(Redirect(), IsOk());
  const v1::ReferralRedirected& redirected = events_.back().referral_redirected();
  EXPECT_EQ(redirected.from_unit(), kUnit);
  EXPECT_EQ(redirected.receiving_unit(), kOtherUnit);
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_REDIRECTED);
  EXPECT_EQ(reply_.redirect_reason(), v1::REDIRECT_REASON_NO_CAPACITY);
  EXPECT_EQ(pipeline::FromProto(reply_.waiting_since()), now_);
  EXPECT_THAT(Accept(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Accept("kainuu-unemployed", 0, kOtherUnit), IsOk());
}

TEST_F(Handling, WithdrawsOnlyWhatIsNotAnswered) {
  ASSERT_THAT(Withdraw(), IsOk());
  EXPECT_EQ(events_.back().referral_withdrawn().referral(), kReferral);
  EXPECT_EQ(reply_.business_status(), "6.0");
  EXPECT_EQ(reply_.withdraw_reason(), v1::WITHDRAW_REASON_NEED_HAS_CEASED);
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
  EXPECT_EQ(ReasonOf(Withdraw()), "REFERRAL_ANSWERED");
  EXPECT_EQ(ReasonOf(Accept()), "REFERRAL_ANSWERED");
  ASSERT_THAT(Reopen(), IsOk());
  ASSERT_THAT(Accept(), IsOk());
  EXPECT_EQ(ReasonOf(Withdraw()), "REFERRAL_ANSWERED");
}

TEST_F(Handling, ReopensADeclinedReferralWithoutTracesOfTheAnswer) {
  EXPECT_EQ(ReasonOf(Reopen()), "REFERRAL_OPEN");
  ASSERT_THAT(Decline(v1::DECLINE_REASON_OTHER, "no"), IsOk());
  now_ += absl::Hours(24);
  ASSERT_THAT(Reopen(kUnit), IsOk());
  EXPECT_EQ(events_.back().referral_reopened().receiving_unit(), kUnit);
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(reply_.decline_reason(), v1::DECLINE_REASON_UNSPECIFIED);
  EXPECT_EQ(reply_.answer_text(), "");
  EXPECT_FALSE(reply_.has_answer_time());
  EXPECT_EQ(pipeline::FromProto(reply_.waiting_since()), now_);
}

TEST_F(Handling, ReopensAClosedReferralOntoANewJourney) {
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_THAT(Opened(), IsOk());
  ASSERT_THAT(Closed(now_), IsOk());
  ASSERT_THAT(Reopen(), IsOk());
  now_ += absl::Hours(1);
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_THAT(Opened(), IsOk());
  EXPECT_EQ(StateOf(), v1::REFERRAL_STATE_IN_SERVICE);
}

TEST_F(Handling, VoidsAMistakeButNotAJourney) {
  ASSERT_THAT(Void(), IsOk());
  EXPECT_EQ(events_[1].referral_withdrawn().referral(), kReferral);
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_VOIDED);
  EXPECT_EQ(reply_.business_status(), "6.0");
  EXPECT_EQ(ReasonOf(Void()), "REFERRAL_VOIDED");
  EXPECT_EQ(ReasonOf(Reopen()), "REFERRAL_VOIDED");
  v1::SubmitReferralRequest second = GoodRequest();
  ASSERT_THAT(Submit(second), IsOk());
  context_.principal.organisation = kUnit;
  state_.mutable_referrals(0)->set_state(v1::REFERRAL_STATE_IN_SERVICE);
  EXPECT_EQ(ReasonOf(Void()), "JOURNEY_OPEN");
}

TEST_F(Handling, WantsAReasonAndATextForOther) {
  v1::RedirectReferralRequest redirect;
  redirect.set_name(kReferral);
  redirect.set_receiving_unit(kOtherUnit);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", redirect))[0].field, "reason");
  redirect.set_reason(v1::REDIRECT_REASON_OTHER);
  EXPECT_EQ(ViolationsOf(Do(kUnit, "intake", redirect))[0].field, "text");
  v1::WithdrawReferralRequest withdraw;
  withdraw.set_name(kReferral);
  EXPECT_EQ(ViolationsOf(Do(kReferrer, "referrer", withdraw))[0].field, "reason");
  withdraw.set_reason(v1::WITHDRAW_REASON_OTHER);
  EXPECT_EQ(ViolationsOf(Do(kReferrer, "referrer", withdraw))[0].field, "text");
  v1::VoidRecordRequest mistake;
  mistake.set_name(kReferral);
  EXPECT_EQ(ViolationsOf(Do(kReferrer, "referrer", mistake))[0].field, "reason");
  ASSERT_THAT(Withdraw(), IsOk());
  v1::ReopenReferralRequest reopen;
  reopen.set_name(kReferral);
  EXPECT_EQ(ViolationsOf(Do(kReferrer, "referrer", reopen))[0].field, "reason");
}

// Received on Monday 23 November 2026: the fifth office day after it ends on the 30th, the tenth on 7 December
// (Independence Day is a Sunday that year).
TEST_F(Handling, RemindsAfterFiveOfficeDaysAndEscalatesAfterTen) {
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(absl::CivilDay(2026, 11, 30)));
  EXPECT_THAT(TellUntil(absl::CivilDay(2026, 12, 1)), ElementsAre(v1::ReferralOverdue::LEVEL_REMINDER));
  EXPECT_EQ(domain_.NextDue(state_), EndOfDay(absl::CivilDay(2026, 12, 7)));
  EXPECT_THAT(TellUntil(absl::CivilDay(2027, 1, 31)), ElementsAre(v1::ReferralOverdue::LEVEL_ESCALATION));
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
}

TEST_F(Handling, TellsBothLevelsAtOnceAfterALongSleep) {
  now_ = LocalTime(absl::CivilDay(2027, 1, 31), 0);
  ASSERT_THAT(Take(common::v1::Tick()), IsOk());
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_EQ(pipeline::FromProto(events_[0].referral_overdue().due_time()), EndOfDay(absl::CivilDay(2026, 11, 30)));
  EXPECT_EQ(events_[1].referral_overdue().level(), v1::ReferralOverdue::LEVEL_ESCALATION);
  ASSERT_THAT(Take(common::v1::Tick()), IsOk());
  EXPECT_THAT(events_, IsEmpty());
}

// An answer on the day after the limit used to be quicker than the tick, and nobody was told that it was late.
TEST_F(Handling, TellsALevelThatHasPassedBeforeTheAnswer) {
  now_ = LocalTime(absl::CivilDay(2026, 12, 1), 600);
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_FALSE(events_.empty());
  EXPECT_EQ(events_[0].referral_overdue().level(), v1::ReferralOverdue::LEVEL_REMINDER);
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_ACCEPTED);
}

TEST_F(Handling, RemindsTheNextUnitAnew) {
  EXPECT_THAT(TellUntil(absl::CivilDay(2026, 12, 1)), SizeIs(1));
  ASSERT_THAT(Redirect(), IsOk());
  EXPECT_EQ(reply_.overdue(), v1::ReferralOverdue::LEVEL_UNSPECIFIED);
  EXPECT_THAT(TellUntil(absl::CivilDay(2026, 12, 10)), ElementsAre(v1::ReferralOverdue::LEVEL_REMINDER));
  EXPECT_EQ(events_[0].referral_overdue().receiving_unit(), kOtherUnit);
}

TEST_F(Handling, IsNotOverdueOnceAnswered) {
  ASSERT_THAT(Accept(), IsOk());
  EXPECT_EQ(domain_.NextDue(state_), std::nullopt);
}

TEST_F(Handling, LinksASecondReferralForTheSameNeedAndAnswersItWithTheFirst) {
  v1::SubmitReferralRequest second = GoodRequest();
  ASSERT_THAT(Submit(second), IsOk());
  EXPECT_EQ(reply_.linked_referral(), kReferral);
  EXPECT_FALSE(reply_.has_waiting_since());
  EXPECT_FALSE(events_.back().has_referral_received());
  v1::AcceptReferralRequest accept;
  accept.set_name(reply_.name());
  EXPECT_EQ(ReasonOf(Do(kUnit, "intake", accept)), "REFERRAL_LINKED");
  ASSERT_THAT(Accept(), IsOk());
  EXPECT_EQ(state_.referrals(1).state(), v1::REFERRAL_STATE_ACCEPTED);
  ASSERT_THAT(Opened(), IsOk());
  EXPECT_EQ(state_.referrals(1).state(), v1::REFERRAL_STATE_IN_SERVICE);
  ASSERT_THAT(Closed(now_), IsOk());
  EXPECT_EQ(state_.referrals(1).state(), v1::REFERRAL_STATE_CLOSED);
  // Each referrer is told.
  EXPECT_EQ(std::count_if(events_.begin(), events_.end(), [](const auto& e) { return e.has_referral_closed(); }), 2);
}

TEST_F(Handling, LinksToAReferralThatIsInService) {
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  EXPECT_EQ(reply_.state(), v1::REFERRAL_STATE_ACCEPTED);
  EXPECT_EQ(reply_.pathway(), "kainuu-unemployed");
}

TEST_F(Handling, OpensAReferralForAnotherNeedAside) {
  v1::SubmitReferralRequest second = GoodRequest();
  second.mutable_referral()->add_needs("mental-health");
  ASSERT_THAT(Submit(second), IsOk());
  EXPECT_EQ(reply_.linked_referral(), "");
  EXPECT_TRUE(events_.back().has_referral_received());
}

TEST_F(Handling, LetsTheFollowerWaitForItselfWhenTheFirstIsWithdrawn) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  const std::string second = reply_.name();
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  now_ += absl::Hours(5);
  ASSERT_THAT(Withdraw(), IsOk());
  EXPECT_EQ(events_.back().referral_received().referral(), second);
  EXPECT_EQ(state_.referrals(1).linked_referral(), "");
  EXPECT_EQ(pipeline::FromProto(state_.referrals(1).waiting_since()), now_);
  EXPECT_EQ(state_.referrals(2).linked_referral(), second);
  // The first cannot come back beside it.
  EXPECT_EQ(ReasonOf(Reopen()), "REFERRAL_OPEN");
}

TEST_F(Handling, DeclinesForTheUnitThatAnsweredAndForNoOther) {
  ASSERT_THAT(Submit(GoodRequest()), IsOk());
  v1::SubmitReferralRequest elsewhere = GoodRequest();
  elsewhere.mutable_referral()->set_receiving_unit(kOtherUnit);
  ASSERT_THAT(Submit(elsewhere), IsOk());
  ASSERT_THAT(Decline(v1::DECLINE_REASON_NO_CAPACITY), IsOk());
  EXPECT_EQ(state_.referrals(1).state(), v1::REFERRAL_STATE_DECLINED);
  EXPECT_EQ(state_.referrals(2).state(), v1::REFERRAL_STATE_RECEIVED);
  EXPECT_TRUE(state_.referrals(2).has_waiting_since());
  EXPECT_EQ(events_.back().referral_received().receiving_unit(), kOtherUnit);
}

TEST_F(Handling, TellsAReferrerNothingOfOtherReferrers) {
  context_.principal = {"organisations/occupational-health", "system", "user-9", "referrer", "care"};
  v1::ClientInput input;
  *input.mutable_submit_referral() = GoodRequest();
  ASSERT_THAT(Handle(input), IsOk());
  EXPECT_EQ(state_.referrals(1).linked_referral(), kReferral);
  EXPECT_EQ(reply_.linked_referral(), "");
  EXPECT_THAT(reply_.possible_duplicates(), IsEmpty());
  // Its own earlier one it may know; so may intake all.
  ASSERT_THAT(Handle(input), IsOk());
  ASSERT_THAT(reply_.possible_duplicates(), SizeIs(1));
  EXPECT_EQ(reply_.possible_duplicates(0).referral(), state_.referrals(1).name());
  context_.principal.role = "intake";
  ASSERT_THAT(Handle(input), IsOk());
  EXPECT_EQ(reply_.possible_duplicates(0).kind(), v1::PossibleDuplicate::KIND_SAME_PERSON);
}

class ServiceEvents : public Handling {
 protected:
  std::string Status() { return std::string(BusinessStatus(StateOf(), EventFor(state_, state_.referrals(0)))); }
};

TEST_F(ServiceEvents, CarryTheBSeRCodesToTheReferrer) {
  ASSERT_THAT(Accept(), IsOk());
  ASSERT_THAT(Take(assessment::v1::SessionScheduled()), IsOk());
  EXPECT_EQ(Status(), "5.1.1");
  now_ += absl::Hours(1);
  ASSERT_THAT(Take(assessment::v1::SessionMissed()), IsOk());
  EXPECT_EQ(Status(), "5.1.2");
  now_ += absl::Hours(1);
  ASSERT_THAT(Take(assessment::v1::SessionCancelled()), IsOk());
  EXPECT_EQ(Status(), "5.1.3");
  now_ += absl::Hours(1);
  ASSERT_THAT(Take(assessment::v1::SessionHeld()), IsOk());
  EXPECT_EQ(Status(), "5.1.4");
  now_ += absl::Hours(1);
  ASSERT_THAT(Take(follow_up::v1::AttendanceMissed()), IsOk());
  EXPECT_EQ(Status(), "5.1.2");
  ASSERT_THAT(Opened(), IsOk());
  ASSERT_THAT(Closed(now_), IsOk());
  EXPECT_EQ(Status(), "7.0");
}

// The two services' facts may come in either order.
TEST_F(ServiceEvents, CountByWhenTheyWereDecided) {
  ASSERT_THAT(Accept(), IsOk());
  const absl::Time accepted = now_;
  now_ = accepted + absl::Hours(2);
  ASSERT_THAT(Take(follow_up::v1::AttendanceMissed()), IsOk());
  now_ = accepted + absl::Hours(1);
  ASSERT_THAT(Take(assessment::v1::SessionHeld()), IsOk());
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_EQ(Status(), "5.1.2");
}

TEST_F(ServiceEvents, OfAnEarlierJourneySayNothingOfALaterReferral) {
  ASSERT_THAT(Take(assessment::v1::SessionHeld()), IsOk());
  now_ += absl::Hours(1);
  ASSERT_THAT(Accept(), IsOk());
  EXPECT_EQ(Status(), "3.0");
}

}  // namespace
}  // namespace polku::referral
