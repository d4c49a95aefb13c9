#include "libs/rpc/disclose.h"

#include <gtest/gtest.h>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/permissions/permissions.h"

namespace polku::rpc {
namespace {

constexpr DataClass kAll[] = {DataClass::kIdentity, DataClass::kContacts, DataClass::kReferral, DataClass::kAssessment,
                              DataClass::kFollowUp};

absl::Status Ask(const std::string& role, DataClass data_class, bool own) {
  pipeline::Principal principal;
  principal.role = role;
  return Disclose(principal, "clients/C", data_class, {.own_referral = own});
}

TEST(Disclose, LetsAReferrerSeeItsOwnReferralsOnly) {
  EXPECT_THAT(Ask("referrer", DataClass::kReferral, true), IsOk());
  EXPECT_THAT(Ask("referrer", DataClass::kIdentity, true), IsOk());
  EXPECT_THAT(Ask("referrer", DataClass::kReferral, false), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Ask("referrer", DataClass::kAssessment, true), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST(Disclose, LetsThoseWhoCareForTheClientSeeAll) {
  for (const char* role : {"assessor", "coordinator", "lead"}) {
    for (const DataClass data_class : kAll) EXPECT_THAT(Ask(role, data_class, false), IsOk());
  }
}

TEST(Disclose, DeniesByDefaultWhoeverTheClientIs) {
  for (const char* role : {"provider", "operator", "service", "", "unknown"}) {
    for (const DataClass data_class : kAll) {
      for (const bool own : {false, true}) {
        const absl::Status status = Ask(role, data_class, own);
        EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
        EXPECT_EQ(ReasonOf(status), "ROLE_NOT_ALLOWED");
      }
    }
  }
}

TEST(Disclose, LetsAnAskedOrganisationSeeTheConsultation) {
  for (const char* role : {"provider", "intake"}) {
    pipeline::Principal principal;
    principal.role = role;
    EXPECT_THAT(Disclose(principal, "clients/C", DataClass::kConsultation, {.own_consultation = true}), IsOk());
    EXPECT_THAT(Ask(role, DataClass::kConsultation, true), StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST(Disclose, TakesTheIntakeThatIsAskedForAdviceAsAnyOther) {
  pipeline::Principal principal;
  principal.role = "intake";
  const DisclosureFacts facts{.own_consultation = true, .restricted = true};
  EXPECT_EQ(ReasonOf(Disclose(principal, "clients/C", DataClass::kConsultation, facts)), "PROCESSING_RESTRICTED");
}

TEST(Disclose, KeepsARestrictedClientToIntake) {
  pipeline::Principal principal;
  const DisclosureFacts facts{.own_referral = true, .restricted = true};
  for (const char* role : {"referrer", "assessor", "coordinator", "lead"}) {
    principal.role = role;
    EXPECT_EQ(ReasonOf(Disclose(principal, "clients/C", DataClass::kReferral, facts)), "PROCESSING_RESTRICTED");
  }
  principal.role = "intake";
  EXPECT_THAT(Disclose(principal, "clients/C", DataClass::kReferral, facts), IsOk());
}

TEST(Disclose, HeedsADenialWithoutTellingStrangersOfIt) {
  pipeline::Principal principal;
  principal.role = "coordinator";
  EXPECT_EQ(ReasonOf(Disclose(principal, "clients/C", DataClass::kReferral, {.denied = true})), "CLIENT_DENIES");
  principal.role = "referrer";
  EXPECT_THAT(Disclose(principal, "clients/C", DataClass::kReferral, {.restricted = true, .denied = true}),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(Disclose, DoesNotTellWhatThePermissionForIsMissing) {
  pipeline::Principal principal;
  principal.role = "coordinator";
  EXPECT_EQ(ReasonOf(Disclose(principal, "clients/C", DataClass::kFollowUp, {.not_permitted = true})),
            "PERMISSION_MISSING");
}

// A withdrawal may be on its way from the referral service. Who may not see the data anyway learns nothing of that.
TEST(Disclose, AnswersLaterWhenWhatTheClientPermitsHasNotBeenKnownForTooLong) {
  pipeline::Principal principal;
  principal.role = "coordinator";
  DisclosureFacts facts{.permissions_unknown_for = permissions::kUnknownMax};
  EXPECT_THAT(Disclose(principal, "clients/C", DataClass::kFollowUp, facts), IsOk());
  facts.permissions_unknown_for += absl::Nanoseconds(1);
  const absl::Status later = Disclose(principal, "clients/C", DataClass::kFollowUp, facts);
  EXPECT_THAT(later, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(later), "PERMISSIONS_UNKNOWN");
  EXPECT_TRUE(RetryDelayOf(later).has_value());
  EXPECT_EQ(DeniedClientOf(later), "");
  facts.permissions_unknown_for = absl::InfiniteDuration();
  facts.denied = true;
  EXPECT_EQ(ReasonOf(Disclose(principal, "clients/C", DataClass::kFollowUp, facts)), "CLIENT_DENIES");
  principal.role = "provider";
  EXPECT_EQ(ReasonOf(Disclose(principal, "clients/C", DataClass::kFollowUp, facts)), "ROLE_NOT_ALLOWED");
}

TEST(Disclose, TellsTheAuditButNotTheCallerWhoseDataItWas) {
  const absl::Status refusal = Ask("referrer", DataClass::kReferral, false);
  EXPECT_EQ(DeniedClientOf(refusal), "clients/C");
  EXPECT_THAT(std::string(refusal.message()), ::testing::Not(::testing::HasSubstr("clients/C")));
  EXPECT_EQ(DeniedClientOf(absl::NotFoundError("x")), "");
}

}  // namespace
}  // namespace polku::rpc
