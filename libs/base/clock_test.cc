#include "libs/base/clock.h"

#include <gtest/gtest.h>

namespace polku {
namespace {

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(absl::FromUnixSeconds(1000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1000));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1005));
  clock.Set(absl::FromUnixSeconds(10));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(10));
}

TEST(ManualMonotonicClock, AddsUpWhatItIsAdvanced) {
  ManualMonotonicClock clock;
  EXPECT_EQ(clock.Elapsed(), absl::ZeroDuration());
  clock.Advance(absl::Seconds(2));
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(clock.Elapsed(), absl::Seconds(5));
}

TEST(ManualMonotonicClockDeathTest, DoesNotGoBack) {
  ManualMonotonicClock clock;
  EXPECT_DEATH(clock.Advance(-absl::Nanoseconds(1)), "check failed");
}

TEST(SystemMonotonicClock, NeverGoesBack) {
  const SystemMonotonicClock clock;
  absl::Duration last = clock.Elapsed();
  EXPECT_GE(last, absl::ZeroDuration());
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration next = clock.Elapsed();
    ASSERT_GE(next, last);
    last = next;
  }
}

TEST(SystemClock, ReadsATimeOfThisCentury) {
  const SystemClock clock;
  EXPECT_GT(clock.Now(), absl::FromCivil(absl::CivilDay(2020, 1, 1), absl::UTCTimeZone()));
  EXPECT_LT(clock.Now(), absl::FromCivil(absl::CivilDay(2100, 1, 1), absl::UTCTimeZone()));
}

}  // namespace
}  // namespace polku
