// Randomness as an input: nothing else in the product draws random numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "absl/base/thread_annotations.h"

namespace polku {

// A source of uniformly distributed bits. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
  virtual void Fill(void* buffer, size_t size) = 0;
};

// The operating system's generator by way of libsodium; fit for secrets.
class SystemRandom : public Random {
 public:
  SystemRandom();
  uint64_t Next() override;
  void Fill(void* buffer, size_t size) override;
};

// The same sequence for the same seed on every machine (xoshiro256** seeded by splitmix64).
// For tests and simulations; never for secrets.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed);
  uint64_t Next() override;
  // Uses one Next() for each started group of eight bytes.
  void Fill(void* buffer, size_t size) override;

 private:
  uint64_t NextLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::mutex mutex_;
  std::array<uint64_t, 4> state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace polku
