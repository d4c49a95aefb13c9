#include "libs/testing/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"

extern char** environ;

namespace polku::testing {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(10);

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& more) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string known(*line);
    if (!more.contains(known.substr(0, known.find('=')))) lines.push_back(known);
  }
  for (const auto& [name, value] : more) lines.push_back(absl::StrCat(name, "=", value));
  return lines;
}

}  // namespace

std::unique_ptr<ChildProcess> ChildProcess::Start(ProgramCall call) {
  std::vector<std::string> lines = EnvironmentWith(call.environment);
  const std::vector<char*> arguments = Pointers(call.words);
  const std::vector<char*> environment = Pointers(lines);
  const pid_t parent = getpid();
  const pid_t child = fork();
  POLKU_CHECK(child >= 0);
  if (child > 0) return std::unique_ptr<ChildProcess>(new ChildProcess(child));
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int file = open(call.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  execvpe(arguments[0], arguments.data(), environment.data());
  _exit(127);
}

ChildProcess::~ChildProcess() {
  if (Ended().has_value()) return;
  kill(id_, SIGKILL);
  int status = 0;
  waitpid(id_, &status, 0);
}

void ChildProcess::Signal(int signal) {
  if (!Ended().has_value()) kill(id_, signal);
}

void ChildProcess::Take(int status) { ended_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

std::optional<int> ChildProcess::Ended() {
  int status = 0;
  if (!ended_.has_value() && waitpid(id_, &status, WNOHANG) == id_) Take(status);
  return ended_;
}

absl::StatusOr<int> ChildProcess::Wait(absl::Duration longest) {
  const SystemMonotonicClock clock;
  const absl::Duration end = clock.Elapsed() + longest;
  while (!Ended().has_value()) {
    if (clock.Elapsed() > end) return absl::DeadlineExceededError(absl::StrCat("process ", id_, " has not ended"));
    absl::SleepFor(kLook);
  }
  return *ended_;
}

}  // namespace polku::testing
