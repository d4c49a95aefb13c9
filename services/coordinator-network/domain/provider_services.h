// The aggregate "organisations/O": the services of one provider in the shared catalogue. An aggregate of its own: what
// a provider offers belongs to no client and no coordinator, and one import changes all of it or nothing.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

// Pure; see libs/pipeline/domain.h.
class ProviderServicesDomain {
 public:
  using State = polku::coordinator_network::v1::ProviderServices;
  using Input = polku::coordinator_network::v1::ProviderServicesInput;
  using Event = polku::coordinator_network::v1::ProviderServicesEvent;

  ProviderServicesDomain(CatalogueLimits limits, PathwayCodes codes) : limits_(limits), codes_(std::move(codes)) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const {
    return {};
  }
  // Errors: kInvalidArgument with the fields that are wrong; kResourceExhausted CATALOGUE_FULL; kNotFound
  // SERVICE_UNKNOWN; kFailedPrecondition SERVICE_ENDED; kPermissionDenied OTHER_ORGANISATION.
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  std::optional<absl::Time> NextDue(const State& state) const { return std::nullopt; }
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event& event) const { return {}; }

 private:
  const CatalogueLimits limits_;
  const PathwayCodes codes_;
};

// Null when there is none of that name.
const polku::coordinator_network::v1::ServiceEntry* FindService(
    const polku::coordinator_network::v1::ProviderServices& state, const std::string& name);

}  // namespace polku::coordinator_network
