#include "tools/bench/raw_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace polku::bench {
namespace {

// Nanoseconds: wall, cpu.
using Answer = std::array<int64_t, 2>;

void Serve(RawPart& part, int from, int to) {
  Answer answer{};
  while (write(to, &answer, sizeof(answer)) == sizeof(answer)) {
    char asked = 0;
    if (read(from, &asked, 1) != 1) break;
    Spent spent;
    if (asked == 'c') {
      part.CheckSame();
    } else {
      spent = part.Follow();
    }
    answer = {absl::ToInt64Nanoseconds(spent.wall), absl::ToInt64Nanoseconds(spent.cpu)};
  }
}

Spent Read(int from) {
  Answer answer{};
  if (read(from, &answer, sizeof(answer)) != sizeof(answer)) Must(absl::InternalError("the raw part has failed"));
  return {absl::Nanoseconds(answer[0]), absl::Nanoseconds(answer[1])};
}

}  // namespace

RawProcess::RawProcess(const std::function<std::unique_ptr<RawPart>()>& make) {
  std::array<int, 2> there{}, back{};
  if (pipe(there.data()) != 0 || pipe(back.data()) != 0) Must(absl::InternalError("no pipe"));
  process_ = fork();
  if (process_ < 0) Must(absl::InternalError("no process"));
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(there[1]);
    close(back[0]);
    Serve(*make(), there[0], back[1]);
    _exit(0);
  }
  close(there[0]);
  close(back[1]);
  to_ = there[1];
  from_ = back[0];
  Read(from_);
}

RawProcess::~RawProcess() {
  close(to_);
  close(from_);
  waitpid(process_, nullptr, 0);
}

Spent RawProcess::Ask(char what) {
  if (write(to_, &what, 1) != 1) Must(absl::InternalError("the raw part has ended"));
  return Read(from_);
}

}  // namespace polku::bench
