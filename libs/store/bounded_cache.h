// A map from text that forgets what was not asked for lately.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace polku::store {

// Two generations: an entry that is not found again while half of the limit is filled anew is
// dropped. Cheaper than a list in order of use, and bounded all the same. Thread-compatible.
template <class V>
class BoundedCache {
 public:
  explicit BoundedCache(size_t entries_max) : generation_max_(entries_max / 2 + 1) {}

  // The pointer is good until the next call. Null when not held.
  const V* Find(absl::string_view key) {
    if (auto it = young_.find(key); it != young_.end()) return &it->second;
    auto it = old_.find(key);
    if (it == old_.end()) return nullptr;
    auto node = old_.extract(it);
    MakeRoom();
    return &young_.insert(std::move(node)).position->second;
  }
  void Put(absl::string_view key, V value) {
    MakeRoom();
    old_.erase(key);
    young_.insert_or_assign(std::string(key), std::move(value));
  }
  void Erase(absl::string_view key) {
    young_.erase(key);
    old_.erase(key);
  }
  void Clear() {
    young_.clear();
    old_.clear();
  }
  size_t size() const { return young_.size() + old_.size(); }

 private:
  void MakeRoom() {
    if (young_.size() < generation_max_) return;
    old_.swap(young_);
    young_.clear();
  }

  const size_t generation_max_;
  absl::flat_hash_map<std::string, V> young_;
  absl::flat_hash_map<std::string, V> old_;
};

}  // namespace polku::store
