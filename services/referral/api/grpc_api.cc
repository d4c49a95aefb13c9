#include "services/referral/api/grpc_api.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/ids.h"
#include "libs/base/resource_name.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/service.h"

namespace polku::referral {

rpc::WriteTarget TargetOf(const v1::SubmitReferralRequest& request, HetuPolicy identity, absl::string_view hash_key,
                          absl::Time now, Random& random) {
  rpc::WriteTarget target;
  target.key = absl::StrCat("clients/", NewUuidV7(now, random));
  const auto code = Hetu::Parse(request.referral().person().identity_code(), identity);
  if (code.ok()) {
    target.alias = pipeline::AliasClaim{std::string(kHetuAlias), IdentityHash(hash_key, *code)};
  }
  return target;
}

rpc::WriteTarget TargetOf(const v1::CorrectIdentityRequest& request, HetuPolicy identity, absl::string_view hash_key) {
  rpc::WriteTarget target;
  const auto code = Hetu::Parse(request.person().identity_code(), identity);
  // Without a good name or code the domain refuses, by the key that it finds itself.
  if (!code.ok() || ClientOf(request.client()) != request.client()) return target;
  target.key = request.client();
  target.alias = pipeline::AliasClaim{std::string(kHetuAlias), IdentityHash(hash_key, *code)};
  return target;
}

Api::Api(pipeline::Pipeline& pipeline, const rpc::Access& access, prometheus::Registry& metrics,
         const rpc::GateLimits& limits, HetuPolicy identity, Random& random, pathway::Catalogue catalogue)
    : pipeline_(pipeline),
      identity_(identity),
      random_(random),
      catalogue_(std::move(catalogue)),
      gate_(&pipeline, &access, Permissions(), &metrics, limits, &random) {}

}  // namespace polku::referral
