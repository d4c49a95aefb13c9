// All services in this process behind mutual TLS, with an authority and a sign-in of their own.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/host/host.h"
#include "libs/rpc/testing/authority.h"
#include "libs/testing/temporary_folder.h"

namespace polku::system_test {

class GuardedServer {
 public:
  // `organisations` is the content of access.organisations. `clock` is not owned; certificates are good on it and on
  // the machine's.
  GuardedServer(const std::string& organisations, const Clock* clock);

  // What can be changed before Start.
  host::HostConfig& config() { return config_; }
  // Serves on return; aborts when it cannot.
  void Start();
  host::Host& host() { return *host_; }
  std::string address() const;

  // A file in a folder of the server's: ca.pem, server.pem, server.key, organisations.yaml, jwks.json.
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void Put(const std::string& name, const std::string& content) const { rpc::testing::WriteFile(Path(name), content); }
  void PutServerLeaf(absl::Duration lasts = absl::Hours(1)) const;

  rpc::testing::Leaf Issue(const std::string& uri, absl::Duration lasts = absl::Hours(1)) const;
  // A new connection with a new certificate.
  std::shared_ptr<grpc::Channel> ChannelOf(const std::string& uri) const;
  std::string TokenOf(const std::string& organisation, const std::string& role) const;

 private:
  const Clock* const clock_;
  testing::TemporaryFolder folder_;
  SeededRandom random_{1};
  const rpc::testing::Authority ca_{"region"};
  const rpc::testing::TokenMaker tokens_;
  host::HostConfig config_;
  std::unique_ptr<host::Host> host_;
};

}  // namespace polku::system_test
