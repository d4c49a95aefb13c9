// VerifyService: what is compared across services, read from the databases of the services behind this address.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/rpc/access.h"
#include "libs/rpc/served.h"
#include "polku/common/v1/verify.grpc.pb.h"

namespace polku::rpc {

// What a service itself must never hold: a query for the names of what breaks it.
struct Invariant {
  std::string id;    // "I3"
  std::string sql;   // The first column is a name. In the common subset, without parameters.
  std::string says;  // Behind the name: "has several open outreach tasks".
};

// Role "operator" only.
std::vector<MethodPermission> VerifyPermissions();

class VerifyApi final : public polku::common::v1::VerifyService::CallbackService {
 public:
  // At least one; their gates' tables hold VerifyPermissions(). `invariants` by service.
  VerifyApi(std::vector<Served> served, std::map<std::string, std::vector<Invariant>> invariants)
      : served_(std::move(served)), invariants_(std::move(invariants)) {}

  grpc::ServerUnaryReactor* ListVersions(grpc::CallbackServerContext* context,
                                         const polku::common::v1::ListVersionsRequest* request,
                                         polku::common::v1::ListVersionsResponse* response) override;
  grpc::ServerUnaryReactor* CheckService(grpc::CallbackServerContext* context,
                                         const polku::common::v1::CheckServiceRequest* request,
                                         polku::common::v1::ServiceCheck* response) override;

 private:
  const std::vector<Served> served_;
  const std::map<std::string, std::vector<Invariant>> invariants_;
};

}  // namespace polku::rpc
