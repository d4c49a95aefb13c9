#include "libs/testing/kafka_broker.h"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/testing/free_port.h"

namespace polku::testing {
namespace {

constexpr absl::Duration kStart = absl::Minutes(5);  // A machine may have other things to do.
constexpr absl::Duration kLook = absl::Milliseconds(50);
constexpr int kStarts = 3;  // Somebody else may take a port that was free.
constexpr char kClusterId[] = "AAAAAAAAAAAAAAAAAAAAAA";

bool Listens(int port) {
  const int tried = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool connected = connect(tried, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(tried);
  return connected;
}

std::vector<std::string> Java(const std::string& main, std::vector<std::string> arguments) {
  std::vector<std::string> words = {
      "java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", KafkaFolder() + "/*", main};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
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

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Start() {
  if (KafkaFolder().empty()) return absl::NotFoundError("kafka broker: no .jar files; tools/dev setup fetches them");
  absl::Status status;
  for (int attempt = 0; attempt < kStarts; ++attempt) {
    std::unique_ptr<KafkaBroker> broker(new KafkaBroker());
    const std::string& folder = broker->folder_.path();
    broker->port_ = FreePort();
    const int controller = FreePort();
    broker->bootstrap_servers_ = absl::StrCat("127.0.0.1:", broker->port_);
    std::ofstream(folder + "/server.properties")
        << "process.roles=broker,controller\nnode.id=1\n"
        << "controller.quorum.voters=1@127.0.0.1:" << controller << "\n"
        << "listeners=PLAINTEXT://127.0.0.1:" << broker->port_ << ",CONTROLLER://127.0.0.1:" << controller << "\n"
        << "advertised.listeners=PLAINTEXT://127.0.0.1:" << broker->port_ << "\n"
        << "controller.listener.names=CONTROLLER\nlog.dirs=" << folder << "/log\n"
        << "auto.create.topics.enable=false\ngroup.initial.rebalance.delay.ms=0\ngroup.min.session.timeout.ms=100\n"
        << "offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n"
        << "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
        << "broker.session.timeout.ms=1000\nbroker.heartbeat.interval.ms=100\n"  // Else a killed one is missed for
                                                                                 // long.
        << "num.network.threads=1\nnum.io.threads=2\nlog.cleaner.dedupe.buffer.size=2097152\n"
        << "log.retention.check.interval.ms=200\nlog.initial.task.delay.ms=200\n";
    const auto format = ChildProcess::Start(
        {Java("kafka.tools.StorageTool", {"format", "-t", kClusterId, "-c", folder + "/server.properties"}),
         {},
         folder + "/output"});
    if (format->Wait(kStart).value_or(1) != 0) return Failed("its folder cannot be made", folder);
    status = broker->Run();
    if (status.ok()) return broker;
  }
  return status;
}

absl::Status KafkaBroker::Run() {
  const std::string& folder = folder_.path();
  process_ = ChildProcess::Start({Java("kafka.Kafka", {folder + "/server.properties"}), {}, folder + "/output"});
  const SystemMonotonicClock clock;
  const absl::Duration end = clock.Elapsed() + kStart;
  while (!Listens(port_)) {
    if (process_->Ended().has_value()) return Failed("it ended", folder);
    if (clock.Elapsed() > end) return Failed("it does not listen", folder);
    absl::SleepFor(kLook);
  }
  return absl::OkStatus();
}

void KafkaBroker::Kill() { process_ = nullptr; }

absl::Status KafkaBroker::Restart() {
  Kill();
  return Run();
}

void KafkaBroker::Pause(bool pause) { process_->Signal(pause ? SIGSTOP : SIGCONT); }

KafkaBroker::~KafkaBroker() = default;

}  // namespace polku::testing
