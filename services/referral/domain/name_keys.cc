#include "services/referral/domain/name_keys.h"

#include <algorithm>
#include <cstdint>

namespace polku::referral {
namespace {

// Letters of a word that are looked at: bounds the keys of a name that is none.
constexpr size_t kLettersMax = 30;
constexpr size_t kLettersForVariants = 4;

// The letters U+00C0 to U+017F without their marks; '.' for what is no letter.
constexpr absl::string_view kLatin =
    "aaaaaaaceeeeiiiidnooooo.ouuuuytsaaaaaaaceeeeiiiidnooooo.ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
constexpr uint32_t kLatinFirst = 0xC0;

// The code point at `text[i]`, and `i` moved behind it. A broken sequence gives its first byte.
uint32_t Next(absl::string_view text, size_t& i) {
  const auto byte = [&text](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(i++);
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  if (more == 0 || i + more > text.size()) return lead;
  uint32_t code = lead & (0x3F >> more);
  for (int k = 0; k < more; ++k) code = (code << 6) | (byte(i++) & 0x3F);
  return code;
}

// Lower case without diacritics; 0 for what is no letter.
uint32_t Folded(uint32_t code) {
  if (code >= 'A' && code <= 'Z') return code + ('a' - 'A');
  if (code >= 'a' && code <= 'z') return code;
  if (code < kLatinFirst) return 0;
  if (code >= kLatinFirst + kLatin.size()) return code;  // Another alphabet: as it is.
  const char letter = kLatin[code - kLatinFirst];
  return letter == '.' ? 0 : static_cast<uint32_t>(letter);
}

// The letters of all words, or of the first one only.
std::vector<uint32_t> LettersOf(absl::string_view text, bool first_word_only) {
  std::vector<uint32_t> letters;
  for (size_t i = 0; i < text.size() && letters.size() < kLettersMax;) {
    const uint32_t letter = Folded(Next(text, i));
    if (letter != 0) letters.push_back(letter);
    if (letter == 0 && first_word_only && !letters.empty()) break;
  }
  return letters;
}

// Every letter by its number, so that a key is plain text.
std::string Without(const std::vector<uint32_t>& letters, size_t left_out) {
  std::string key;
  for (size_t i = 0; i < letters.size(); ++i) {
    if (i == left_out) continue;
    if (letters[i] < 0x80) {
      key.push_back(static_cast<char>(letters[i]));
    } else {
      key += "u" + std::to_string(letters[i]);
    }
  }
  return key;
}

std::vector<std::string> KeysOf(const std::vector<uint32_t>& letters) {
  std::vector<std::string> keys;
  if (letters.empty()) return keys;
  keys.push_back(Without(letters, letters.size()));
  for (size_t i = 0; i < letters.size() && letters.size() >= kLettersForVariants; ++i) {
    keys.push_back(Without(letters, i));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

bool Share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&b](const std::string& key) { return std::find(b.begin(), b.end(), key) != b.end(); });
}

}  // namespace

NameKeys NameKeysOf(absl::string_view family_name, absl::string_view given_names) {
  return {KeysOf(LettersOf(family_name, /*first_word_only=*/false)),
          KeysOf(LettersOf(given_names, /*first_word_only=*/true))};
}

bool Similar(const NameKeys& a, const NameKeys& b) {
  return (Share(a.family, b.family) && Share(a.given, b.given)) ||
         (Share(a.family, b.given) && Share(a.given, b.family));
}

}  // namespace polku::referral
