// A map from text that forgets what was not asked for lately.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace polku::store {

// Two generations: an entry that is not found again while half of the limit is filled anew is
// dropped. Cheaper than a list in order of use, and bounded all the same. What was found last is found again without
// the map, which is too large for the processor's cache: a batch asks several times for each of its keys.
// Thread-compatible.
template <class V>
class BoundedCache {
 public:
  explicit BoundedCache(size_t entries_max) : generation_max_(entries_max / 2 + 1) {}

  // The pointer is good until the next call. Null when not held.
  const V* Find(absl::string_view key) {
    Lately* lately = LatelyOf(key);
    if (lately != nullptr && lately->Is(key)) return &lately->value;
    const V* found = FindHeld(key);
    if (found == nullptr || lately == nullptr) return found;
    lately->Set(key, *found);
    return &lately->value;
  }
  // Returns where it is held, good until the next call.
  const V* Put(absl::string_view key, V value) {
    ForgetLately(key);
    MakeRoom();
    old_.erase(key);
    return &young_.insert_or_assign(std::string(key), std::move(value)).first->second;
  }
  void Erase(absl::string_view key) {
    ForgetLately(key);
    young_.erase(key);
    old_.erase(key);
  }
  void Clear() {
    lately_.clear();
    young_.clear();
    old_.clear();
  }
  size_t size() const { return young_.size() + old_.size(); }

 private:
  static constexpr size_t kLately = 4096;  // A power of two.
  static constexpr size_t kLatelyChars = 55;

  struct Lately {
    bool Is(absl::string_view key) const {
      return size == key.size() && std::memcmp(text.data(), key.data(), size) == 0;
    }
    void Set(absl::string_view key, const V& held) {
      size = static_cast<uint8_t>(key.size());
      std::memcpy(text.data(), key.data(), key.size());
      value = held;
    }
    uint8_t size = 0;  // 0 = nothing.
    std::array<char, kLatelyChars> text;
    V value{};
  };

  // Where it is if it was found lately. Null for what is never there.
  Lately* LatelyOf(absl::string_view key) {
    uint64_t tail = 0;
    if (key.size() < sizeof(tail) || key.size() > kLatelyChars) return nullptr;
    if (lately_.empty()) lately_.resize(kLately);
    std::memcpy(&tail, key.data() + key.size() - sizeof(tail), sizeof(tail));  // The random part of a client's name.
    constexpr uint64_t kMix = 0x9e3779b97f4a7c15;                              // 2^64 by the golden ratio.
    return &lately_[static_cast<size_t>((tail * kMix) >> 40) & (kLately - 1)];
  }
  void ForgetLately(absl::string_view key) {
    if (Lately* lately = LatelyOf(key); lately != nullptr && lately->Is(key)) *lately = Lately();
  }

  const V* FindHeld(absl::string_view key) {
    if (auto it = young_.find(key); it != young_.end()) return &it->second;
    auto it = old_.find(key);
    if (it == old_.end()) return nullptr;
    auto node = old_.extract(it);
    MakeRoom();
    return &young_.insert(std::move(node)).position->second;
  }
  void MakeRoom() {
    if (young_.size() < generation_max_) return;
    old_.swap(young_);
    young_.clear();
  }

  const size_t generation_max_;
  std::vector<Lately> lately_;
  absl::flat_hash_map<std::string, V> young_;
  absl::flat_hash_map<std::string, V> old_;
};

}  // namespace polku::store
