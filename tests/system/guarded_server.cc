#include "tests/system/guarded_server.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "services/all-in-one/parts.h"

namespace polku::system_test {

GuardedServer::GuardedServer(const std::string& organisations, const Clock* clock) : clock_(clock) {
  Put("ca.pem", ca_.certificate());
  Put("jwks.json", tokens_.Jwks());
  Put("organisations.yaml", organisations);
  PutServerLeaf();
  config_.data_folder = Path("data");
  config_.erasures_folder = Path("erasures");
  config_.grpc_listen = {"0.0.0.0", 0};
  config_.ops_listen.port = 0;
  config_.definitions = {POLKU_DEPLOY_FOLDER "/pathways", POLKU_DEPLOY_FOLDER "/rules",
                         POLKU_DEPLOY_FOLDER "/instruments"};
  config_.part.allow_test_codes = true;
  config_.access_mode = host::AccessMode::kMutualTls;
  config_.credentials.tls = {Path("server.pem"), Path("server.key"), Path("ca.pem"), Path("ca.pem")};
  config_.credentials.organisations = Path("organisations.yaml");
  config_.credentials.jwks = Path("jwks.json");
  config_.credentials.token = {"https://sso.example", "polku"};
  config_.credentials.reload_interval = absl::Milliseconds(10);
}

void GuardedServer::Start() {
  absl::StatusOr<std::unique_ptr<host::Host>> made =
      host::Host::Create(config_, all_in_one::AllParts(), clock_, &random_);
  POLKU_CHECK(made.ok());
  host_ = *std::move(made);
  POLKU_CHECK(host_->Start(nullptr).ok());
}

std::string GuardedServer::address() const { return absl::StrCat("127.0.0.1:", host_->grpc_port()); }

void GuardedServer::PutServerLeaf(absl::Duration lasts) const {
  const rpc::testing::Leaf leaf = Issue("spiffe://example/polku", lasts);
  Put("server.key", leaf.key);
  Put("server.pem", leaf.certificate);
}

rpc::testing::Leaf GuardedServer::Issue(const std::string& uri, absl::Duration lasts) const {
  const absl::Time machine = SystemClock().Now();
  return ca_.Issue({.names = {"IP:127.0.0.1", "URI:" + uri},
                    .from = std::min(clock_->Now(), machine) - absl::Hours(1),
                    .until = std::max(clock_->Now(), machine) + lasts});
}

std::shared_ptr<grpc::Channel> GuardedServer::ChannelOf(const std::string& uri) const {
  const rpc::testing::Leaf leaf = Issue(uri);
  return grpc::CreateChannel(address(), grpc::SslCredentials({ca_.certificate(), leaf.key, leaf.certificate}));
}

std::string GuardedServer::TokenOf(const std::string& organisation, const std::string& role) const {
  return tokens_.Sign(
      absl::StrCat(R"({"iss":"https://sso.example","aud":"polku","sub":"u1","organisation":")", organisation,
                   R"(","roles":[")", role, R"("],"exp":)", absl::ToUnixSeconds(clock_->Now()) + 3600, "}"),
      "ES256");
}

}  // namespace polku::system_test
