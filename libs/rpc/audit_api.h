// AuditService: who did or saw what in the services behind this address, and whether that is still what was written.
#pragma once

#include <utility>
#include <vector>

#include "libs/rpc/access.h"
#include "libs/rpc/served.h"
#include "polku/common/v1/audit.grpc.pb.h"

namespace polku::rpc {

// Role "auditor" only.
std::vector<MethodPermission> AuditPermissions();

class AuditApi final : public polku::common::v1::AuditService::CallbackService {
 public:
  // At least one; their gates' tables hold AuditPermissions().
  explicit AuditApi(std::vector<Served> served) : served_(std::move(served)) {}

  grpc::ServerUnaryReactor* ListAuditRows(grpc::CallbackServerContext* context,
                                          const polku::common::v1::ListAuditRowsRequest* request,
                                          polku::common::v1::ListAuditRowsResponse* response) override;
  grpc::ServerUnaryReactor* VerifyAudit(grpc::CallbackServerContext* context,
                                        const polku::common::v1::VerifyAuditRequest* request,
                                        polku::common::v1::VerifyAuditResponse* response) override;

 private:
  const std::vector<Served> served_;
};

}  // namespace polku::rpc
