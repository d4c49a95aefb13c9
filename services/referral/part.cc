#include "services/referral/part.h"

#include "services/referral/service.h"

namespace polku::referral {

std::unique_ptr<host::Part> MakePart() {
  return std::make_unique<host::PartOf<Service, Config, Dependencies>>(
      StoreOptions(), Permissions(), [](const host::PartConfig& config) {
        return Config{config.pipeline, config.gate, {config.allow_test_codes}};
      });
}

}  // namespace polku::referral
