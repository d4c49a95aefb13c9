#include "libs/host/run.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/host/settings.h"
#include "libs/ops/ask_ready.h"
#include "libs/ops/version.h"

namespace polku::host {
namespace {

constexpr char kMigrate[] = "migrate";
constexpr char kRestored[] = "restored";
constexpr char kAllWasTold[] = "--all-was-told";
constexpr char kHealth[] = "health";

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

// Takes the command off the front of the arguments, if one stands there.
std::string TakeCommand(std::vector<std::string>& arguments) {
  const bool known =
      !arguments.empty() && (arguments[0] == kMigrate || arguments[0] == kRestored || arguments[0] == kHealth);
  if (!known) return "";
  std::string command = std::move(arguments[0]);
  arguments.erase(arguments.begin());
  return command;
}

std::string CommandHelp(const std::string& program) {
  return absl::StrCat(program, " ", kMigrate,
                      " ...: makes or upgrades the databases, with the same settings, and ends\n", program, " ",
                      kRestored, " [", kAllWasTold,
                      "] ...: after a database on Kafka was put back to an older point, before it serves again\n",
                      program, " ", kHealth, " ...: asks the server with the same settings whether it is ready\n",
                      program, " --version: what this program is\n");
}

}  // namespace

int Run(const std::string& program, Parts parts, int argc, const char* const* argv) {
  Settings settings;
  settings.server.program = program;
  config::ConfigSpec spec(program);
  Describe(spec, settings);
  std::vector<std::string> arguments = config::CommandLine(argc, argv);
  if (arguments == std::vector<std::string>{"--version"}) {
    std::cout << ops::VersionLine(program) << std::endl;
    return 0;
  }
  const std::string command = TakeCommand(arguments);
  const bool all_was_told = command == kRestored && std::erase(arguments, kAllWasTold) > 0;
  const auto wish = spec.Load(arguments, config::Environment());
  if (!wish.ok()) return Fail(program, wish.status());
  if (*wish == config::Wish::kHelp) std::cout << CommandHelp(program) << spec.Help();
  if (*wish == config::Wish::kPrint) std::cout << spec.Effective();
  const SystemClock clock;
  if (*wish == config::Wish::kCheck) {
    const absl::Status checked = Host::Check(settings.server, &clock);
    return checked.ok() ? 0 : Fail(program, checked);
  }
  if (*wish != config::Wish::kRun) return 0;

  if (command == kMigrate || command == kHealth) {
    const config::ListenAddress& ops = settings.server.ops_listen;
    const absl::Status done =
        command == kMigrate ? Host::Migrate(settings.server, parts) : ops::AskReady(ops.host, ops.port);
    return done.ok() ? 0 : Fail(program, done);
  }
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // What it would print comes back as a status, too.
  const sigset_t endings = BlockEndings();
  SystemRandom random;
  InitLogging(absl::StripPrefix(program, "polku-"), &clock);
  SetLogLevel(settings.log_level);
  if (command == kRestored) {
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
