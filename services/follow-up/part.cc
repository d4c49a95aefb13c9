#include "services/follow-up/part.h"

#include "services/follow-up/service.h"

namespace polku::follow_up {

std::unique_ptr<host::Part> MakePart() {
  return std::make_unique<host::PartOf<Service, Config, Dependencies>>(
      StoreOptions(), Permissions(), [](const host::PartConfig& config) {
        return Config{config.pipeline, config.gate, config.providers};
      });
}

}  // namespace polku::follow_up
