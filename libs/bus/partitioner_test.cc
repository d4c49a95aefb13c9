#include "libs/bus/partitioner.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace polku::bus {
namespace {

// Vectors of the Java client's own test of its hash (org.apache.kafka.common.utils.UtilsTest).
TEST(Partitioner, HashesAsTheJavaClientDoes) {
  const struct {
    absl::string_view key;
    int32_t hash;
  } kVectors[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const auto& vector : kVectors) {
    EXPECT_EQ(static_cast<int32_t>(Murmur2(vector.key)), vector.hash) << vector.key;
  }
}

TEST(Partitioner, ClearsTheSignBitBeforeDividing) {
  EXPECT_EQ(PartitionOf("21", 10), static_cast<int>((static_cast<uint32_t>(-973932308) & 0x7fffffffu) % 10));
  EXPECT_EQ(PartitionOf("abc", 10), 7);
}

TEST(Partitioner, TreatsBytesAboveAsciiAsUnsigned) {
  // 0xc3 0xa4 as a signed byte would fill the upper bits of the word with ones.
  EXPECT_NE(Murmur2("\xc3\xa4"), Murmur2("\xff\xff"));
  EXPECT_LT(PartitionOf("\xc3\xa4\xff", 3), 3);
  EXPECT_GE(PartitionOf("\xc3\xa4\xff", 3), 0);
}

TEST(Partitioner, GivesEachPartitionAShare) {
  int counts[4] = {};
  for (int i = 0; i < 4000; ++i) ++counts[PartitionOf("clients/" + std::to_string(i), 4)];
  for (int count : counts) EXPECT_GT(count, 800);
}

}  // namespace
}  // namespace polku::bus
