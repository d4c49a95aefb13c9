#include "libs/store/bounded_cache.h"

#include <gtest/gtest.h>

namespace polku::store {
namespace {

TEST(BoundedCache, KeepsWhatIsAskedForAndForgetsTheRest) {
  BoundedCache<int> cache(100);
  cache.Put("kept", 1);
  for (int i = 0; i < 10000; ++i) {
    cache.Put(std::to_string(i), i);
    const int* kept = cache.Find("kept");
    ASSERT_NE(kept, nullptr);
    ASSERT_EQ(*kept, 1);
    ASSERT_LE(cache.size(), 110u);
  }
  EXPECT_EQ(cache.Find("0"), nullptr);
  EXPECT_NE(cache.Find("9999"), nullptr);
}

TEST(BoundedCache, ReplacesAndErasesInBothGenerations) {
  BoundedCache<int> cache(4);
  for (int i = 0; i < 3; ++i) cache.Put(std::to_string(i), i);
  cache.Put("0", 7);
  cache.Put("0", 8);
  ASSERT_NE(cache.Find("0"), nullptr);
  EXPECT_EQ(*cache.Find("0"), 8);
  cache.Erase("0");
  EXPECT_EQ(cache.Find("0"), nullptr);
}

TEST(BoundedCache, TellsWhatWasFoundLatelyAsItIsNow) {
  const std::string key = "clients/019cebc9-d900-79c0-8498-b7cbb6e31c1c";
  BoundedCache<int> cache(4);
  cache.Put(key, 1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_NE(cache.Find(key), nullptr);
    EXPECT_EQ(*cache.Find(key), 1);
  }
  cache.Put(key, 2);
  ASSERT_NE(cache.Find(key), nullptr);
  EXPECT_EQ(*cache.Find(key), 2);
  cache.Erase(key);
  EXPECT_EQ(cache.Find(key), nullptr);
  cache.Put(key, 3);
  EXPECT_EQ(*cache.Find(key), 3);
  cache.Clear();
  EXPECT_EQ(cache.Find(key), nullptr);
}

}  // namespace
}  // namespace polku::store
