// TraceService: what the services behind this address journalled because of one request.
#pragma once

#include <utility>
#include <vector>

#include "libs/rpc/access.h"
#include "libs/rpc/served.h"
#include "polku/common/v1/trace.grpc.pb.h"

namespace polku::rpc {

// One row: role "operator" only.
std::vector<MethodPermission> TracePermissions();

class TraceApi final : public polku::common::v1::TraceService::CallbackService {
 public:
  // At least one; their gates' tables hold TracePermissions().
  explicit TraceApi(std::vector<Served> served) : served_(std::move(served)) {}

  grpc::ServerUnaryReactor* ListTracedEvents(grpc::CallbackServerContext* context,
                                             const polku::common::v1::ListTracedEventsRequest* request,
                                             polku::common::v1::ListTracedEventsResponse* response) override;

 private:
  const std::vector<Served> served_;
};

}  // namespace polku::rpc
