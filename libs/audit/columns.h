// Columns of the rows that a query gives. What is NULL or of another type counts as nothing.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "libs/store/database.h"

namespace polku::audit {

inline int64_t IntAt(const store::Row& row, size_t column) {
  const auto* number = std::get_if<int64_t>(&row.at(column));
  return number == nullptr ? 0 : *number;
}

inline std::string BytesAt(const store::Row& row, size_t column) {
  const auto* blob = std::get_if<store::Blob>(&row.at(column));
  return blob == nullptr ? std::string() : blob->bytes;
}

}  // namespace polku::audit
