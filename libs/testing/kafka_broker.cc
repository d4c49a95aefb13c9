#include "libs/testing/kafka_broker.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/testing/free_port.h"

namespace polku::testing {
namespace {

constexpr absl::Duration kStart = absl::Minutes(5);  // A machine may have other things to do.
constexpr absl::Duration kLook = absl::Milliseconds(50);
constexpr int kStarts = 3;  // Somebody else may take a port that was free.
constexpr int kReplicasMax = 3;
constexpr char kClusterId[] = "AAAAAAAAAAAAAAAAAAAAAA";

bool Listens(int port) {
  const int tried = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool connected = connect(tried, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(tried);
  return connected;
}

// -1 for none.
int NumberBehind(const std::string& name, const std::string& text) {
  const size_t at = text.find(name);
  if (at == std::string::npos) return -1;
  const std::string behind = text.substr(at + name.size());
  int number = -1;
  return absl::SimpleAtoi(behind.substr(0, behind.find_first_not_of("0123456789")), &number) ? number : -1;
}

absl::Status Failed(const std::string& what, const std::string& folder) {
  std::ifstream file(folder + "/output");
  std::stringstream output;
  output << file.rdbuf();
  return absl::UnavailableError(absl::StrCat("kafka broker: ", what, ": ", output.str()));
}

}  // namespace

std::string KafkaFolder() {
  if (const char* set = std::getenv("KAFKA_FOR_TESTS")) return std::filesystem::is_directory(set) ? set : "";
  const char* home = std::getenv("HOME");
  std::string newest;
  std::error_code none;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat(home == nullptr ? "" : home, "/.cache/polku"), none)) {
    const bool kafka = entry.path().filename().string().starts_with("kafka-");
    if (kafka && entry.path().string() > newest) newest = entry.path().string();
  }
  return newest;
}

KafkaBroker::KafkaBroker(const BrokerOptions& options) {
  for (int node = 0; node < options.nodes; ++node) {
    nodes_.push_back({FreePort(), FreePort(), FreePort(), absl::StrCat(folder_.path(), "/", node), nullptr});
    std::filesystem::create_directory(nodes_.back().folder);
  }
  bootstrap_servers_ = AddressesOf(&Node::port);
  for (int node = 0; node < options.nodes; ++node) WriteProperties(options, node);
}

std::string KafkaBroker::AddressesOf(int Node::*port) const {
  std::vector<std::string> addresses;
  for (const Node& node : nodes_) addresses.push_back(absl::StrCat("127.0.0.1:", node.*port));
  return absl::StrJoin(addresses, ",");
}

void KafkaBroker::WriteProperties(const BrokerOptions& options, int node) const {
  const Node& own = nodes_[node];
  std::vector<std::string> voters;
  for (int each = 0; each < options.nodes; ++each) {
    voters.push_back(absl::StrCat(each, "@127.0.0.1:", nodes_[each].controller_port));
  }
  std::string clients = absl::StrCat("PLAINTEXT://127.0.0.1:", own.port);
  if (options.tls.has_value()) absl::StrAppend(&clients, ",SSL://127.0.0.1:", own.tls_port);
  const int replicas = std::min(options.nodes, kReplicasMax);
  std::ofstream file(own.folder + "/server.properties");
  file << "process.roles=broker,controller\nnode.id=" << node << "\n"
       << "controller.quorum.voters=" << absl::StrJoin(voters, ",") << "\n"
       << "listeners=" << clients << ",CONTROLLER://127.0.0.1:" << own.controller_port << "\n"
       << "advertised.listeners=" << clients << "\n"
       << "controller.listener.names=CONTROLLER\nlog.dirs=" << own.folder << "/log\n"
       << "auto.create.topics.enable=false\ngroup.initial.rebalance.delay.ms=0\ngroup.min.session.timeout.ms=100\n"
       << "default.replication.factor=" << replicas << "\nmin.insync.replicas=" << (replicas > 1 ? 2 : 1) << "\n"
       << "offsets.topic.replication.factor=" << replicas << "\noffsets.topic.num.partitions=1\n"
       << "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
       // Else a killed one is missed for long.
       << "broker.session.timeout.ms=1000\nbroker.heartbeat.interval.ms=100\n"
       << "num.network.threads=1\nnum.io.threads=2\nlog.cleaner.dedupe.buffer.size=2097152\n"
       << "log.retention.check.interval.ms=200\nlog.initial.task.delay.ms=200\n";
  if (!options.tls.has_value()) return;
  file << "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT\n"
       << "ssl.client.auth=required\nssl.keystore.type=PEM\nssl.keystore.location=" << options.tls->own << "\n"
       << "ssl.truststore.type=PEM\nssl.truststore.location=" << options.tls->trusted << "\n";
}

std::vector<std::string> KafkaBroker::Java(const std::string& main, const std::vector<std::string>& arguments) const {
  std::vector<std::string> words = {"java",
                                    nodes_.size() > 1 ? "-Xmx256m" : "-Xmx384m",
                                    "-XX:+UseSerialGC",
                                    "-XX:TieredStopAtLevel=1",
                                    "-cp",
                                    KafkaFolder() + "/*",
                                    main};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Start(const BrokerOptions& options) {
  if (KafkaFolder().empty()) return absl::NotFoundError("kafka broker: no .jar files; tools/dev setup fetches them");
  absl::Status status;
  for (int attempt = 0; attempt < kStarts; ++attempt) {
    status = absl::OkStatus();
    std::unique_ptr<KafkaBroker> broker(new KafkaBroker(options));
    for (int node = 0; node < options.nodes; ++node) {
      RETURN_IF_ERROR(broker->Format(node));
      broker->Launch(node);
    }
    for (int node = 0; node < options.nodes && status.ok(); ++node) status = broker->Await(node);
    if (status.ok()) return broker;
  }
  return status;
}

absl::Status KafkaBroker::Format(int node) const {
  const std::string& folder = nodes_[node].folder;
  const auto format = ChildProcess::Start(
      {Java("kafka.tools.StorageTool", {"format", "-t", kClusterId, "-c", folder + "/server.properties"}),
       {},
       folder + "/output"});
  return format->Wait(kStart).value_or(1) == 0 ? absl::OkStatus() : Failed("its folder cannot be made", folder);
}

void KafkaBroker::Launch(int node) {
  const std::string& folder = nodes_[node].folder;
  nodes_[node].process =
      ChildProcess::Start({Java("kafka.Kafka", {folder + "/server.properties"}), {}, folder + "/output"});
}

absl::Status KafkaBroker::Await(int node) {
  const SystemMonotonicClock clock;
  const absl::Duration end = clock.Elapsed() + kStart;
  while (!Listens(nodes_[node].port)) {
    if (nodes_[node].process->Ended().has_value()) return Failed("it ended", nodes_[node].folder);
    if (clock.Elapsed() > end) return Failed("it does not listen", nodes_[node].folder);
    absl::SleepFor(kLook);
  }
  return absl::OkStatus();
}

// As the one of them has noted it that knows of the newest.
absl::StatusOr<int> KafkaBroker::Controller() const {
  int leader = -1;
  int newest = -1;
  for (const Node& node : nodes_) {
    std::ifstream file(node.folder + "/log/__cluster_metadata-0/quorum-state");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const int epoch = NumberBehind("\"leaderEpoch\":", text);
    if (epoch <= newest || NumberBehind("\"leaderId\":", text) < 0) continue;
    newest = epoch;
    leader = NumberBehind("\"leaderId\":", text);
  }
  if (leader < 0) return absl::NotFoundError("kafka broker: no node knows the controller");
  return leader;
}

void KafkaBroker::Kill(int node) { nodes_[node].process = nullptr; }

absl::Status KafkaBroker::Restart(int node) {
  Kill(node);
  Launch(node);
  return Await(node);
}

void KafkaBroker::Pause(bool pause, int node) { nodes_[node].process->Signal(pause ? SIGSTOP : SIGCONT); }

KafkaBroker::~KafkaBroker() = default;

}  // namespace polku::testing
