#include "libs/store/postgres/parameter.h"

#include <utility>

namespace polku::store::postgres {
namespace {

constexpr size_t kCountAt = 12;

void Append32(std::string& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

void Append64(std::string& out, uint64_t number) {
  Append32(out, static_cast<uint32_t>(number >> 32));
  Append32(out, static_cast<uint32_t>(number));
}

Oid ArrayOf(Oid element) { return element == kNumber ? 1016 : element == kText ? 1009 : 1001; }

}  // namespace

Parameter Parameter::Number(int64_t number) {
  std::string bytes;
  Append64(bytes, static_cast<uint64_t>(number));
  return Parameter(kNumber, std::move(bytes));
}

Parameter Parameter::Of(const Value& value, Oid null_type) {
  if (const auto* number = std::get_if<int64_t>(&value)) return Number(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return Text(*text);
  if (const auto* blob = std::get_if<Blob>(&value)) return Bytes(blob->bytes);
  Parameter null(null_type, "");
  null.null_ = true;
  return null;
}

// Dimensions, whether there are NULLs (not looked at), type; then length and first index of each dimension.
Array::Array(Oid element) : Parameter(ArrayOf(element), ""), element_(element) {
  Append32(bytes_, 0);
  Append32(bytes_, 0);
  Append32(bytes_, element);
}

void Array::Count() {
  if (count_ == 0) {
    bytes_[3] = 1;
    Append32(bytes_, 0);
    Append32(bytes_, 1);
  }
  ++count_;
  for (size_t i = 0; i < 4; ++i) bytes_[kCountAt + i] = static_cast<char>(count_ >> (24 - 8 * i));
}

void Array::Add(int64_t number) {
  Count();
  Append32(bytes_, sizeof(number));
  Append64(bytes_, static_cast<uint64_t>(number));
}

void Array::Add(absl::string_view bytes) {
  Count();
  Append32(bytes_, static_cast<uint32_t>(bytes.size()));
  bytes_.append(bytes.data(), bytes.size());
}

void Array::AddNull() {
  Count();
  Append32(bytes_, 0xffffffff);
}

bool Array::AddValue(const Value& value) {
  if (value.index() == 0) {
    AddNull();
  } else if (const auto* number = std::get_if<int64_t>(&value); number != nullptr && element_ == kNumber) {
    Add(*number);
  } else if (const auto* text = std::get_if<std::string>(&value); text != nullptr && element_ == kText) {
    Add(*text);
  } else if (const auto* blob = std::get_if<Blob>(&value); blob != nullptr && element_ == kBytes) {
    Add(blob->bytes);
  } else {
    return false;
  }
  return true;
}

}  // namespace polku::store::postgres
