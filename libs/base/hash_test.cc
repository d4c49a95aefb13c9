#include "libs/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace polku {
namespace {

const std::string kKey(32, 'k');

// Stored fingerprints are looked up years later: the value is a promise. Worked out with
// an independent implementation of BLAKE2b over length, domain and content.
TEST(KeyedHash, KeepsItsValueForEver) {
  EXPECT_EQ(HexOf(KeyedHash(kKey, "client_index", "content")),
            "63f51106c29de1cfa704e0b2021f2fd37b45d94eb277a3774f18d6731135ba98");
}

TEST(KeyedHash, DependsOnKeyDomainAndContent) {
  const std::set<std::string> hashes = {
      KeyedHash(kKey, "a", "x"), KeyedHash(std::string(32, 'q'), "a", "x"),
      KeyedHash(kKey, "b", "x"), KeyedHash(kKey, "a", "y"),
      KeyedHash(kKey, "a", ""),  KeyedHash(kKey, "", "x"),
  };
  EXPECT_EQ(hashes.size(), 6u);
  for (const std::string& hash : hashes) EXPECT_EQ(hash.size(), kKeyedHashBytes);
}

TEST(KeyedHash, DoesNotLetTheDomainRunIntoTheContent) {
  EXPECT_NE(KeyedHash(kKey, "ab", "c"), KeyedHash(kKey, "a", "bc"));
}

TEST(KeyedHashDeathTest, AbortsOnAKeyOfAnotherSize) { EXPECT_DEATH(KeyedHash("short", "a", "x"), "check failed"); }

TEST(HexOf, WritesTwoLowerCaseDigitsAByte) {
  EXPECT_EQ(HexOf(""), "");
  EXPECT_EQ(HexOf(absl::string_view("\x00\x0f\xff", 3)), "000fff");
}

}  // namespace
}  // namespace polku
