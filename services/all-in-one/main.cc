// polku-all-in-one: the four services in one process, on a folder of this machine.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "services/all-in-one/settings.h"

namespace {

using polku::all_in_one::AllInOne;

// The signals that end the process are taken by sigwait alone; every thread made later inherits the mask.
// SIGUSR1 is how a loop that cannot go on wakes it.
sigset_t BlockEndings() {
  sigset_t endings;
  sigemptyset(&endings);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&endings, signal);
  pthread_sigmask(SIG_BLOCK, &endings, nullptr);
  return endings;
}

int Fail(const absl::Status& why) {
  std::cerr << "polku-all-in-one: " << why.message() << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  polku::all_in_one::Settings settings;
  polku::config::ConfigSpec spec("polku-all-in-one");
  Describe(spec, settings);
  const auto wish = spec.Load(polku::config::CommandLine(argc, argv), polku::config::Environment());
  if (!wish.ok()) return Fail(wish.status());
  if (*wish == polku::config::Wish::kHelp) std::cout << spec.Help();
  if (*wish == polku::config::Wish::kPrint) std::cout << spec.Effective();
  if (*wish != polku::config::Wish::kRun) return 0;

  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // What it would print comes back as a status, too.
  const sigset_t endings = BlockEndings();
  const polku::SystemClock clock;
  polku::SystemRandom random;
  polku::InitLogging("all-in-one", &clock);
  polku::SetLogLevel(settings.log_level);
  auto server = AllInOne::Create(settings.server, &clock, &random);
  if (!server.ok()) return Fail(server.status());
  const absl::Status started = (*server)->Start([](const absl::Status&) { kill(getpid(), SIGUSR1); });
  if (!started.ok()) return Fail(started);
  int signal = 0;
  sigwait(&endings, &signal);
  polku::LogEvent(polku::LogLevel::kInfo, "stopping", {{"signal", signal}});
  (*server)->Stop();
  return signal == SIGUSR1 ? 1 : 0;
}
