#include "libs/rpc/access.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "polku/common/v1/journal.pb.h"
#include "polku/rpc_probe/v1/probe.pb.h"

namespace polku::rpc {
namespace {

using ::testing::HasSubstr;

constexpr char kProbe[] = "polku.rpc_probe.v1.ProbeService";

class AccessTest : public ::testing::Test {
 protected:
  void Put(const char* header, const char* value) { metadata_.emplace(header, value); }
  void ExpectRefused(const char* header) {
    const auto principal = access_->IdentityOf({metadata_});
    EXPECT_THAT(principal, StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr(header)));
    EXPECT_EQ(ReasonOf(principal.status()), "PRINCIPAL_INVALID");
  }

  absl::StatusOr<Access> access_ = Access::Development("127.0.0.1:0");
  Access::Metadata metadata_;
};

TEST_F(AccessTest, TakesThePrincipalFromTheMetadata) {
  Put("polku-organisation", "organisations/kela");
  Put("polku-role", "referrer");
  Put("polku-user", "user-1");
  Put("polku-system", "desk");
  Put("polku-purpose", "care");
  const auto identity = access_->IdentityOf({metadata_});
  ASSERT_THAT(identity, IsOk());
  EXPECT_TRUE(identity->is_person);
  const pipeline::Principal* principal = &identity->principal;
  EXPECT_EQ(principal->organisation, "organisations/kela");
  EXPECT_EQ(principal->role, "referrer");
  EXPECT_EQ(principal->user, "user-1");
  EXPECT_EQ(principal->system, "desk");
  EXPECT_EQ(principal->purpose, "care");
}

TEST_F(AccessTest, NeedsAnOrganisation) {
  Put("polku-role", "referrer");
  ExpectRefused("polku-organisation");
  Put("polku-organisation", "kela");
  ExpectRefused("polku-organisation");
}

TEST_F(AccessTest, NeedsAKnownRole) {
  Put("polku-organisation", "organisations/kela");
  ExpectRefused("polku-role");
  Put("polku-role", "root");
  ExpectRefused("polku-role");
}

TEST_F(AccessTest, RefusesAHeaderThatIsRepeatedOrNotPlain) {
  Put("polku-organisation", "organisations/kela");
  Put("polku-role", "referrer");
  Put("polku-user", "a\nb");
  ExpectRefused("polku-user");
  metadata_.erase("polku-user");
  const std::string longer(129, 'a');
  Put("polku-user", longer.c_str());
  ExpectRefused("polku-user");
  metadata_.erase("polku-user");
  Put("polku-role", "lead");
  ExpectRefused("polku-role");
}

TEST(Development, IsForLoopbackOnly) {
  EXPECT_THAT(Access::Development("[::1]:0"), IsOk());
  for (const char* address : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "example.org:1", "nonsense"}) {
    EXPECT_THAT(Access::Development(address), StatusIs(absl::StatusCode::kInvalidArgument)) << address;
  }
}

TEST(Development, SaysSoInTheLog) {
  std::vector<std::string> lines;
  SetLogSink([&](const std::string& line) { lines.push_back(line); });
  const auto access = Access::Development("127.0.0.1:0");
  SetLogSink({});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr("\"level\":\"warning\""));
}

std::vector<MethodPermission> Rows() {
  // The linker leaves out messages that nothing refers to.
  EXPECT_NE(rpc_probe::v1::Thing::descriptor(), nullptr);
  EXPECT_NE(common::v1::JournalEntry::descriptor(), nullptr);
  return {{absl::StrCat(kProbe, "/ChangeThing"), {"referrer"}},
          {absl::StrCat(kProbe, "/WatchThing"), {"lead"}},
          {absl::StrCat(kProbe, "/GetThing"), {"lead"}}};
}

TEST(CheckPermissions, IsContentWithARowForEachMethod) { EXPECT_THAT(CheckPermissions({kProbe}, Rows()), IsOk()); }

TEST(CheckPermissions, NamesAMethodWithoutARow) {
  std::vector<MethodPermission> rows = Rows();
  rows.pop_back();
  EXPECT_THAT(CheckPermissions({kProbe}, rows),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ProbeService/GetThing: has no row")));
}

TEST(CheckPermissions, RefusesRowsThatMeanNothing) {
  const auto with = [](MethodPermission row) {
    std::vector<MethodPermission> rows = Rows();
    rows.push_back(std::move(row));
    return CheckPermissions({kProbe}, rows);
  };
  constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(with({absl::StrCat(kProbe, "/Gone"), {}}), StatusIs(kRefused, HasSubstr("no such method")));
  EXPECT_THAT(with({"polku.Gone/Get", {}}), StatusIs(kRefused, HasSubstr("no such method")));
  EXPECT_THAT(with({"nonsense", {}}), StatusIs(kRefused, HasSubstr("no such method")));
  EXPECT_THAT(with(Rows()[0]), StatusIs(kRefused, HasSubstr("two rows")));
  EXPECT_THAT(with({"polku.common.v1.JournalService/ReadJournal", {"root"}}),
              StatusIs(kRefused, HasSubstr("role root")));
  EXPECT_THAT(with({"polku.common.v1.JournalService/ReadJournal", {"service"}, {"lead"}}),
              StatusIs(kRefused, HasSubstr("systems: lead")));
  EXPECT_THAT(CheckPermissions({"polku.Gone"}, Rows()), StatusIs(kRefused, HasSubstr("no such service")));
}

TEST(CheckPermissions, RefusesTwoMethodsWithOneRequestType) {
  // The gate could not tell them apart.
  EXPECT_NE(rpc_probe::v1::Thing::descriptor(), nullptr);
  EXPECT_THAT(CheckPermissions({}, {{absl::StrCat(kProbe, "/GetThing"), {"lead"}},
                                    {"polku.rpc_probe.v1.ClashService/GetThingToo", {"lead"}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("same request type")));
}

}  // namespace
}  // namespace polku::rpc
