#include "libs/base/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace polku {
namespace {

TEST(Crew, WorksOffEachNumberOnce) {
  for (const int threads : {1, 2, 4}) {
    Crew crew(threads);
    for (const size_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> times(count);
      crew.Share(count, [&](size_t begin, size_t end) {
        ASSERT_LT(begin, end);
        ASSERT_LE(end, count);
        for (size_t i = begin; i < end; ++i) ++times[i];
      });
      for (size_t i = 0; i < count; ++i) EXPECT_EQ(times[i], 1) << threads << " threads, " << i << " of " << count;
    }
  }
}

// Each of the first two calls ends only when the other one has begun.
TEST(Crew, WorksOnTwoRangesAtATime) {
  Crew crew(2);
  std::promise<void> begun[2];
  std::atomic<size_t> calls{0};
  crew.Share(100, [&](size_t, size_t) {
    const size_t call = calls++;
    if (call > 1) return;
    begun[call].set_value();
    begun[1 - call].get_future().wait();
  });
}

TEST(Crew, WorksBesideItsCaller) {
  Crew crew(2);
  std::promise<void> caller, helper;
  crew.Begin(100, [&](size_t begin, size_t) {
    if (begin > 0) return;
    helper.set_value();
    caller.get_future().wait();
  });
  helper.get_future().wait();
  caller.set_value();
  crew.Finish();
}

TEST(Crew, LeavesWhatIsDropped) {
  Crew crew(1);
  size_t done = 0;
  crew.Begin(100, [&](size_t begin, size_t end) { done += end - begin; });
  crew.Drop();
  crew.Finish();
  EXPECT_EQ(done, 0u);
}

TEST(Crew, AloneWaitsForItsCaller) {
  Crew crew(1);
  size_t done = 0;
  crew.Begin(3, [&](size_t begin, size_t end) { done += end - begin; });
  EXPECT_EQ(done, 0u);
  crew.Finish();
  EXPECT_EQ(done, 3u);
  crew.Finish();
  EXPECT_EQ(done, 3u);
}

TEST(Crew, SharesOneLoopAfterTheOther) {
  Crew crew(3);
  std::atomic<size_t> all{0};
  for (int i = 0; i < 500; ++i) crew.Share(10, [&](size_t begin, size_t end) { all += end - begin; });
  EXPECT_EQ(all, 5000u);
}

}  // namespace
}  // namespace polku
