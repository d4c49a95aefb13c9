// AuditService: who did or saw what in the services behind this address, and whether that is still what was written.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/audit/signing.h"
#include "libs/rpc/access.h"
#include "libs/rpc/served.h"
#include "polku/common/v1/audit.grpc.pb.h"

namespace polku::rpc {

// Role "auditor" only.
std::vector<MethodPermission> AuditPermissions();

struct AuditPolicy {
  // How long audit rows are kept at least; what is older may be cut. Source: logs of use and disclosure are kept twelve
  // years (Client Data Act 703/2023, its annex on retention); the controller checks it against its own retention plan.
  int kept_years = 12;
  // With which each service signs, by its name. Not owned.
  std::map<std::string, const audit::SigningKeys*> keys;
};

class AuditApi final : public polku::common::v1::AuditService::CallbackService {
 public:
  // At least one, each with keys; their gates' tables hold AuditPermissions().
  AuditApi(std::vector<Served> served, AuditPolicy policy) : served_(std::move(served)), policy_(std::move(policy)) {}

  grpc::ServerUnaryReactor* ListAuditRows(grpc::CallbackServerContext* context,
                                          const polku::common::v1::ListAuditRowsRequest* request,
                                          polku::common::v1::ListAuditRowsResponse* response) override;
  grpc::ServerUnaryReactor* VerifyAudit(grpc::CallbackServerContext* context,
                                        const polku::common::v1::VerifyAuditRequest* request,
                                        polku::common::v1::VerifyAuditResponse* response) override;
  grpc::ServerUnaryReactor* CutAudit(grpc::CallbackServerContext* context,
                                     const polku::common::v1::CutAuditRequest* request,
                                     polku::common::v1::CutAuditResponse* response) override;

 private:
  const std::vector<Served> served_;
  const AuditPolicy policy_;
};

}  // namespace polku::rpc
