// Whose referrals a pathway takes, which version, and how many clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "services/referral/domain/answer.h"
#include "services/referral/domain/testing/client_fixture.h"

namespace polku::referral {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Entrant {
  const char* municipality;
  common::v1::Segment segment = common::v1::SEGMENT_UNEMPLOYED;
  common::v1::OrganisationKind kind = common::v1::ORGANISATION_KIND_UNSPECIFIED;
};

class EntryTest : public ClientDomainTest {
 protected:
  absl::Status Comes(const Entrant& entrant, const std::string& pathway, int version = 0) {
    state_.Clear();
    version_ = 0;
    v1::SubmitReferralRequest request = GoodRequest();
    request.mutable_referral()->set_segment(entrant.segment);
    request.mutable_referral()->set_referrer_kind(entrant.kind);
    request.mutable_referral()->mutable_person()->set_municipality(entrant.municipality);
    lookups_.clear();
    EXPECT_THAT(Submit(request), IsOk());
    lookups_ = clients_;
    return Accept(pathway, version);
  }
  static std::string WhyNot(const absl::Status& status) {
    const auto violations = ViolationsOf(status);
    return violations.empty() ? "" : violations[0].description;
  }

  std::vector<std::vector<store::Row>> clients_;  // Of the pathway, by segment.
};

TEST_F(EntryTest, TakesReferralsOfTheKindsThatThePathwayNames) {
  const auto from = [](common::v1::OrganisationKind kind) { return Entrant{"186", common::v1::SEGMENT_STUDENT, kind}; };
  EXPECT_EQ(WhyNot(Comes(from(common::v1::ORGANISATION_KIND_KELA), "validia-fokus")),
            "takes no referrals of an organisation of this kind");
  EXPECT_EQ(WhyNot(Comes(from(common::v1::ORGANISATION_KIND_UNSPECIFIED), "validia-fokus")),
            "takes no referrals of an organisation of this kind");
  EXPECT_THAT(Comes(from(common::v1::ORGANISATION_KIND_EDUCATION), "validia-fokus"), IsOk());
  EXPECT_THAT(Comes(from(common::v1::ORGANISATION_KIND_CLIENT), "validia-fokus"), IsOk());
  EXPECT_THAT(Comes({"609", common::v1::SEGMENT_UNEMPLOYED, common::v1::ORGANISATION_KIND_KELA}, "pori-sataosaa"),
              IsOk());  // Names none: anybody's.
  EXPECT_EQ(
      WhyNot(Comes({"609", common::v1::SEGMENT_UNEMPLOYED, common::v1::ORGANISATION_KIND_CLIENT}, "pori-sataosaa")),
      "takes no self-referrals");
}

TEST_F(EntryTest, TakesNobodyWithoutAReferralUnlessTheDoorIsOpen) {
  const auto direct = [&](const Entrant& entrant, const std::string& pathway) {
    state_.Clear();
    v1::SubmitReferralRequest request = GoodRequest();
    request.mutable_referral()->mutable_person()->set_municipality(entrant.municipality);
    context_.principal = {kUnit, "system", "user-1", "intake", "care"};
    v1::ClientInput input;
    *input.mutable_submit_referral() = request;
    EXPECT_THAT(Handle(input).status(), IsOk());
    return Accept(pathway);
  };
  EXPECT_THAT(direct({"205"}, "kainuu-unemployed"), IsOk());
  EXPECT_EQ(WhyNot(direct({"609"}, "pori-sataosaa")), "takes nobody without a referral");
}

TEST_F(EntryTest, TakesTheActiveVersionUnlessADraftIsNamed) {
  ASSERT_THAT(Comes({"109"}, "kiipula-rivakka"), IsOk());
  EXPECT_EQ(state_.referrals(0).pathway_version(), 1);
  ASSERT_THAT(Comes({"109"}, "kiipula-rivakka", 2), IsOk());
  EXPECT_EQ(state_.referrals(0).pathway_version(), 2);
}

TEST_F(EntryTest, RefusesOneMoreThanTheQuotaOfTheSegment) {
  const auto clients = [](int64_t unemployed, int64_t employed) {
    return std::vector<std::vector<store::Row>>{
        {{int64_t{common::v1::SEGMENT_UNEMPLOYED}, unemployed}, {int64_t{common::v1::SEGMENT_EMPLOYED}, employed}}};
  };
  const Entrant unemployed{"179", common::v1::SEGMENT_UNEMPLOYED, common::v1::ORGANISATION_KIND_KELA};
  const Entrant employed{"179", common::v1::SEGMENT_EMPLOYED, common::v1::ORGANISATION_KIND_KELA};
  clients_ = clients(29, 100);
  EXPECT_THAT(Comes(unemployed, "keski-suomi-iskias"), IsOk());
  clients_ = clients(30, 100);
  EXPECT_EQ(ReasonOf(Comes(unemployed, "keski-suomi-iskias")), "QUOTA_FULL");
  EXPECT_EQ(state_.referrals(0).state(), v1::REFERRAL_STATE_RECEIVED);
  EXPECT_THAT(Comes(employed, "keski-suomi-iskias"), IsOk());
}

TEST_F(EntryTest, CountsClientsOnlyWhereThereIsAQuota) {
  v1::ClientInput input;
  input.mutable_accept_referral()->set_pathway("keski-suomi-iskias");
  const auto counted = domain_.LookupsOf(kClient, state_, input);
  ASSERT_THAT(counted, SizeIs(1));
  EXPECT_EQ(counted[0].name, "pathway_clients");
  input.mutable_accept_referral()->set_pathway("kainuu-unemployed");
  EXPECT_THAT(domain_.LookupsOf(kClient, state_, input), IsEmpty());
}

}  // namespace
}  // namespace polku::referral
