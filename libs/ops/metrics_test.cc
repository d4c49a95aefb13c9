#include "libs/ops/metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "libs/base/clock.h"
#include "prometheus/text_serializer.h"

namespace polku::ops {
namespace {

std::map<std::string, double> Values() {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : ProcessMetrics().Collect()) {
    EXPECT_EQ(family.metric.size(), 1u);
    values[family.name] =
        family.type == prometheus::MetricType::Counter ? family.metric[0].counter.value : family.metric[0].gauge.value;
  }
  return values;
}

TEST(ProcessMetrics, TellsWhatTheProcessUses) {
  const std::map<std::string, double> values = Values();
  EXPECT_GE(values.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(values.at("process_threads"), 1);
  EXPECT_GE(values.at("process_max_fds"), values.at("process_open_fds"));
  const double now = absl::ToDoubleSeconds(SystemClock().Now() - absl::UnixEpoch());
  EXPECT_LE(values.at("process_start_time_seconds"), now + 2);
  EXPECT_GT(values.at("process_start_time_seconds"), now - 3600);
}

TEST(ProcessMetrics, CountsEachOpenFile) {
  const double before = Values().at("process_open_fds");
  const int file = open("/dev/null", O_RDONLY);
  ASSERT_GE(file, 0);
  EXPECT_EQ(Values().at("process_open_fds"), before + 1);
  close(file);
  EXPECT_EQ(Values().at("process_open_fds"), before);
}

TEST(ProcessMetrics, CpuTimeRisesWithWork) {
  const double before = Values().at("process_cpu_seconds_total");
  double after = before;
  volatile uint64_t work = 0;
  for (int i = 0; i < 2000 && after <= before; ++i) {
    for (int j = 0; j < 1000000; ++j) work = work + 1;
    after = Values().at("process_cpu_seconds_total");
  }
  EXPECT_GT(after, before);
  EXPECT_LT(after, before + 60);
}

TEST(RegisterBuild, NamesProgramAndVersion) {
  prometheus::Registry registry;
  RegisterBuild("polku-referral", registry);
  const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
  EXPECT_THAT(text, ::testing::HasSubstr("program=\"polku-referral\""));
  EXPECT_THAT(text, ::testing::HasSubstr("version=\"" + ThisBuild().version + "\""));
  EXPECT_THAT(ThisBuild().version, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace polku::ops
