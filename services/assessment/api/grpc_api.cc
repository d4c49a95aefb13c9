#include "services/assessment/api/grpc_api.h"

#include "services/assessment/service.h"

namespace polku::assessment {

Api::Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
         const rpc::GateLimits& limits, Random& random, const pathway::Catalogue& catalogue)
    : catalogue_(catalogue), gate_(&pipeline, &access, Permissions(), &metrics, limits, &random) {}

}  // namespace polku::assessment
