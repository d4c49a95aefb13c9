#include "services/coordinator-network/api/grpc_api.h"

#include <string>
#include <utility>

#include "services/coordinator-network/service.h"

namespace polku::coordinator_network {

Api::Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
         const rpc::GateLimits& limits, Random* random, Policy policy)
    : policy_(std::move(policy)), gate_(&pipeline, &access, Permissions(), &metrics, limits, random) {}

}  // namespace polku::coordinator_network
