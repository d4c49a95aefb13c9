#include "services/follow-up/api/grpc_api.h"

#include <utility>

#include "services/follow-up/api/attendance_batch.h"
#include "services/follow-up/service.h"

namespace polku::follow_up {
namespace {

// Each mark of RecordAttendance is a command of its own.
rpc::GateOptions RowByRow(rpc::GateOptions options) {
  options.submit = FanOutAttendance(std::move(options.submit));
  return options;
}

}  // namespace

Api::Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
         const rpc::GateLimits& limits, const pathway::Catalogue& catalogue, Random* random)
    : catalogue_(catalogue),
      gate_(RowByRow(rpc::OptionsFor(pipeline, access, Permissions(), metrics, limits, random))) {}

}  // namespace polku::follow_up
