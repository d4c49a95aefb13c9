// A real Apache Kafka broker for tests: one node (KRaft) in a temporary folder, on free ports of the loopback device.
#ifndef POLKU_LIBS_TESTING_KAFKA_BROKER_H_
#define POLKU_LIBS_TESTING_KAFKA_BROKER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/testing/child_process.h"
#include "libs/testing/temporary_folder.h"

namespace polku::testing {

// The folder of the broker's .jar files: KAFKA_FOR_TESTS, or where `tools/dev setup` puts them. Empty if there are
// none.
std::string KafkaFolder();

class KafkaBroker {
 public:
  // Starts it and waits until it listens. Errors: kNotFound (no .jar files), kUnavailable (it did not start; its
  // output is in the text).
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Start();
  // Killed at once, by its own id; it also dies with this process.
  ~KafkaBroker();

  const std::string& bootstrap_servers() const { return bootstrap_servers_; }

  // As `kill -9`: what was acknowledged is on the disk. Restart() has the same ports and data.
  void Kill();
  absl::Status Restart();
  // As `kill -STOP` and `kill -CONT`.
  void Pause(bool pause);

 private:
  KafkaBroker() = default;
  absl::Status Run();

  const TemporaryFolder folder_;
  std::string bootstrap_servers_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_KAFKA_BROKER_H_
