#include "libs/store/owner.h"

namespace polku::store {

absl::string_view OwnerOf(absl::string_view key) {
  const size_t first = key.find('/');
  if (first == absl::string_view::npos) return key;
  return key.substr(0, key.find('/', first + 1));
}

}  // namespace polku::store
