// Which partition a key belongs to: the choice of the Java client of Apache Kafka, so that
// records of one key meet in one partition whichever client or bus sends them.
#ifndef POLKU_LIBS_BUS_PARTITIONER_H_
#define POLKU_LIBS_BUS_PARTITIONER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace polku::bus {

// MurmurHash2, 32 bits, with the seed of the Java client.
constexpr uint32_t Murmur2(absl::string_view bytes) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr uint32_t kSeed = 0x9747b28c;
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])); };
  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4) {
    uint32_t word = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  if (i < bytes.size()) {
    for (size_t tail = bytes.size(); tail-- > i;) hash ^= byte(tail) << (8 * (tail - i));
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

// 0 to partitions - 1. `partitions` must be at least 1.
constexpr int PartitionOf(absl::string_view key, int partitions) {
  return static_cast<int>((Murmur2(key) & 0x7fffffffu) % static_cast<uint32_t>(partitions));
}

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_PARTITIONER_H_
