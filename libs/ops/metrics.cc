#include "libs/ops/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "prometheus/client_metric.h"
#include "prometheus/gauge.h"
#include "prometheus/metric_type.h"

namespace polku::ops {
namespace {

// Fields of /proc/self/stat behind the name of the program, which may hold blanks and brackets.
// Index 0 is field 3 of proc(5).
constexpr size_t kUserTicks = 14 - 3;
constexpr size_t kSystemTicks = 15 - 3;
constexpr size_t kThreads = 20 - 3;
constexpr size_t kStartTicks = 22 - 3;
constexpr size_t kResidentPages = 24 - 3;

std::string ReadText(const char* path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

// Seconds since 1970 when the machine started; 0 when unknown.
double BootTime() {
  for (const absl::string_view line : absl::StrSplit(ReadText("/proc/stat"), '\n')) {
    double seconds = 0;
    if (absl::StartsWith(line, "btime ") && absl::SimpleAtod(line.substr(6), &seconds)) return seconds;
  }
  return 0;
}

prometheus::MetricFamily Family(const char* name, const char* help, prometheus::MetricType type, double value) {
  prometheus::MetricFamily family{name, help, type, {}};
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
  return family;
}

void AppendStat(std::vector<prometheus::MetricFamily>& families) {
  const std::string stat = ReadText("/proc/self/stat");
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return;
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(name_end + 2), ' ');
  const auto number = [&](size_t index) {
    double value = 0;
    if (index >= fields.size() || !absl::SimpleAtod(fields[index], &value)) value = 0;
    return value;
  };
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  families.push_back(Family("process_cpu_seconds_total", "Processor time used, user and system, in seconds.",
                            prometheus::MetricType::Counter, (number(kUserTicks) + number(kSystemTicks)) / ticks));
  families.push_back(Family("process_resident_memory_bytes", "Memory held in RAM, in bytes.",
                            prometheus::MetricType::Gauge,
                            number(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE))));
  families.push_back(Family("process_threads", "Threads.", prometheus::MetricType::Gauge, number(kThreads)));
  if (const double boot = BootTime(); boot > 0) {
    families.push_back(Family("process_start_time_seconds", "Start of the process, in seconds since 1970 UTC.",
                              prometheus::MetricType::Gauge, boot + number(kStartTicks) / ticks));
  }
}

void AppendFiles(std::vector<prometheus::MetricFamily>& families) {
  std::error_code error;
  int64_t open = -1;  // The listing itself holds one descriptor.
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    ++open;
  }
  if (!error) {
    families.push_back(
        Family("process_open_fds", "Open file descriptors.", prometheus::MetricType::Gauge, static_cast<double>(open)));
  }
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(Family("process_max_fds", "File descriptors that may be open.", prometheus::MetricType::Gauge,
                              static_cast<double>(limit.rlim_cur)));
  }
}

}  // namespace

const Build& ThisBuild() {
  static const Build build{POLKU_VERSION, POLKU_REVISION, POLKU_COMPILER};
  return build;
}

void RegisterBuild(absl::string_view program, prometheus::Registry& registry) {
  const Build& build = ThisBuild();
  prometheus::BuildGauge()
      .Name("polku_build_info")
      .Help("Always 1; the labels say what the program was built from.")
      .Register(registry)
      .Add({{"program", std::string(program)},
            {"version", build.version},
            {"revision", build.revision},
            {"compiler", build.compiler}})
      .Set(1);
}

prometheus::Histogram::BucketBoundaries CallSeconds() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  AppendStat(families);
  AppendFiles(families);
  return families;
}

}  // namespace polku::ops
