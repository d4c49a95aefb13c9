// A real Apache Kafka broker for tests: one node (KRaft) or several in a temporary folder, on free ports of the
// loopback device.
#ifndef POLKU_LIBS_TESTING_KAFKA_BROKER_H_
#define POLKU_LIBS_TESTING_KAFKA_BROKER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/testing/child_process.h"
#include "libs/testing/temporary_folder.h"

namespace polku::testing {

// The folder of the broker's .jar files: KAFKA_FOR_TESTS, or where `tools/dev setup` puts them. Empty if there are
// none.
std::string KafkaFolder();

// Files of PEM that a broker reads when it starts.
struct BrokerTls {
  std::string own;      // Its key and its certificate.
  std::string trusted;  // Whose signature the certificates of clients need.
};

struct BrokerOptions {
  int nodes = 1;                 // Each is broker and controller. Topics have a replica on each of up to three.
  std::optional<BrokerTls> tls;  // Beside plain text, a listener where clients need a certificate.
};

class KafkaBroker {
 public:
  // Starts it and waits until it listens. Errors: kNotFound (no .jar files), kUnavailable (it did not start; its
  // output is in the text).
  static absl::StatusOr<std::unique_ptr<KafkaBroker>> Start(const BrokerOptions& options = {});
  // Killed at once, by its own id; it also dies with this process.
  ~KafkaBroker();

  int nodes() const { return static_cast<int>(nodes_.size()); }
  const std::string& bootstrap_servers() const { return bootstrap_servers_; }
  // Where clients need a certificate.
  std::string tls_servers() const { return AddressesOf(&Node::tls_port); }
  // The node that decides who leads.
  absl::StatusOr<int> Controller() const;

  // As `kill -9`: what was acknowledged is on the disk. Restart() has the same ports and data.
  void Kill(int node = 0);
  absl::Status Restart(int node = 0);
  // As `kill -STOP` and `kill -CONT`.
  void Pause(bool pause, int node = 0);

 private:
  struct Node {
    int port = 0;
    int controller_port = 0;
    int tls_port = 0;
    std::string folder;
    std::unique_ptr<ChildProcess> process;
  };
  explicit KafkaBroker(const BrokerOptions& options);
  std::string AddressesOf(int Node::*port) const;
  void WriteProperties(const BrokerOptions& options, int node) const;
  absl::Status Format(int node) const;
  void Launch(int node);
  absl::Status Await(int node);
  std::vector<std::string> Java(const std::string& main, const std::vector<std::string>& arguments) const;

  const TemporaryFolder folder_;
  std::vector<Node> nodes_;
  std::string bootstrap_servers_;
};

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_KAFKA_BROKER_H_
