#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/bus/conformance/conformance.h"
#include "libs/bus/kafka/kafka_bus.h"
#include "libs/testing/kafka_environment.h"

namespace polku::bus {
namespace {

const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new testing::KafkaEnvironment);

class KafkaBusFactory : public BusFactory {
 public:
  absl::StatusOr<std::unique_ptr<Bus>> Open() override {
    KafkaBusOptions options;
    options.bootstrap_servers = testing::KafkaEnvironment::broker().bootstrap_servers();
    options.ends_interval = absl::ZeroDuration();
    options.clock = &clock_;
    return OpenKafkaBus(options);
  }
  std::string prefix() const override { return prefix_; }
  absl::Duration quiet_time() const override { return absl::Milliseconds(300); }

 private:
  static std::string NextPrefix() {
    static std::atomic<int> made = 0;
    return absl::StrCat("test-", ++made, "-");
  }
  const std::string prefix_ = NextPrefix();
  const SystemMonotonicClock clock_;
};

INSTANTIATE_TEST_SUITE_P(Kafka, BusConformance,
                         ::testing::Values(BusUnderTest{"Broker", [] { return std::make_unique<KafkaBusFactory>(); }}),
                         NameOfBusUnderTest);

}  // namespace
}  // namespace polku::bus
