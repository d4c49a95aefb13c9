// The program polkuctl against a server that wants certificates and signed tokens, as an operator types it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/testing/child_process.h"
#include "tests/system/guarded_server.h"

namespace polku::system_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kOrganisations[] =
    "spiffe://example/office: {organisation: organisations/te-office, system: desk, roles: [referrer]}\n"
    "spiffe://example/unit: {organisation: organisations/kainuu-unit, system: ward, roles: [intake, lead]}\n";

// As its --help says.
constexpr int kOk = 0;
constexpr int kRefused = 1;
constexpr int kUsage = 2;
constexpr int kUnreachable = 3;

struct Told {
  int exit_code = -1;
  std::string text;
};

class PolkuctlOverTls : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.Start();
    PutLeaf("office", server_.Issue("spiffe://example/office"));
    PutLeaf("unit", server_.Issue("spiffe://example/unit"));
    server_.Put("token.jwt", server_.TokenOf("organisations/kainuu-unit", "intake"));
  }
  void PutLeaf(const std::string& name, const rpc::testing::Leaf& leaf) {
    server_.Put(absl::StrCat(name, ".pem"), leaf.certificate);
    server_.Put(absl::StrCat(name, ".key"), leaf.key);
  }
  Told Run(std::vector<std::string> words) {
    words.insert(words.begin(), {POLKU_POLKUCTL, "--server", server_.address()});
    return RunIn({}, std::move(words));
  }
  Told RunIn(std::map<std::string, std::string> environment, std::vector<std::string> words) {
    const std::string output = server_.Path(absl::StrCat("out", ++runs_));
    const auto program = testing::ChildProcess::Start(
        {.words = std::move(words), .environment = std::move(environment), .output = output});
    const absl::StatusOr<int> exit_code = program->Wait(kPatience);
    EXPECT_THAT(exit_code, IsOk());
    std::ifstream file(output, std::ios::binary);
    return {exit_code.value_or(-1), {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
  }
  // With the certificate of `name`.
  std::vector<std::string> With(const std::string& name, std::vector<std::string> words) {
    words.insert(words.begin(),
                 {"--ca", server_.Path("ca.pem"), "--certificate", server_.Path(absl::StrCat(name, ".pem")), "--key",
                  server_.Path(absl::StrCat(name, ".key"))});
    return words;
  }

  const SystemClock clock_;
  GuardedServer server_{kOrganisations, &clock_};
  int runs_ = 0;
};

TEST_F(PolkuctlOverTls, ActsForAPersonWithATokenAndForASystemWithoutOne) {
  const Told person =
      Run(With("unit", {"--token-file", server_.Path("token.jwt"), "--role", "intake", "referrals", "list"}));
  EXPECT_EQ(person.exit_code, kOk) << person.text;
  EXPECT_THAT(person.text, HasSubstr("none"));
  // The same by the environment, as an operator has it.
  const Told again = RunIn({{"POLKU_SERVER", server_.address()},
                            {"POLKU_CA", server_.Path("ca.pem")},
                            {"POLKU_CERTIFICATE", server_.Path("unit.pem")},
                            {"POLKU_KEY", server_.Path("unit.key")},
                            {"POLKU_TOKEN_FILE", server_.Path("token.jwt")}},
                           {POLKU_POLKUCTL, "referrals", "list"});
  EXPECT_EQ(again.exit_code, kOk) << again.text;
  const Told system = Run(With("office", {"--role", "referrer", "referrals", "list"}));
  EXPECT_EQ(system.exit_code, kOk) << system.text;
}

TEST_F(PolkuctlOverTls, NamesTheTokenFileWhenThereIsNoGoodToken) {
  const Told none = Run(With("unit", {"--role", "intake", "referrals", "list"}));
  EXPECT_EQ(none.exit_code, kRefused);
  EXPECT_THAT(none.text, AllOf(HasSubstr("TOKEN_REQUIRED"), HasSubstr("--token-file")));
  server_.Put("token.jwt", "nonsense");
  const Told bad =
      Run(With("unit", {"--token-file", server_.Path("token.jwt"), "--role", "intake", "referrals", "list"}));
  EXPECT_EQ(bad.exit_code, kRefused);
  EXPECT_THAT(bad.text, AllOf(HasSubstr("TOKEN_INVALID"), HasSubstr("--token-file"), Not(HasSubstr("nonsense"))));
  const Told gone = Run(With("unit", {"--token-file", server_.Path("no.jwt"), "referrals", "list"}));
  EXPECT_EQ(gone.exit_code, kUsage);
  EXPECT_THAT(gone.text, HasSubstr("--token-file"));
}

TEST_F(PolkuctlOverTls, NamesTheAuthorityThatDoesNotFit) {
  server_.Put("foreign.pem", rpc::testing::Authority("somebody else").certificate());
  const Told foreign = Run({"--ca", server_.Path("foreign.pem"), "--certificate", server_.Path("office.pem"), "--key",
                            server_.Path("office.key"), "--role", "referrer", "--timeout", "5", "referrals", "list"});
  EXPECT_EQ(foreign.exit_code, kUnreachable);
  EXPECT_THAT(foreign.text, AllOf(HasSubstr("--ca (POLKU_CA)"), HasSubstr("tls.client_ca")));
  const Told gone = Run({"--ca", server_.Path("no.pem"), "--certificate", server_.Path("office.pem"), "--key",
                         server_.Path("office.key"), "referrals", "list"});
  EXPECT_EQ(gone.exit_code, kUsage);
  EXPECT_THAT(gone.text, HasSubstr("--ca"));
}

TEST_F(PolkuctlOverTls, NamesTheCertificateThatDoesNotFit) {
  PutLeaf("nobody", server_.Issue("spiffe://example/nobody"));
  const Told nobody = Run(With("nobody", {"--role", "referrer", "referrals", "list"}));
  EXPECT_EQ(nobody.exit_code, kRefused);
  EXPECT_THAT(nobody.text, AllOf(HasSubstr("CERTIFICATE_UNKNOWN"), HasSubstr("--certificate")));
  rpc::testing::LeafSpec spec;
  spec.names = {"URI:spiffe://example/office"};
  spec.from = clock_.Now() - absl::Hours(1);
  spec.until = clock_.Now() + absl::Hours(1);
  PutLeaf("stranger", rpc::testing::Authority("somebody else").Issue(spec));
  const Told stranger = Run(With("stranger", {"--role", "referrer", "--timeout", "5", "referrals", "list"}));
  EXPECT_EQ(stranger.exit_code, kUnreachable);
  EXPECT_THAT(stranger.text, HasSubstr("--certificate (POLKU_CERTIFICATE)"));
}

}  // namespace
}  // namespace polku::system_test
