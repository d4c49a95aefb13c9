#include "services/referral/domain/name_keys.h"

#include <gtest/gtest.h>

#include <string>

#include "services/referral/domain/fingerprints.h"

namespace polku::referral {
namespace {

struct Pair {
  const char* family_a;
  const char* given_a;
  const char* family_b;
  const char* given_b;
};

bool AreSimilar(const Pair& pair) {
  const NameKeys a = NameKeysOf(pair.family_a, pair.given_a);
  const NameKeys b = NameKeysOf(pair.family_b, pair.given_b);
  EXPECT_EQ(Similar(a, b), Similar(b, a));
  return Similar(a, b);
}

TEST(SimilarNames, ForgiveSpellingOrderAndMissingSecondNames) {
  const Pair similar[] = {
      {"Testinen", "Testi", "Testinen", "Testi"},
      {"Testinen", "Testi Toinen", "testinen", "TESTI"},
      {"Äyräpää", "Päivö", "Ayrapaa", "Paivo"},  // Diacritics.
      {"Kokko-Testinen", "Testi", "Kokko Testinen", "Testi"},
      {"von Testinen", "Testi", "VonTestinen", "Testi-Toinen"},
      {"Testinen", "Testi", "Testnen", "Testi"},    // A letter less,
      {"Testinen", "Testi", "Testiinen", "Testi"},  // more,
      {"Testinen", "Testi", "Tesdinen", "Testi"},   // other,
      {"Testinen", "Testi", "Tsetinen", "Testi"},   // two swapped.
      {"Testinen", "Malli", "Malli", "Testinen"},   // Names in each other's place.
      {"Тестинен", "Тести", "Тестинэн", "Тести"},   // Another alphabet.
  };
  for (const Pair& pair : similar) EXPECT_TRUE(AreSimilar(pair)) << pair.family_a << " / " << pair.family_b;
}

TEST(SimilarNames, TellPeopleApart) {
  const Pair different[] = {
      {"Testinen", "Testi", "Testinen", "Malli"},
      {"Testinen", "Testi", "Mallinen", "Testi"},
      {"Testinen", "Ali", "Testinen", "Eli"},  // Short names differ by a letter.
      {"Testinen", "Testi", "", ""},
      {"", "", "", ""},
      {"---", "?", "---", "?"},
      {"Testinen", "Testi", "Tesdimen", "Testi"},
  };
  for (const Pair& pair : different) EXPECT_FALSE(AreSimilar(pair)) << pair.family_a << " / " << pair.family_b;
}

TEST(SimilarNames, HoldForTextThatIsNoName) {
  const std::string broken("\xC3\xFF\xE2\x82", 4);
  EXPECT_FALSE(Similar(NameKeysOf(broken, broken), NameKeysOf("Testinen", "Testi")));
  EXPECT_LE(NameKeysOf(std::string(5000, 'x') + "y", "z").family.size(), 31u);
}

TEST(Fingerprints, CompareHashesAsTheyCompareNames) {
  const std::string key(32, 'k');
  const HetuPolicy policy{.allow_test_codes = true};
  v1::Person coded;
  coded.set_identity_code("010516B903X");
  coded.set_family_name("Testinen");
  coded.set_given_names("Testi");
  v1::Person plain;
  plain.set_family_name("Tesdinen");
  plain.set_given_names("Testi Toinen");
  plain.mutable_birth_date()->set_year(2016);
  plain.mutable_birth_date()->set_month(5);
  plain.mutable_birth_date()->set_day(1);
  const v1::Fingerprints a = FingerprintsOf(coded, policy, key);
  const v1::Fingerprints b = FingerprintsOf(plain, policy, key);
  EXPECT_TRUE(MayBeSamePerson(a, b));
  EXPECT_FALSE(MayBeSamePerson(a, a));  // Two codes tell two people apart.
  EXPECT_TRUE(MayBeSamePerson(b, b));
  plain.mutable_birth_date()->set_day(2);
  EXPECT_FALSE(MayBeSamePerson(a, FingerprintsOf(plain, policy, key)));
  // Nothing to be read, and another key gives other hashes.
  EXPECT_EQ(a.DebugString().find("testinen"), std::string::npos);
  EXPECT_NE(a.birth_date(), FingerprintsOf(coded, policy, std::string(32, 'j')).birth_date());
  EXPECT_FALSE(MayBeSamePerson(FingerprintsOf(v1::Person(), policy, key), FingerprintsOf(v1::Person(), policy, key)));
}

}  // namespace
}  // namespace polku::referral
