// One real broker for all tests of a program:
//
//   const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new testing::KafkaEnvironment);
//
// Where none can be had the tests are skipped, and say so; in CI they fail.
#ifndef POLKU_LIBS_TESTING_KAFKA_ENVIRONMENT_H_
#define POLKU_LIBS_TESTING_KAFKA_ENVIRONMENT_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/testing/kafka_broker.h"

namespace polku::testing {

class KafkaEnvironment : public ::testing::Environment {
 public:
  static KafkaBroker& broker() { return *shared_; }

  void SetUp() override {
    absl::StatusOr<std::unique_ptr<KafkaBroker>> started = KafkaBroker::Start();
    if (started.ok()) {
      shared_ = *std::move(started);
      return;
    }
    std::cout << "NOT RUN: " << started.status() << std::endl;
    if (std::getenv("CI") != nullptr) FAIL() << started.status();
    GTEST_SKIP() << started.status();
  }
  void TearDown() override { shared_.reset(); }

 private:
  static inline std::unique_ptr<KafkaBroker> shared_;
};

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_KAFKA_ENVIRONMENT_H_
