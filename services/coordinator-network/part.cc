#include "services/coordinator-network/part.h"

#include "services/coordinator-network/service.h"

namespace polku::coordinator_network {

std::unique_ptr<host::Part> MakePart() {
  return std::make_unique<host::PartOf<Service, Config, Dependencies>>(
      StoreOptions(), Permissions(), [](const host::PartConfig& config) {
        return Config{config.pipeline, config.gate, {}};
      });
}

}  // namespace polku::coordinator_network
