#include "services/coordinator-network/api/grpc_api.h"

#include <utility>

#include "services/coordinator-network/service.h"

namespace polku::coordinator_network {

Api::Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
         const rpc::GateLimits& limits, Random* random, std::vector<std::string> meeting_purposes)
    : meeting_purposes_(std::move(meeting_purposes)),
      gate_(&pipeline, &access, Permissions(), &metrics, limits, random) {}

}  // namespace polku::coordinator_network
