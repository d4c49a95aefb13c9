#include "libs/base/hetu.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "libs/base/status_matchers.h"

namespace polku {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr HetuPolicy kTestCodes{.allow_test_codes = true};

auto IsRefusedFor(const std::string& what) { return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what)); }

struct ValidCode {
  const char* text;
  absl::CivilDay birth_date;
  bool is_odd;
};

TEST(HetuParse, AcceptsCodesOfEveryCenturyAndSign) {
  const ValidCode codes[] = {
      // text, birth date, odd
      {"131052-9085", absl::CivilDay(1952, 10, 13), false}, {"311280-9886", absl::CivilDay(1980, 12, 31), false},
      {"010594Y9021", absl::CivilDay(1994, 5, 1), false},   {"020594X903P", absl::CivilDay(1994, 5, 2), true},
      {"030594W903B", absl::CivilDay(1994, 5, 3), true},    {"010516B903X", absl::CivilDay(2016, 5, 1), true},
      {"290200A901C", absl::CivilDay(2000, 2, 29), true},   {"010100+900F", absl::CivilDay(1800, 1, 1), false},
  };
  for (const ValidCode& code : codes) {
    const absl::StatusOr<Hetu> hetu = Hetu::Parse(code.text, kTestCodes);
    ASSERT_THAT(hetu, IsOk()) << code.text;
    EXPECT_EQ(hetu->text().Reveal(), code.text);
    EXPECT_EQ(hetu->birth_date(), code.birth_date) << code.text;
    EXPECT_EQ(hetu->is_odd(), code.is_odd) << code.text;
    EXPECT_TRUE(hetu->is_test_code());
  }
}

TEST(HetuParse, ReadsEachSignAsItsCentury) {
  for (const char sign : std::string("+-YXWVUABCDEF")) {
    const std::string text = std::string("131052") + sign + "9085";
    const int century = sign == '+' ? 1800 : (sign >= 'A' && sign <= 'F' ? 2000 : 1900);
    const absl::StatusOr<Hetu> hetu = Hetu::Parse(text, kTestCodes);
    ASSERT_THAT(hetu, IsOk()) << sign;
    EXPECT_EQ(hetu->birth_date(), absl::CivilDay(century + 52, 10, 13)) << sign;
  }
}

TEST(HetuParse, KnowsAllCheckCharacters) {
  // Of the individual numbers 900 to 930 in turn, for one date.
  const std::string checks = "PRSTUVWXY0123456789ABCDEFHJKLMN";
  for (size_t i = 0; i < checks.size(); ++i) {
    const std::string text = "010190-" + std::to_string(900 + i) + checks[i];
    EXPECT_THAT(Hetu::Parse(text, kTestCodes), IsOk()) << text;
  }
}

// Both signs mean the 1900s and the sign is not in the check character, so a program that
// "tidied" the sign would merge two people.
TEST(Hetu, KeepsCodesApartThatDifferOnlyInTheSign) {
  const absl::StatusOr<Hetu> old_sign = Hetu::Parse("100190-999P", kTestCodes);
  const absl::StatusOr<Hetu> new_sign = Hetu::Parse("100190Y999P", kTestCodes);
  ASSERT_THAT(old_sign, IsOk());
  ASSERT_THAT(new_sign, IsOk());
  EXPECT_EQ(old_sign->birth_date(), new_sign->birth_date());
  EXPECT_FALSE(*old_sign == *new_sign);
  EXPECT_EQ(new_sign->text().Reveal(), "100190Y999P");
}

TEST(HetuParse, RefusesATestCodeUnlessAllowed) {
  EXPECT_THAT(Hetu::Parse("131052-9085", HetuPolicy{}), IsRefusedFor("test code not allowed"));
}

TEST(HetuParse, SaysWhatIsWrong) {
  EXPECT_THAT(Hetu::Parse("", kTestCodes), IsRefusedFor("length"));
  EXPECT_THAT(Hetu::Parse("131052-908", kTestCodes), IsRefusedFor("length"));
  EXPECT_THAT(Hetu::Parse("131052-90855", kTestCodes), IsRefusedFor("length"));
  EXPECT_THAT(Hetu::Parse("290200-901C", kTestCodes), IsRefusedFor("date does not exist"));
  EXPECT_THAT(Hetu::Parse("310494-9021", kTestCodes), IsRefusedFor("date does not exist"));
  EXPECT_THAT(Hetu::Parse("001352-9085", kTestCodes), IsRefusedFor("date does not exist"));
  EXPECT_THAT(Hetu::Parse("1310x2-9085", kTestCodes), IsRefusedFor("date has a character"));
  EXPECT_THAT(Hetu::Parse("131052G9085", kTestCodes), IsRefusedFor("century sign"));
  EXPECT_THAT(Hetu::Parse("131052 9085", kTestCodes), IsRefusedFor("century sign"));
  EXPECT_THAT(Hetu::Parse("131052a9085", kTestCodes), IsRefusedFor("century sign"));
  EXPECT_THAT(Hetu::Parse("131052-9x85", kTestCodes), IsRefusedFor("individual number has"));
  EXPECT_THAT(Hetu::Parse("131052-9086", kTestCodes), IsRefusedFor("check character"));
  EXPECT_THAT(Hetu::Parse("290200A901c", kTestCodes), IsRefusedFor("check character"));
}

TEST(HetuParse, RefusesIndividualNumbersThatNobodyHas) {
  for (const char* zzz : {"000", "001"}) {
    for (const char check : std::string("0123456789ABCDEFHJKLMNPRSTUVWXY")) {
      EXPECT_THAT(Hetu::Parse(std::string("131052-") + zzz + check, kTestCodes), IsRefusedFor("below 002"));
    }
  }
}

TEST(HetuParse, ShowsNoPartOfTheCodeInItsMessage) {
  for (const char* text : {"131052-9086", "290200-901C", "131052-908", "131052G9085", "131052-9x85"}) {
    const std::string message(Hetu::Parse(text, kTestCodes).status().message());
    EXPECT_THAT(message, AllOf(Not(HasSubstr("1310")), Not(HasSubstr("2902")), Not(HasSubstr("908")),
                               Not(HasSubstr("901")), Not(HasSubstr("9x8"))));
  }
}

// 31 is prime and does not divide any power of ten, so one changed digit always shows.
RC_GTEST_PROP(HetuParse, FindsAnySingleWrongDigit, ()) {
  const std::string valid = "150675-9993";
  RC_ASSERT(Hetu::Parse(valid, kTestCodes).ok());
  const size_t place = *rc::gen::element<size_t>(0, 1, 2, 3, 4, 5, 7, 8, 9);
  std::string changed = valid;
  changed[place] = *rc::gen::inRange('0', static_cast<char>('9' + 1));
  RC_PRE(changed != valid);
  RC_ASSERT(!Hetu::Parse(changed, kTestCodes).ok());
}

RC_GTEST_PROP(HetuParse, RefusesArbitraryBytesWithoutHarm, (const std::string& bytes)) {
  std::string text = bytes;
  text.resize(11, '9');
  RC_ASSERT(Hetu::Parse(text, HetuPolicy{}).ok() == false);
}

}  // namespace
}  // namespace polku
