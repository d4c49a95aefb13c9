#include "services/follow-up/api/grpc_api.h"

#include <utility>

#include "services/follow-up/api/attendance_batch.h"
#include "services/follow-up/service.h"

namespace polku::follow_up {
namespace {

rpc::GateOptions OptionsOf(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
                           const rpc::GateLimits& limits, Random* random) {
  rpc::GateOptions options;
  options.submit = FanOutAttendance([&pipeline](pipeline::Command command, pipeline::Done done) {
    pipeline.Submit(std::move(command), std::move(done));
  });
  options.audit = [&pipeline](std::vector<store::AuditRow> rows, std::function<void(absl::Status)> done) {
    pipeline.SubmitAudit(std::move(rows), std::move(done));
  };
  options.database = &pipeline.database();
  options.clock = &pipeline.clock();
  options.access = &access;
  options.permissions = Permissions();
  options.metrics = &metrics;
  options.limits = limits;
  options.random = random;
  return options;
}

}  // namespace

Api::Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
         const rpc::GateLimits& limits, const pathway::Catalogue& catalogue, Random* random)
    : catalogue_(catalogue), gate_(OptionsOf(pipeline, access, metrics, limits, random)) {}

}  // namespace polku::follow_up
