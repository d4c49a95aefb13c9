// Values on their way to PostgreSQL, in its binary format.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "libs/store/database.h"

namespace polku::store::postgres {

// Numbers of types that never change (pg_type.dat); libpq has no header for them.
inline constexpr Oid kBytes = 17;
inline constexpr Oid kNumber = 20;
inline constexpr Oid kText = 25;

class Parameter {
 public:
  static Parameter Number(int64_t number);
  static Parameter Text(absl::string_view text) { return Parameter(kText, std::string(text)); }
  static Parameter Bytes(absl::string_view bytes) { return Parameter(kBytes, std::string(bytes)); }
  // NULL is of `null_type`; 0: of whatever type its place has.
  static Parameter Of(const Value& value, Oid null_type = 0);

  Oid type() const { return type_; }
  const char* data() const { return null_ ? nullptr : bytes_.data(); }
  int size() const { return static_cast<int>(bytes_.size()); }

 protected:
  Parameter(Oid type, std::string bytes) : type_(type), bytes_(std::move(bytes)) {}
  Oid type_;
  bool null_ = false;
  std::string bytes_;
};

// Many values of one type: a column of a batch.
class Array : public Parameter {
 public:
  // Of kNumber, kText or kBytes.
  explicit Array(Oid element);

  void Add(int64_t number);
  void Add(absl::string_view bytes);
  void AddNull();
  // False when the value is of another type.
  bool AddValue(const Value& value);

 private:
  void Count();

  const Oid element_;
  int32_t count_ = 0;
};

struct Numbers : Array {
  Numbers() : Array(kNumber) {}
};
struct Texts : Array {
  Texts() : Array(kText) {}
};
struct ByteStrings : Array {
  ByteStrings() : Array(kBytes) {}
};

}  // namespace polku::store::postgres
