// Parts of an aggregate are numbered: "clients/C/tasks/3".
#pragma once

#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "libs/base/resource_name.h"

namespace polku {

// 3; 0 of a name that ends otherwise.
inline int32_t PartNumber(absl::string_view name) {
  int32_t number = 0;
  return absl::SimpleAtoi(LastSegment(name), &number) && number > 0 ? number : 0;
}

}  // namespace polku
