#include "services/follow-up/api/grpc_api.h"

#include <utility>

#include "libs/base/hash.h"
#include "libs/base/resource_name.h"
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

rpc::WriteTarget TargetOf(const v1::ImportJourneyRequest& request, absl::string_view hash_key) {
  constexpr absl::string_view kKind = "import_case";
  rpc::WriteTarget target;
  // Without a good name or number the domain refuses, by the key that it finds itself. A dry run claims nothing.
  if (ClientOf(request.client()) != request.client() || request.case_number().empty() || request.validate_only()) {
    return target;
  }
  target.key = request.client();
  target.alias = pipeline::AliasClaim{std::string(kKind), HexOf(KeyedHash(hash_key, kKind, request.case_number()))};
  return target;
}

Api::Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
         const rpc::GateLimits& limits, const pathway::Catalogue& catalogue, Random* random)
    : pipeline_(pipeline),
      catalogue_(catalogue),
      gate_(RowByRow(rpc::OptionsFor(pipeline, access, Permissions(), metrics, limits, random))) {}

}  // namespace polku::follow_up
