// OperatorService: dead letters of the services behind this address, and how far they are behind.
#pragma once

#include <utility>
#include <vector>

#include "libs/rpc/access.h"
#include "libs/rpc/served.h"
#include "polku/common/v1/operator.grpc.pb.h"

namespace polku::rpc {

// Role "operator" only.
std::vector<MethodPermission> OperatorPermissions();

class OperatorApi final : public polku::common::v1::OperatorService::CallbackService {
 public:
  // At least one, each with a pipeline; their gates' tables hold OperatorPermissions().
  explicit OperatorApi(std::vector<Served> served) : served_(std::move(served)) {}

  grpc::ServerUnaryReactor* ListServices(grpc::CallbackServerContext* context,
                                         const polku::common::v1::ListServicesRequest* request,
                                         polku::common::v1::ListServicesResponse* response) override;
  grpc::ServerUnaryReactor* ListDeadLetters(grpc::CallbackServerContext* context,
                                            const polku::common::v1::ListDeadLettersRequest* request,
                                            polku::common::v1::ListDeadLettersResponse* response) override;
  grpc::ServerUnaryReactor* GetDeadLetter(grpc::CallbackServerContext* context,
                                          const polku::common::v1::GetDeadLetterRequest* request,
                                          polku::common::v1::DeadLetter* response) override;
  grpc::ServerUnaryReactor* ReplayDeadLetter(grpc::CallbackServerContext* context,
                                             const polku::common::v1::ReplayDeadLetterRequest* request,
                                             polku::common::v1::JudgedDeadLetter* response) override;
  grpc::ServerUnaryReactor* DiscardDeadLetter(grpc::CallbackServerContext* context,
                                              const polku::common::v1::DiscardDeadLetterRequest* request,
                                              polku::common::v1::JudgedDeadLetter* response) override;
  grpc::ServerUnaryReactor* GetLag(grpc::CallbackServerContext* context,
                                   const polku::common::v1::GetLagRequest* request,
                                   polku::common::v1::Lag* response) override;

 private:
  const std::vector<Served> served_;
};

}  // namespace polku::rpc
