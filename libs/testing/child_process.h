// A program that a test runs. It dies with the thread that started it.
#ifndef POLKU_LIBS_TESTING_CHILD_PROCESS_H_
#define POLKU_LIBS_TESTING_CHILD_PROCESS_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace polku::testing {

struct ProgramCall {
  std::vector<std::string> words;                  // The program, looked up as a shell does, and its arguments.
  std::map<std::string, std::string> environment;  // Beside what this process has.
  std::string output;                              // The file that gets all it prints, at its end.
};

// Thread-compatible.
class ChildProcess {
 public:
  // A program that cannot be started ends with 127. Aborts when there can be no more processes.
  static std::unique_ptr<ChildProcess> Start(ProgramCall call);
  // Killed, by its own id.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t id() const { return id_; }
  // SIGKILL, SIGSTOP, ...; nothing once it has ended.
  void Signal(int signal);
  // What it ended with, 128 + N when signal N ended it; nothing while it runs.
  std::optional<int> Ended();
  // Blocks until it has ended. Errors: kDeadlineExceeded after `longest`.
  absl::StatusOr<int> Wait(absl::Duration longest);

 private:
  explicit ChildProcess(pid_t id) : id_(id) {}
  void Take(int status);

  const pid_t id_;
  std::optional<int> ended_;
};

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_CHILD_PROCESS_H_
