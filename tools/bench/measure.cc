#include "tools/bench/measure.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace polku::bench {
namespace {

absl::Duration CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

}  // namespace

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "polku-bench: %s\n", status.ToString().c_str());
  std::exit(1);
}

Spent& Spent::operator+=(const Spent& other) {
  wall += other.wall;
  cpu += other.cpu;
  return *this;
}

Stopwatch::Stopwatch() : wall_(clock_.Elapsed()), cpu_(CpuTime()) {}

Spent Stopwatch::Stop() const { return {clock_.Elapsed() - wall_, CpuTime() - cpu_}; }

int64_t ResidentBytes(int process) {
  std::ifstream status(process == 0 ? "/proc/self/status" : absl::StrCat("/proc/", process, "/status"));
  std::string line;
  while (std::getline(status, line)) {
    int64_t kib = 0;
    if (std::sscanf(line.c_str(), "VmRSS: %ld", &kib) == 1) return kib * 1024;
  }
  return 0;
}

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

std::string Figure(double value) {
  if (std::abs(value) >= 1000) return absl::StrFormat("%.0f", std::round(value / 10) * 10);
  if (std::abs(value) >= 100) return absl::StrFormat("%.0f", value);
  return absl::StrFormat(std::abs(value) >= 10 ? "%.1f" : "%.2f", value);
}

}  // namespace polku::bench
