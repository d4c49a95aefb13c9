#include "libs/pathway/field_checks.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace polku::pathway {
namespace {

constexpr int kCodeCharsMax = 63;

}  // namespace

bool Require(const std::string& path, Faults& faults) {
  if (faults.Given(path)) return true;
  faults.Add(path, "missing");
  return false;
}

void CheckCode(const std::string& path, const std::string& code, Faults& faults) {
  if (!Require(path, faults)) return;
  bool good = !code.empty() && code.size() <= kCodeCharsMax;
  for (char c : code) good = good && (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-');
  if (!good) faults.Add(path, "must be 1 to 63 of a-z, 0-9 and hyphen");
}

void CheckRange(const std::string& path, int value, int low, int high, Faults& faults) {
  if (!Require(path, faults)) return;
  if (value < low || value > high) faults.Add(path, absl::StrCat("must be ", low, " to ", high));
}

void CheckOptionalRange(const std::string& path, int value, int low, int high, Faults& faults) {
  if (faults.Given(path)) CheckRange(path, value, low, high, faults);
}

void CheckText(const std::string& path, const polku::common::v1::Text& text, Faults& faults) {
  if (!Require(path, faults)) return;
  if (text.fi().empty()) faults.Add(absl::StrCat(path, ".fi"), "missing");
  if (text.en().empty()) faults.Add(absl::StrCat(path, ".en"), "missing");
}

}  // namespace polku::pathway
