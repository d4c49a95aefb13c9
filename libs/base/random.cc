#include "libs/base/random.h"

#include <sodium.h>

#include <algorithm>
#include <bit>

#include "libs/base/sodium.h"

namespace polku {

SystemRandom::SystemRandom() { InitSodium(); }

uint64_t SystemRandom::Next() {
  uint64_t bits;
  randombytes_buf(&bits, sizeof(bits));
  return bits;
}

void SystemRandom::Fill(void* buffer, size_t size) { randombytes_buf(buffer, size); }

SeededRandom::SeededRandom(uint64_t seed) {
  // splitmix64 turns any seed, zero too, into a state that is not all zero bits.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

uint64_t SeededRandom::Next() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return NextLocked();
}

void SeededRandom::Fill(void* buffer, size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto* out = static_cast<unsigned char*>(buffer);
  while (size > 0) {
    uint64_t bits = NextLocked();
    const size_t taken = std::min<size_t>(size, sizeof(bits));
    for (size_t i = 0; i < taken; ++i, bits >>= 8) out[i] = static_cast<unsigned char>(bits);
    out += taken;
    size -= taken;
  }
}

// xoshiro256** by Blackman and Vigna.
uint64_t SeededRandom::NextLocked() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

}  // namespace polku
