#include "libs/base/clock.h"
#include "libs/bus/conformance/conformance.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/testing/temporary_folder.h"

namespace polku::bus {
namespace {

class EmbeddedBusFactory : public BusFactory {
 public:
  absl::StatusOr<std::unique_ptr<Bus>> Open() override {
    return OpenEmbeddedBus({.path = folder_.path() + "/bus.db", .clock = &clock_});
  }

 private:
  const testing::TemporaryFolder folder_;
  const SystemClock clock_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, BusConformance,
                         ::testing::Values(BusUnderTest{"File", [] { return std::make_unique<EmbeddedBusFactory>(); }}),
                         NameOfBusUnderTest);

}  // namespace
}  // namespace polku::bus
