#include "libs/base/ids.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <set>

namespace polku {
namespace {

// Gives bytes of one value.
class ConstantRandom : public Random {
 public:
  explicit ConstantRandom(int byte) : byte_(byte) {}
  uint64_t Next() override { return 0; }
  void Fill(void* buffer, size_t size) override { std::memset(buffer, byte_, size); }

 private:
  int byte_;
};

TEST(NewUuidV7, LaysOutTimeVersionAndVariantAsTheRfcSays) {
  // The time stamp of the example in RFC 9562, appendix A.6.
  const absl::Time now = absl::FromUnixMillis(0x017F22E279B0);
  ConstantRandom ones(0xff);
  ConstantRandom zeros(0);
  EXPECT_EQ(NewUuidV7(now, ones), "017f22e2-79b0-7fff-bfff-ffffffffffff");
  EXPECT_EQ(NewUuidV7(now, zeros), "017f22e2-79b0-7000-8000-000000000000");
}

TEST(NewUuidV7, TakesTimesOutsideItsRangeAsTheNearestInside) {
  ConstantRandom zeros(0);
  EXPECT_EQ(NewUuidV7(absl::FromUnixSeconds(-5), zeros), "00000000-0000-7000-8000-000000000000");
  EXPECT_EQ(NewUuidV7(absl::InfiniteFuture(), zeros), "ffffffff-ffff-7000-8000-000000000000");
}

TEST(NewUuidV7, DiffersWithinOneMillisecond) {
  SeededRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(NewUuidV7(absl::FromUnixSeconds(1), random));
  EXPECT_EQ(seen.size(), 1000u);
}

RC_GTEST_PROP(NewUuidV7, SortsByMillisecond, (uint64_t seed)) {
  SeededRandom random(seed);
  const int64_t earlier = *rc::gen::inRange<int64_t>(0, int64_t{1} << 47);
  const int64_t gap = *rc::gen::inRange<int64_t>(1, int64_t{1} << 40);
  const std::string first = NewUuidV7(absl::FromUnixMillis(earlier), random);
  const std::string second = NewUuidV7(absl::FromUnixMillis(earlier + gap), random);
  RC_ASSERT(first < second);
  RC_ASSERT(IsUuid(first));
}

TEST(IsUuid, RefusesWhatIsNotTheLowerCaseTextForm) {
  EXPECT_TRUE(IsUuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
  for (const char* text : {"", "017f22e279b07cc398c4dc0c0c07398f", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
                           "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                           "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2-79b0-7cc3-98c4ddc0c0c07398f",
                           "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

}  // namespace
}  // namespace polku
