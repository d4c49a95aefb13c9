// The index rows of the aggregates: what lists and lookups are read from. Ids, codes and instants only, and the titles
// of services. The tables are made by migrations.
#pragma once

#include <vector>

#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::coordinator_network {

std::vector<pipeline::IndexRow> IndexOf(const polku::coordinator_network::v1::ClientSupport& state);
std::vector<pipeline::IndexRow> IndexOf(const polku::coordinator_network::v1::CoordinatorRecord& state);
std::vector<pipeline::IndexRow> IndexOf(const polku::coordinator_network::v1::BreakerWatch& state);
std::vector<pipeline::IndexRow> IndexOf(const polku::coordinator_network::v1::ProviderServices& state);

}  // namespace polku::coordinator_network
