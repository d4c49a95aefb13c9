#include "libs/rpc/call_rates.h"

#include <gtest/gtest.h>

namespace polku::rpc {
namespace {

constexpr absl::Duration kStart = absl::Seconds(100);

TEST(CallRatesTest, LetsAQuietOneMakeABurstAndThenItsRate) {
  CallRates rates(10, absl::Milliseconds(300));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rates.Take("o", 0, kStart), absl::ZeroDuration());
  EXPECT_EQ(rates.Take("o", 0, kStart), absl::Milliseconds(100));
  // Who comes when it was told gets in.
  EXPECT_EQ(rates.Take("o", 0, kStart + absl::Milliseconds(100)), absl::ZeroDuration());
  EXPECT_GT(rates.Take("o", 0, kStart + absl::Milliseconds(100)), absl::ZeroDuration());
  // Quiet for long, and still no more than the burst.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rates.Take("o", 0, kStart + absl::Hours(1)), absl::ZeroDuration());
  EXPECT_GT(rates.Take("o", 0, kStart + absl::Hours(1)), absl::ZeroDuration());
}

TEST(CallRatesTest, CountsEachOrganisationByItself) {
  CallRates rates(1, absl::Seconds(1));
  EXPECT_EQ(rates.Take("a", 0, kStart), absl::ZeroDuration());
  EXPECT_EQ(rates.Take("a", 0, kStart), absl::Seconds(1));
  EXPECT_EQ(rates.Take("b", 0, kStart), absl::ZeroDuration());
}

TEST(CallRatesTest, TakesAnOrganisationsOwnRate) {
  CallRates rates(1, absl::Seconds(1));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rates.Take("a", 5, kStart), absl::ZeroDuration());
  EXPECT_EQ(rates.Take("a", 5, kStart), absl::Milliseconds(200));
  // Slower than one call in a burst, and yet one gets in.
  EXPECT_EQ(rates.Take("b", 0.5, kStart), absl::ZeroDuration());
  EXPECT_EQ(rates.Take("b", 0.5, kStart), absl::Seconds(2));
}

}  // namespace
}  // namespace polku::rpc
