#include "tools/demo/progress.h"

#include <unistd.h>

#include <cstdio>

namespace polku::demo {

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::Show(double part, const std::string& text) {
  constexpr int kWidth = 40;
  constexpr double kLineEvery = 0.2;
  if (terminal_) {
    const int full = static_cast<int>(part * kWidth);
    std::fprintf(stderr, "\r[%s%s] %3.0f %%  %-12s", std::string(static_cast<size_t>(full), '#').c_str(),
                 std::string(static_cast<size_t>(kWidth - full), '.').c_str(), part * 100, text.c_str());
  } else if (part - told_ >= kLineEvery || part >= 1) {
    told_ = part;
    std::fprintf(stderr, "%3.0f %%  %s\n", part * 100, text.c_str());
  }
  std::fflush(stderr);
}

void Progress::End() {
  if (terminal_) std::fputc('\n', stderr);
}

}  // namespace polku::demo
