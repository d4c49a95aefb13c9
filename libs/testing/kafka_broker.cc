#include "libs/testing/kafka_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"

namespace polku::testing {
namespace {

constexpr absl::Duration kStart = absl::Seconds(60);
constexpr absl::Duration kLook = absl::Milliseconds(50);
constexpr int kStarts = 3;  // Somebody else may take a port that was free.
constexpr char kClusterId[] = "AAAAAAAAAAAAAAAAAAAAAA";

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

int FreePort() {
  const int socket_of_port = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  POLKU_CHECK(bind(socket_of_port, reinterpret_cast<sockaddr*>(&address), size) == 0);
  POLKU_CHECK(getsockname(socket_of_port, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(socket_of_port);
  return ntohs(address.sin_port);
}

bool Listens(int port) {
  const int tried = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool connected = connect(tried, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(tried);
  return connected;
}

// Its output goes to a file in `folder`. It dies with the thread that started it.
pid_t Launch(std::vector<std::string> words, const std::string& folder) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string output = folder + "/output";
  const pid_t parent = getpid();
  const pid_t child = fork();
  POLKU_CHECK(child >= 0);
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(file, 1);
  dup2(file, 2);
  execvp(arguments[0], arguments.data());
  _exit(127);
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
    const pid_t format = Launch(
        Java("kafka.tools.StorageTool", {"format", "-t", kClusterId, "-c", folder + "/server.properties"}), folder);
    int ended = 0;
    waitpid(format, &ended, 0);
    if (ended != 0) return Failed("its folder cannot be made", folder);
    status = broker->Run();
    if (status.ok()) return broker;
  }
  return status;
}

absl::Status KafkaBroker::Run() {
  const std::string& folder = folder_.path();
  process_ = Launch(Java("kafka.Kafka", {folder + "/server.properties"}), folder);
  const SystemMonotonicClock clock;
  const absl::Duration end = clock.Elapsed() + kStart;
  while (!Listens(port_)) {
    int ended = 0;
    if (waitpid(process_, &ended, WNOHANG) == process_) {
      process_ = 0;
      return Failed("it ended", folder);
    }
    if (clock.Elapsed() > end) return Failed("it does not listen", folder);
    absl::SleepFor(kLook);
  }
  return absl::OkStatus();
}

void KafkaBroker::Kill() {
  if (process_ == 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

absl::Status KafkaBroker::Restart() {
  Kill();
  return Run();
}

void KafkaBroker::Pause(bool pause) { kill(process_, pause ? SIGSTOP : SIGCONT); }

KafkaBroker::~KafkaBroker() { Kill(); }

}  // namespace polku::testing
