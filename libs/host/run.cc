#include "libs/host/run.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/strip.h"
#include "libs/host/settings.h"

namespace polku::host {
namespace {

constexpr char kMigrate[] = "migrate";
constexpr char kRestored[] = "restored";
constexpr char kAllWasTold[] = "--all-was-told";

// The signals that end the process are taken by sigwait alone; every thread made later inherits the mask.
// SIGUSR1 is how a loop that cannot go on wakes it.
sigset_t BlockEndings() {
  sigset_t endings;
  sigemptyset(&endings);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&endings, signal);
  pthread_sigmask(SIG_BLOCK, &endings, nullptr);
  return endings;
}

int Fail(const std::string& program, const absl::Status& why) {
  std::cerr << program << ": " << why.message() << std::endl;
  return 1;
}

}  // namespace

int Run(const std::string& program, Parts parts, int argc, const char* const* argv) {
  Settings settings;
  settings.server.program = program;
  config::ConfigSpec spec(program);
  Describe(spec, settings);
  std::vector<std::string> arguments = config::CommandLine(argc, argv);
  const bool migrate = !arguments.empty() && arguments[0] == kMigrate;
  const bool restored = !arguments.empty() && arguments[0] == kRestored;
  if (migrate || restored) arguments.erase(arguments.begin());
  const bool all_was_told = restored && std::erase(arguments, kAllWasTold) > 0;
  const auto wish = spec.Load(arguments, config::Environment());
  if (!wish.ok()) return Fail(program, wish.status());
  if (*wish == config::Wish::kHelp) {
    std::cout << program << " " << kMigrate
              << " ...: makes or upgrades the databases, with the same settings, and ends\n"
              << program << " " << kRestored << " [" << kAllWasTold
              << "] ...: after a database on Kafka was put back to an older point, before it serves again\n"
              << spec.Help();
  }
  if (*wish == config::Wish::kPrint) std::cout << spec.Effective();
  const SystemClock clock;
  if (*wish == config::Wish::kCheck) {
    const absl::Status checked = Host::Check(settings.server, &clock);
    return checked.ok() ? 0 : Fail(program, checked);
  }
  if (*wish != config::Wish::kRun) return 0;

  if (migrate) {
    const absl::Status migrated = Host::Migrate(settings.server, parts);
    return migrated.ok() ? 0 : Fail(program, migrated);
  }
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // What it would print comes back as a status, too.
  const sigset_t endings = BlockEndings();
  SystemRandom random;
  InitLogging(absl::StripPrefix(program, "polku-"), &clock);
  SetLogLevel(settings.log_level);
  if (restored) {
    const auto record = Host::Restored(settings.server, std::move(parts), &clock, &random, all_was_told);
    return record.ok() ? 0 : Fail(program, record.status());
  }
  auto server = Host::Create(settings.server, std::move(parts), &clock, &random);
  if (!server.ok()) return Fail(program, server.status());
  const absl::Status started = (*server)->Start([](const absl::Status&) { kill(getpid(), SIGUSR1); });
  if (!started.ok()) return Fail(program, started);
  int signal = 0;
  sigwait(&endings, &signal);
  LogEvent(LogLevel::kInfo, "stopping", {{"signal", signal}});
  (*server)->Stop();
  return signal == SIGUSR1 ? 1 : 0;
}

}  // namespace polku::host
