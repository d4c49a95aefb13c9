#include <gtest/gtest.h>

#include "libs/store/database.h"

namespace polku::store {
namespace {

TEST(Value, KeepsInstantsToTheMicrosecondBelow) {
  const absl::Time time = absl::FromUnixMicros(-1234567);
  EXPECT_EQ(ToTime(FromTime(time)), time);
  EXPECT_EQ(ToTime(FromTime(time + absl::Nanoseconds(999))), time);
}

TEST(Value, KeepsTheInfiniteInstants) {
  EXPECT_EQ(FromTime(absl::InfiniteFuture()), Value());
  EXPECT_EQ(ToTime(Value()), absl::InfiniteFuture());
  EXPECT_EQ(ToTime(FromTime(absl::InfinitePast())), absl::InfinitePast());
}

}  // namespace
}  // namespace polku::store
