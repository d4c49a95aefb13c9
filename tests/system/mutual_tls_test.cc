// A server that others can reach: agencies by certificate, people by signed token, services among themselves.
#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/ids.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/host/run.h"
#include "libs/rpc/remote_journals.h"
#include "tests/system/guarded_server.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using referral::v1::ReferralService;
using rpc::testing::Leaf;
using ::testing::HasSubstr;

constexpr char kOrganisations[] =
    "spiffe://example/office: {organisation: organisations/sender, system: desk, roles: [referrer]}\n"
    "spiffe://example/other: {organisation: organisations/other, system: desk, roles: [referrer]}\n"
    "spiffe://example/unit: {organisation: organisations/unit, system: ward, roles: [intake]}\n"
    "spiffe://example/polku: {organisation: organisations/polku, system: polku, roles: [service]}\n";

class MutualTls : public ::testing::Test {
 protected:
  void SetUp() override { server_.Start(); }

  std::unique_ptr<ReferralService::Stub> As(const std::string& uri) const {
    return ReferralService::NewStub(server_.ChannelOf(uri));
  }
  template <class Request, class Reply>
  absl::StatusOr<Reply> Call(ReferralService::Stub& stub,
                             grpc::Status (ReferralService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                           Reply*),
                             const Request& request, const std::string& token = "") {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    Reply reply;
    const grpc::Status status = (stub.*method)(&context, request, &reply);
    if (!status.ok()) return rpc::FromGrpc(status);
    return reply;
  }
  referral::v1::SubmitReferralRequest Referral() {
    referral::v1::SubmitReferralRequest request;
    request.set_request_id(NewUuidV7(clock_.Now(), random_));
    referral::v1::Referral& referral = *request.mutable_referral();
    referral.set_receiving_unit("organisations/unit");
    referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
    referral.add_needs("work-ability");
    referral.mutable_person()->set_identity_code("131052-9085");
    referral.mutable_person()->set_municipality("205");
    referral.mutable_person()->set_language("fi");
    return request;
  }
  // Looks at the metrics until `good` is content with them.
  bool MetricsBecome(const std::function<bool(const std::string&)>& good) {
    httplib::Client client("127.0.0.1", server_.host().ops_port());
    const SystemMonotonicClock monotonic;
    const absl::Duration until = monotonic.Elapsed() + absl::Seconds(30);
    while (monotonic.Elapsed() < until) {
      const auto answer = client.Get("/metrics");
      if (answer && good(answer->body)) return true;
    }
    return false;
  }

  const SystemClock clock_;
  SeededRandom random_{1};
  GuardedServer server_{kOrganisations, &clock_};
};

TEST_F(MutualTls, ASystemSendsAReferralAndAPersonAcceptsIt) {
  const auto office = As("spiffe://example/office");
  const auto sent = Call(*office, &ReferralService::Stub::SubmitReferral, Referral());
  ASSERT_THAT(sent, IsOk());

  referral::v1::AcceptReferralRequest accept;
  accept.set_request_id(NewUuidV7(clock_.Now(), random_));
  accept.set_name(sent->name());
  accept.set_pathway("kainuu-unemployed");
  const auto unit = As("spiffe://example/unit");
  EXPECT_EQ(ReasonOf(Call(*unit, &ReferralService::Stub::AcceptReferral, accept).status()), "TOKEN_REQUIRED");
  EXPECT_EQ(ReasonOf(Call(*office, &ReferralService::Stub::AcceptReferral, accept,
                          server_.TokenOf("organisations/sender", "intake"))
                         .status()),
            "ROLE_NOT_OF_ORGANISATION");
  EXPECT_THAT(
      Call(*unit, &ReferralService::Stub::AcceptReferral, accept, server_.TokenOf("organisations/unit", "intake")),
      IsOk());

  referral::v1::GetReferralRequest get;
  get.set_name(sent->name());
  const auto seen = Call(*office, &ReferralService::Stub::GetReferral, get);
  ASSERT_THAT(seen, IsOk());
  EXPECT_EQ(seen->state(), referral::v1::REFERRAL_STATE_ACCEPTED);
  // Another agency does not even learn that there is one.
  EXPECT_THAT(Call(*As("spiffe://example/other"), &ReferralService::Stub::GetReferral, get),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MutualTls, ServicesReadEachOthersJournalsWithCertificatesOfTheMoment) {
  const auto sent = Call(*As("spiffe://example/office"), &ReferralService::Stub::SubmitReferral, Referral());
  ASSERT_THAT(sent, IsOk());
  const auto certificates = rpc::Certificates::Load(server_.config().credentials.tls, clock_.Now());
  ASSERT_THAT(certificates, IsOk());
  rpc::RemoteJournals journals({{"referral", server_.address()}}, certificates->get());
  const std::string client = *ClientOf(sent->name());
  const auto entries = journals.Read("referral", client, 0, 10);
  ASSERT_THAT(entries, IsOk());
  EXPECT_EQ(entries->size(), 1u);
  // A certificate that is not a service's.
  const Leaf office = server_.Issue("spiffe://example/office");
  server_.Put("server.key", office.key);
  server_.Put("server.pem", office.certificate);
  EXPECT_THAT((*certificates)->Reload(clock_.Now()), IsOkAndHolds(true));
  EXPECT_THAT(journals.Read("referral", client, 0, 10),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("give the role")));
}

TEST_F(MutualTls, ShowsWhenItsCertificateExpiresAndWhatCannotBeReloaded) {
  server_.PutServerLeaf(absl::Hours(2));
  const int64_t later = absl::ToUnixSeconds(clock_.Now() + absl::Minutes(90));
  const auto value_of = [](const std::string& text, const std::string& series) {
    double value = -1;
    const size_t at = text.find(series);
    if (at != std::string::npos) value = std::stod(text.substr(at + series.size()));
    return value;
  };
  const std::string expiry = "polku_certificate_expiry_timestamp_seconds{certificate=\"grpc\"}";
  EXPECT_TRUE(MetricsBecome([&](const std::string& text) { return value_of(text, expiry) > later; }));
  server_.Put("jwks.json", "{}");
  server_.Put("server.key", "nonsense");
  for (const char* files : {"jwks", "certificates"}) {
    const std::string series = absl::StrCat("polku_credentials_reload_failures_total{files=\"", files, "\"}");
    EXPECT_TRUE(MetricsBecome([&](const std::string& text) { return value_of(text, series) > 0; })) << files;
  }
  EXPECT_TRUE(MetricsBecome([&](const std::string& text) {
    return value_of(text, "polku_credentials_reload_failures_total{files=\"organisations\"}") == 0;
  }));
  // Those from before are good.
  EXPECT_THAT(Call(*As("spiffe://example/office"), &ReferralService::Stub::SubmitReferral, Referral(),
                   server_.TokenOf("organisations/sender", "referrer")),
              IsOk());
}

// What --check-config finds before a service is restarted on it.
TEST_F(MutualTls, IsCheckedBeforeItIsStarted) {
  const auto check = [this](std::vector<std::string> more) {
    std::vector<std::string> words = {"polku-all-in-one",
                                      "--check-config",
                                      "--access.mode=mtls",
                                      "--tls.certificate=" + server_.Path("server.pem"),
                                      "--tls.key=" + server_.Path("server.key"),
                                      "--tls.client_ca=" + server_.Path("ca.pem"),
                                      "--access.organisations=" + server_.Path("organisations.yaml"),
                                      "--grpc.listen=0.0.0.0:7443",
                                      "--pathways.folder=" POLKU_DEPLOY_FOLDER "/pathways",
                                      "--rules.folder=" POLKU_DEPLOY_FOLDER "/rules",
                                      "--instruments.folder=" POLKU_DEPLOY_FOLDER "/instruments"};
    for (const std::string& word : more) {
      const std::string key = word.substr(0, word.find('=') + 1);
      std::erase_if(words, [&](const std::string& old) { return absl::StartsWith(old, key); });
      words.push_back(word);
    }
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    ::testing::internal::CaptureStderr();
    const int code = host::Run(words[0], all_in_one::AllParts(), static_cast<int>(argv.size()), argv.data());
    const std::string told = ::testing::internal::GetCapturedStderr();
    return code == 0 ? std::string("good") : told;
  };
  EXPECT_EQ(check({}), "good");
  EXPECT_THAT(check({"--access.mode=development"}), HasSubstr("0.0.0.0:7443 is not a loopback address"));
  EXPECT_THAT(check({"--access.mode=none"}), HasSubstr("access.mode"));
  EXPECT_THAT(check({"--tls.key="}), HasSubstr("tls.key: required"));
  EXPECT_THAT(check({"--tls.key=" + server_.Path("ca.pem")}), HasSubstr("no private key"));
  EXPECT_THAT(check({"--tls.client_ca=" + server_.Path("gone")}), HasSubstr("gone: cannot be read"));
  EXPECT_THAT(check({"--peers=referral=127.0.0.1:1"}), HasSubstr("tls.peer_ca: required"));
  EXPECT_THAT(check({"--access.jwks=" + server_.Path("jwks.json")}), HasSubstr("access.token_issuer"));
  EXPECT_THAT(check({"--access.organisations=" + server_.Path("ca.pem")}), HasSubstr("ca.pem"));
  EXPECT_THAT(check({"--pathways.folder=" + server_.Path("gone")}), HasSubstr("gone"));
  // Nothing was made.
  EXPECT_FALSE(std::filesystem::exists("data"));
}

}  // namespace
}  // namespace polku::system_test
