#include "services/follow-up/api/disclosure.h"

#include <gtest/gtest.h>

#include "libs/pipeline/proto_time.h"

namespace polku::follow_up {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

// Answered for by `a`, whose coordinator is `b`'s; the client denies all three the follow-up.
v1::JourneyRecord Denied() {
  v1::JourneyRecord record;
  record.set_open(true);
  record.set_responsible_party("organisations/a");
  record.set_coordinator_organisation("organisations/b");
  for (const char* organisation : {"organisations/a", "organisations/b", "organisations/c"}) {
    auto& denial = *record.add_denials();
    denial.set_organisation(organisation);
    denial.add_classes("follow-up");
    denial.set_denial(true);
    *denial.mutable_valid_from() = pipeline::ToProtoDay(absl::CivilDay(2026, 1, 1));
  }
  return record;
}

bool IsSeenBy(const char* organisation, const v1::JourneyRecord& record) {
  pipeline::Principal principal;
  principal.organisation = organisation;
  principal.role = "coordinator";
  return IsListedFor(principal, "clients/C", record, kNow);
}

TEST(FollowUpDisclosure, IsToWhoeverAnswersForTheClientWhateverItDenies) {
  EXPECT_TRUE(IsSeenBy("organisations/a", Denied()));
  EXPECT_TRUE(IsSeenBy("organisations/b", Denied()));
  EXPECT_FALSE(IsSeenBy("organisations/c", Denied()));
  EXPECT_TRUE(IsSeenBy("organisations/d", Denied()));
}

TEST(FollowUpDisclosure, IsNobodysTaskAnyMoreOnceTheJourneyIsClosed) {
  v1::JourneyRecord record = Denied();
  record.set_open(false);
  record.set_closed(true);
  EXPECT_FALSE(IsSeenBy("organisations/a", record));
  EXPECT_FALSE(IsSeenBy("organisations/b", record));
  EXPECT_TRUE(IsSeenBy("organisations/d", record));
}

TEST(FollowUpDisclosure, OfARestrictedClientIsToNobody) {
  v1::JourneyRecord record = Denied();
  record.set_restricted(true);
  EXPECT_FALSE(IsSeenBy("organisations/a", record));
  EXPECT_FALSE(IsSeenBy("organisations/d", record));
}

}  // namespace
}  // namespace polku::follow_up
