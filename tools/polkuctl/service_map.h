// Services of the catalogue on a map.
#pragma once

#include <string>
#include <vector>

#include "polku/coordinator_network/v1/api.pb.h"

namespace polku::polkuctl {

// A FeatureCollection as RFC 7946 has it, on one line: a point of longitude and latitude for each service, null for one
// without a site; days are ISO texts, codes as in the .proto files. What a service has not said is left out.
std::string GeoJsonOf(const std::vector<polku::coordinator_network::v1::ServiceEntry>& services);

}  // namespace polku::polkuctl
