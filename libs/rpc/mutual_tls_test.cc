// A server that wants certificates, called by those who have the right one, a wrong one and none.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/log.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/rpc/gate.h"
#include "libs/rpc/mutual_access.h"
#include "libs/rpc/server.h"
#include "libs/rpc/status.h"
#include "libs/rpc/testing/authority.h"
#include "libs/rpc/testing/box.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "polku/rpc_probe/v1/probe.grpc.pb.h"

namespace polku::rpc {
namespace {

using rpc_probe::v1::ChangeThingRequest;
using rpc_probe::v1::GetThingRequest;
using rpc_probe::v1::ProbeService;
using rpc_probe::v1::Thing;
using rpc_probe::v1::WatchThingRequest;
using ::testing::HasSubstr;

constexpr char kOffice[] = "URI:spiffe://example/office";
constexpr char kIssuer[] = "https://sso.example";

// Answers with who it thinks called.
class ProbeApi final : public ProbeService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetThing(grpc::CallbackServerContext* context, const GetThingRequest* request,
                                     Thing* reply) override {
    return gate->Read(context, request, reply, [](ReadScope& scope, const GetThingRequest&) {
      const pipeline::Principal& who = scope.principal;
      Thing thing;
      thing.set_text(absl::StrJoin({who.organisation, who.system, who.user, who.role, who.purpose}, " "));
      return absl::StatusOr<Thing>(thing);
    });
  }
  grpc::ServerUnaryReactor* ChangeThing(grpc::CallbackServerContext* context, const ChangeThingRequest* request,
                                        Thing* reply) override {
    return gate->Write(context, request, reply);
  }
  grpc::ServerWriteReactor<Thing>* WatchThing(grpc::CallbackServerContext* context,
                                              const WatchThingRequest* request) override {
    return gate->Watch<WatchThingRequest, Thing>(context, request,
                                                 [this](ReadScope&, std::vector<Thing>& found) -> absl::StatusOr<bool> {
                                                   while (changes.size() > 0) {
                                                     found.emplace_back().set_text(changes.Take());
                                                   }
                                                   return false;
                                                 });
  }

  Gate* gate = nullptr;
  Box<std::string> changes;
};

class MutualTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([](const std::string&) {});
    Put("client_ca.pem", ca_.certificate());
    Put("peer_ca.pem", ca_.certificate());
    PutServer(ca_.Issue(Spec({"IP:127.0.0.1", "URI:spiffe://example/polku"})));
    Put("jwks.json", tokens_.Jwks());
    PutOrganisations("");
    certificates_ = *Certificates::Load(Files(), clock_.Now());
    mutual_ = *MutualAccess::Load({Path("organisations.yaml"), Path("jwks.json"), {kIssuer, "polku"}, &clock_});
    access_.emplace(mutual_);
    OpenDatabase();
    GateOptions options;
    options.submit = [](pipeline::Command, pipeline::Done done) { done(std::make_unique<Thing>()); };
    options.audit = [](std::vector<store::AuditRow>, std::function<void(absl::Status)> done) {
      done(absl::OkStatus());
    };
    options.database = database_.get();
    options.clock = &clock_;
    options.access = &*access_;
    options.permissions = {{"polku.rpc_probe.v1.ProbeService/ChangeThing", {"referrer", "intake"}},
                           {"polku.rpc_probe.v1.ProbeService/GetThing", {"referrer", "intake"}, {"referrer"}},
                           {"polku.rpc_probe.v1.ProbeService/WatchThing", {"referrer"}, {"referrer"}}};
    options.metrics = &registry_;
    options.limits.watch_poll_interval = absl::Milliseconds(1);
    gate_ = std::make_unique<Gate>(options);
    api_.gate = gate_.get();
    // Not loopback alone: with certificates a server may listen anywhere.
    server_ = *Server::Start(
        {.listen = "0.0.0.0:0", .permissions = options.permissions, .certificates = certificates_.get()}, {&api_});
  }
  void TearDown() override {
    gate_->EndWatches();
    server_.reset();
    gate_.reset();
    SetLogSink({});
  }

  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void Put(const std::string& name, const std::string& content) const { testing::WriteFile(Path(name), content); }
  TlsFiles Files() const {
    return {Path("server.pem"), Path("server.key"), Path("client_ca.pem"), Path("peer_ca.pem")};
  }
  void PutServer(const testing::Leaf& leaf) {
    Put("server.key", leaf.key);
    Put("server.pem", leaf.certificate);
  }
  void PutOrganisations(const std::string& denied) {
    Put("organisations.yaml",
        absl::StrCat("spiffe://example/office: {organisation: organisations/o, system: desk, roles: [referrer]}\n"
                     "spiffe://example/unit: {organisation: organisations/u, system: ward, roles: [referrer, intake]}\n"
                     "denied: [",
                     denied, "]\n"));
  }
  void OpenDatabase() {
    store::SqliteOptions options;
    options.base.service = "probe";
    options.path = Path("probe.db");
    options.key_path = Path("probe.keys");
    options.random = &random_;
    database_ = *store::OpenSqlite(options);
  }

  static testing::LeafSpec Spec(std::vector<std::string> names) {
    testing::LeafSpec spec;
    spec.names = std::move(names);
    spec.from = SystemClock().Now() - absl::Hours(1);
    spec.until = SystemClock().Now() + absl::Hours(1);
    return spec;
  }
  // A new connection.
  std::shared_ptr<grpc::Channel> Connect(const testing::Leaf& leaf, const std::string& trusted) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                     grpc::SslCredentials({trusted, leaf.key, leaf.certificate}), arguments);
  }
  std::shared_ptr<grpc::Channel> Connect(const testing::Leaf& leaf) const { return Connect(leaf, ca_.certificate()); }

  absl::StatusOr<std::string> Get(const std::shared_ptr<grpc::Channel>& channel, const std::string& token = "",
                                  const std::string& role = "") const {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    if (!role.empty()) context.AddMetadata("polku-role", role);
    context.AddMetadata("polku-user", "somebody-else");  // Says nothing here.
    context.AddMetadata("polku-purpose", "care");
    Thing thing;
    const grpc::Status status = ProbeService::NewStub(channel)->GetThing(&context, GetThingRequest(), &thing);
    if (!status.ok()) return FromGrpc(status);
    return thing.text();
  }
  std::string ReasonOfGet(const std::shared_ptr<grpc::Channel>& channel, const std::string& token = "",
                          const std::string& role = "") const {
    return ReasonOf(Get(channel, token, role).status());
  }
  std::string Claims(const std::string& organisation, const std::string& roles, const std::string& more = "") const {
    return absl::StrCat(R"({"iss":")", kIssuer, R"(","aud":"polku","sub":"u1","exp":)",
                        absl::ToUnixSeconds(clock_.Now()) + 300, R"(,"organisation":")", organisation, R"(","roles":[)",
                        roles, "]", more, "}");
  }
  std::string Token(const std::string& more = "") const {
    return tokens_.Sign(Claims("organisations/u", R"("intake")", more), "ES256");
  }

  polku::testing::TemporaryFolder folder_;
  const testing::Authority ca_{"clients"};
  const testing::TokenMaker tokens_;
  ManualClock clock_{SystemClock().Now()};
  SeededRandom random_{1};
  std::unique_ptr<Certificates> certificates_;
  std::shared_ptr<MutualAccess> mutual_;
  std::optional<Access> access_;
  std::unique_ptr<store::Database> database_;
  prometheus::Registry registry_;
  std::unique_ptr<Gate> gate_;
  ProbeApi api_;
  std::unique_ptr<Server> server_;
};

TEST_F(MutualTlsTest, KnowsASystemByItsCertificate) {
  const auto office = Connect(ca_.Issue(Spec({kOffice})));
  EXPECT_THAT(Get(office), IsOkAndHolds("organisations/o desk systems/desk referrer care"));
  // In a role that it has, but as a system may not.
  EXPECT_EQ(ReasonOfGet(Connect(ca_.Issue(Spec({"URI:spiffe://example/unit"}))), "", "intake"), "TOKEN_REQUIRED");
  grpc::ClientContext context;
  Thing thing;
  const grpc::Status status = ProbeService::NewStub(office)->ChangeThing(&context, ChangeThingRequest(), &thing);
  EXPECT_EQ(ReasonOf(FromGrpc(status)), "TOKEN_REQUIRED");
}

TEST_F(MutualTlsTest, KnowsAPersonByAToken) {
  const auto unit = Connect(ca_.Issue(Spec({"URI:spiffe://example/unit"})));
  EXPECT_THAT(Get(unit, Token()), IsOkAndHolds("organisations/u ward u1 intake care"));
  const std::string both = tokens_.Sign(Claims("organisations/u", R"("intake","referrer")"), "RS256");
  EXPECT_THAT(Get(unit, both, "referrer"), IsOkAndHolds("organisations/u ward u1 referrer care"));
  EXPECT_EQ(ReasonOfGet(unit, both), "PRINCIPAL_INVALID");
  EXPECT_EQ(ReasonOfGet(unit, Token(), "referrer"), "ROLE_NOT_GIVEN");
  EXPECT_EQ(ReasonOfGet(unit, Token(), "lead"), "ROLE_NOT_GIVEN");
}

// Whoever has no certificate that TLS can verify never gets past the handshake.
TEST_F(MutualTlsTest, EndsTheHandshakeOfWhoeverHasNoGoodCertificate) {
  const testing::Authority stranger("clients");
  testing::LeafSpec expired = Spec({kOffice});
  expired.until = SystemClock().Now() - absl::Minutes(1);
  testing::LeafSpec early = Spec({kOffice});
  early.from = SystemClock().Now() + absl::Minutes(30);
  testing::LeafSpec for_servers = Spec({kOffice});
  for_servers.usage = "serverAuth";
  const std::pair<const char*, testing::Leaf> bad[] = {{"none", {}},
                                                       {"of a foreign authority", stranger.Issue(Spec({kOffice}))},
                                                       {"expired", ca_.Issue(expired)},
                                                       {"not valid yet", ca_.Issue(early)},
                                                       {"for servers only", ca_.Issue(for_servers)}};
  for (const auto& [what, leaf] : bad) {
    const absl::Status status = Get(Connect(leaf)).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, ::testing::_)) << what;
    EXPECT_EQ(ReasonOf(status), "") << what;  // gRPC itself ended it.
  }
  const auto plain =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials());
  EXPECT_THAT(Get(plain), StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  EXPECT_THAT(Get(Connect(ca_.Issue(Spec({kOffice})))), IsOk());
}

TEST_F(MutualTlsTest, RefusesACertificateThatStandsForNobody) {
  EXPECT_EQ(ReasonOfGet(Connect(ca_.Issue(Spec({})))), "CERTIFICATE_UNKNOWN");
  EXPECT_EQ(ReasonOfGet(Connect(ca_.Issue(Spec({"URI:spiffe://example/offices"})))), "CERTIFICATE_UNKNOWN");
  EXPECT_EQ(ReasonOfGet(Connect(ca_.Issue(Spec({"DNS:spiffe.example"})))), "CERTIFICATE_UNKNOWN");
}

// A connection that is open long is no way around it.
TEST_F(MutualTlsTest, DeniesFromTheNextCallOn) {
  testing::LeafSpec spec = Spec({kOffice});
  spec.serial = 0x4f0a;
  const auto office = Connect(ca_.Issue(spec));
  const auto same_uri = Connect(ca_.Issue(Spec({kOffice})));
  EXPECT_THAT(Get(office), IsOk());
  PutOrganisations("'4F:0A'");
  EXPECT_THAT(mutual_->ReloadOrganisations(), IsOk());
  EXPECT_EQ(ReasonOfGet(office), "CERTIFICATE_DENIED");
  EXPECT_THAT(Get(same_uri), IsOk());
  PutOrganisations("'spiffe://example/office'");
  EXPECT_THAT(mutual_->ReloadOrganisations(), IsOk());
  EXPECT_EQ(ReasonOfGet(same_uri), "CERTIFICATE_DENIED");
}

TEST_F(MutualTlsTest, RefusesACertificateThatHasExpiredSinceTheHandshake) {
  const auto office = Connect(ca_.Issue(Spec({kOffice})));
  EXPECT_THAT(Get(office), IsOk());
  clock_.Advance(absl::Minutes(61));
  EXPECT_EQ(ReasonOfGet(office), "CERTIFICATE_EXPIRED");
}

TEST_F(MutualTlsTest, RefusesATokenThatIsNotGoodForThisCall) {
  const auto unit = Connect(ca_.Issue(Spec({"URI:spiffe://example/unit"})));
  const std::string past = absl::StrCat(R"(,"exp":)", absl::ToUnixSeconds(clock_.Now()) - 60);
  EXPECT_EQ(ReasonOfGet(unit, Token(past)), "TOKEN_EXPIRED");
  const std::string claims = Claims("organisations/u", R"("intake")");
  const std::pair<const char*, std::string> bad[] = {
      {"audience", Token(R"(,"aud":"else")")},
      {"issuer", Token(R"(,"iss":"https://else.example")")},
      {"alg none", tokens_.Sign(claims, "ES256", "none", "ES256")},
      {"unknown kid", tokens_.Sign(claims, "ES256", "ES256", "gone")},
      {"a stranger's key", testing::TokenMaker().Sign(claims, "ES256")},
      {"another organisation's", tokens_.Sign(Claims("organisations/o", R"("intake")"), "ES256")},
      {"nonsense", "nonsense"}};
  for (const auto& [what, token] : bad) EXPECT_EQ(ReasonOfGet(unit, token), "TOKEN_INVALID") << what;
  // A role that the sign-in gives and the region has not agreed to.
  const std::string lead = tokens_.Sign(Claims("organisations/u", R"("lead")"), "ES256");
  EXPECT_EQ(ReasonOfGet(unit, lead), "ROLE_NOT_OF_ORGANISATION");
}

TEST_F(MutualTlsTest, RefusesAnOrganisationThatIsNotThatOfTheCertificate) {
  const auto office = Connect(ca_.Issue(Spec({kOffice})));
  for (const auto& [claimed, expected] : {std::pair("organisations/o", ""), {"organisations/u", "PRINCIPAL_INVALID"}}) {
    grpc::ClientContext context;
    context.AddMetadata("polku-organisation", claimed);
    Thing thing;
    const grpc::Status status = ProbeService::NewStub(office)->GetThing(&context, GetThingRequest(), &thing);
    EXPECT_EQ(ReasonOf(FromGrpc(status)), expected);
  }
}

TEST_F(MutualTlsTest, RefusesAnOrganisationThatCallsTooOftenAndTellsItWhenToComeBack) {
  Put("organisations.yaml",
      "spiffe://example/office: {organisation: organisations/o, system: desk, roles: [referrer], "
      "calls_per_second: 0.001}\n"
      "spiffe://example/unit: {organisation: organisations/u, system: ward, roles: [referrer]}\n");
  EXPECT_THAT(mutual_->ReloadOrganisations(), IsOk());
  const auto office = Connect(ca_.Issue(Spec({kOffice})));
  EXPECT_THAT(Get(office), IsOk());
  const absl::Status refused = Get(office).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, ::testing::_));
  EXPECT_EQ(ReasonOf(refused), "CALL_RATE_EXCEEDED");
  const auto delay = RetryDelayOf(refused);
  ASSERT_TRUE(delay.has_value());
  EXPECT_GT(*delay, absl::ZeroDuration());
  EXPECT_LE(*delay, absl::Seconds(1000));
  EXPECT_THAT(Get(Connect(ca_.Issue(Spec({"URI:spiffe://example/unit"})))), IsOk());
}

// Fault F28: leaf and authority are replaced with an overlap; whoever is connected goes on.
TEST_F(MutualTlsTest, RotatesWhileAStreamIsOpen) {
  const testing::Authority next("clients of next year");
  const std::string both = ca_.certificate() + next.certificate();
  const testing::Leaf old_leaf = ca_.Issue(Spec({kOffice}));
  const testing::Leaf new_leaf = next.Issue(Spec({kOffice}));
  grpc::ClientContext context;
  const auto watcher = ProbeService::NewStub(Connect(old_leaf));
  const auto stream = watcher->WatchThing(&context, WatchThingRequest());
  const auto expect_change = [&](const std::string& text) {
    api_.changes.Put(text);
    Thing change;
    ASSERT_TRUE(stream->Read(&change));
    EXPECT_EQ(change.text(), text);
  };
  expect_change("before");
  EXPECT_THAT(Get(Connect(new_leaf, both)), StatusIs(absl::StatusCode::kUnavailable, ::testing::_));

  Put("client_ca.pem", both);
  PutServer(next.Issue(Spec({"IP:127.0.0.1"})));
  EXPECT_THAT(certificates_->Reload(clock_.Now()), IsOkAndHolds(true));
  expect_change("both are good");
  EXPECT_THAT(Get(Connect(old_leaf, both)), IsOk());
  EXPECT_THAT(Get(Connect(new_leaf, next.certificate())), IsOk());
  // The new leaf is shown.
  EXPECT_THAT(Get(Connect(old_leaf, ca_.certificate())), StatusIs(absl::StatusCode::kUnavailable, ::testing::_));

  Put("client_ca.pem", next.certificate());
  EXPECT_THAT(certificates_->Reload(clock_.Now()), IsOkAndHolds(true));
  EXPECT_THAT(certificates_->Reload(clock_.Now()), IsOkAndHolds(false));
  expect_change("only the new one is");
  EXPECT_THAT(Get(Connect(old_leaf, both)), StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  EXPECT_THAT(Get(Connect(new_leaf, both)), IsOk());
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

// Files change one after the other, and sometimes to nonsense.
TEST_F(MutualTlsTest, KeepsWhatItHasUntilTheNewFitsTogether) {
  const std::shared_ptr<const TlsTexts> before = certificates_->texts();
  const testing::Leaf good = ca_.Issue(Spec({"IP:127.0.0.1"}));
  testing::LeafSpec expired = Spec({"IP:127.0.0.1"});
  expired.until = clock_.Now() - absl::Seconds(1);
  testing::LeafSpec for_clients = Spec({"IP:127.0.0.1"});
  for_clients.usage = "clientAuth";
  const auto expect_kept = [&](const std::string& what) {
    EXPECT_THAT(certificates_->Reload(clock_.Now()), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(what)));
    EXPECT_EQ(certificates_->texts(), before);
    EXPECT_THAT(Get(Connect(ca_.Issue(Spec({kOffice})))), IsOk()) << what;
  };
  Put("server.pem", good.certificate);
  expect_kept("server.key: is not the key of");
  Put("server.pem", "");
  expect_kept("server.pem: no certificate");
  PutServer(ca_.Issue(expired));
  expect_kept("server.pem: expired");
  PutServer(ca_.Issue(for_clients));
  expect_kept("server.pem: is not for a server");
  PutServer(good);
  Put("client_ca.pem", "nonsense");
  expect_kept("client_ca.pem: no certificate");
  Put("client_ca.pem", ca_.certificate());
  std::filesystem::remove(Path("peer_ca.pem"));
  expect_kept("peer_ca.pem: cannot be read");
  Put("peer_ca.pem", ca_.certificate());
  EXPECT_THAT(certificates_->Reload(clock_.Now()), IsOkAndHolds(true));
  EXPECT_THAT(Get(Connect(ca_.Issue(Spec({kOffice})))), IsOk());
}

TEST_F(MutualTlsTest, KeepsOrganisationsAndKeysThatItHas) {
  const auto unit = Connect(ca_.Issue(Spec({"URI:spiffe://example/unit"})));
  Put("organisations.yaml", "nonsense");
  EXPECT_THAT(mutual_->ReloadOrganisations(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(Path("org"))));
  Put("jwks.json", "{}");
  EXPECT_THAT(mutual_->ReloadTokenKeys(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(Path("jwks"))));
  EXPECT_THAT(Get(unit, Token()), IsOk());
  const testing::TokenMaker next;
  Put("jwks.json", next.Jwks());
  EXPECT_THAT(mutual_->ReloadTokenKeys(), IsOk());
  EXPECT_EQ(ReasonOfGet(unit, Token()), "TOKEN_INVALID");
}

}  // namespace
}  // namespace polku::rpc
