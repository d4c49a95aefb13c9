#include "libs/rpc/organisations.h"

#include <gtest/gtest.h>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"

namespace polku::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFile[] = R"(
spiffe://kainuu.example/agencies/te-office:
  organisation: organisations/te-office
  system: te-asiakas
  roles: [referrer]
  calls_per_second: 0.5
spiffe://kainuu.example/unit: {organisation: organisations/unit, system: desk, roles: [intake, lead]}
denied:
  - spiffe://kainuu.example/left
  - 00:4F:0a
)";

PeerCertificate Of(std::vector<std::string> uris, std::string serial = "1") {
  return {std::move(uris), std::move(serial), absl::InfiniteFuture()};
}

std::string WhyNot(const PeerCertificate& certificate) {
  const auto organisations = Organisations::Parse("file", kFile);
  return ReasonOf(organisations->Find(certificate).status());
}

TEST(OrganisationsTest, FindsTheSystemOfACertificate) {
  const auto organisations = Organisations::Parse("file", kFile);
  ASSERT_THAT(organisations, IsOk());
  const auto office = organisations->Find(Of({"https://else.example/", "spiffe://kainuu.example/agencies/te-office"}));
  ASSERT_THAT(office, IsOk());
  EXPECT_EQ((*office)->organisation, "organisations/te-office");
  EXPECT_EQ((*office)->system, "te-asiakas");
  EXPECT_THAT((*office)->roles, ElementsAre("referrer"));
  EXPECT_EQ((*office)->calls_per_second, 0.5);
  const auto unit = organisations->Find(Of({"spiffe://kainuu.example/unit"}));
  ASSERT_THAT(unit, IsOk());
  EXPECT_THAT((*unit)->roles, ElementsAre("intake", "lead"));
  EXPECT_EQ((*unit)->calls_per_second, 0);
}

TEST(OrganisationsTest, KnowsNobodyElse) {
  EXPECT_EQ(WhyNot(Of({})), "CERTIFICATE_UNKNOWN");
  EXPECT_EQ(WhyNot(Of({"spiffe://kainuu.example/agencies"})), "CERTIFICATE_UNKNOWN");
  EXPECT_EQ(WhyNot(Of({"spiffe://kainuu.example/unit/"})), "CERTIFICATE_UNKNOWN");
  // Of which of the two is its call?
  EXPECT_EQ(WhyNot(Of({"spiffe://kainuu.example/unit", "spiffe://kainuu.example/agencies/te-office"})),
            "CERTIFICATE_UNKNOWN");
}

TEST(OrganisationsTest, DeniesByUriAndBySerialNumber) {
  EXPECT_EQ(WhyNot(Of({"spiffe://kainuu.example/left"})), "CERTIFICATE_DENIED");
  EXPECT_EQ(WhyNot(Of({"spiffe://kainuu.example/unit", "spiffe://kainuu.example/left"})), "CERTIFICATE_DENIED");
  EXPECT_EQ(WhyNot(Of({"spiffe://kainuu.example/unit"}, "4f0a")), "CERTIFICATE_DENIED");
}

TEST(OrganisationsTest, SaysWhereWhatIsWrongStands) {
  const auto refused = [](const std::string& text, const char* what) {
    EXPECT_THAT(Organisations::Parse("o.yaml", text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what)))
        << text;
  };
  const std::string good = "a://b: {organisation: organisations/o, system: s, roles: [lead]}\n";
  EXPECT_THAT(Organisations::Parse("o.yaml", good + "denied:\n"), IsOk());
  refused("- a", "o.yaml:1: expected a row");
  refused("", "o.yaml:");
  refused("denied: []", "nobody may call");
  refused(good + "name: {}", "o.yaml:2: name");
  refused(good + good, "o.yaml:2: a://b is given twice");
  refused(good + "c://d: {organisation: o, system: s, roles: [lead]}", "o.yaml:2: organisation");
  refused(good + "c://d: {organisation: organisations/o, system: S, roles: [lead]}", "o.yaml:2: system");
  refused(good + "c://d: {organisation: organisations/o, system: s, roles: [root]}", "o.yaml:2: roles");
  refused(good + "c://d: {organisation: organisations/o, system: s, roles: lead}", "o.yaml:2: roles");
  refused(good + "c://d: {organisation: organisations/o, system: s}", "o.yaml:2: organisation, system and roles");
  refused(good + "c://d: {organisation: organisations/o, system: s, roles: [lead], role: x}", "unknown key role");
  refused(good + "c://d: {system: s, system: s}", "system is given twice");
  refused(good + "c://d: {calls_per_second: 0}", "calls_per_second");
  refused(good + "denied: [left]", "o.yaml:2: denied");
  refused(good + "denied: a://b", "o.yaml:2: denied");
  refused("a: [", "o.yaml");
}

}  // namespace
}  // namespace polku::rpc
