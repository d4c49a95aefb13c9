#include "services/assessment/part.h"

#include "services/assessment/service.h"

namespace polku::assessment {

std::unique_ptr<host::Part> MakePart() {
  return std::make_unique<host::PartOf<Service, Config, Dependencies>>(StoreOptions(), Permissions(),
                                                                       [](const host::PartConfig& config) {
                                                                         return Config{config.pipeline, config.gate};
                                                                       });
}

}  // namespace polku::assessment
