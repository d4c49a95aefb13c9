// When two people's names are near enough to be asked about.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace polku::referral {

// What is compared of a name: the word without case, diacritics and punctuation, and the word with each one
// letter left out. Two words that differ by one letter more, less, other or swapped share a key. Words of fewer
// than four letters have themselves only: so short, one letter is another name. Keys may be hashed one by one;
// what is shared stays shared.
struct NameKeys {
  std::vector<std::string> family;  // Of the whole family name, its parts joined.
  std::vector<std::string> given;   // Of the first given name.
};

NameKeys NameKeysOf(absl::string_view family_name, absl::string_view given_names);

// Both names share a key, or do so with family and given name swapped. Without a name nobody is similar.
bool Similar(const NameKeys& a, const NameKeys& b);

}  // namespace polku::referral
