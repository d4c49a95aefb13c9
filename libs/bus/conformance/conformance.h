// What every bus promises, as tests. An implementation writes a BusFactory and one line:
//
//   INSTANTIATE_TEST_SUITE_P(Embedded, BusConformance, ::testing::Values(BusUnderTest{"File", MakeFactory}),
//                            NameOfBusUnderTest);
#ifndef POLKU_LIBS_BUS_CONFORMANCE_CONFORMANCE_H_
#define POLKU_LIBS_BUS_CONFORMANCE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/bus/bus.h"

namespace polku::bus {

// One place where records are kept, empty at first; made anew for each test.
class BusFactory {
 public:
  virtual ~BusFactory();
  // Opens the bus at that place: every time the same one. At most one is open at a time unless its
  // capabilities say that several processes may use it. Also called in a forked process.
  virtual absl::StatusOr<std::unique_ptr<Bus>> Open() = 0;
  // In front of each topic and group name; keeps tests apart that share a broker.
  virtual std::string prefix() const { return ""; }
  // How long something that must come may take.
  virtual absl::Duration patience() const { return absl::Seconds(30); }
  // How long to look for something that must not come.
  virtual absl::Duration quiet_time() const { return absl::ZeroDuration(); }
};

struct BusUnderTest {
  std::string name;
  std::function<std::unique_ptr<BusFactory>()> make;
};

inline std::string NameOfBusUnderTest(const ::testing::TestParamInfo<BusUnderTest>& tested) {
  return tested.param.name;
}

class BusConformance : public ::testing::TestWithParam<BusUnderTest> {
 protected:
  void SetUp() override;

  // Closes the bus in good order and opens it again.
  void Reopen();
  std::string Name(const std::string& stem) const { return factory_->prefix() + stem; }
  // Creates a topic and gives its full name.
  std::string NewTopic(const std::string& stem, int partitions);
  std::unique_ptr<Producer> NewProducer();
  std::unique_ptr<Consumer> NewConsumer(const std::string& group, const std::vector<std::string>& topics);
  // Publishes `values` under `key`, one call each, and expects every acknowledgement.
  void PublishAll(const std::string& topic, const std::string& key, const std::vector<std::string>& values);

  std::unique_ptr<BusFactory> factory_;
  std::unique_ptr<Bus> bus_;
};

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_CONFORMANCE_CONFORMANCE_H_
