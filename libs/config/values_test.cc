#include "libs/config/values.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "libs/base/status_matchers.h"

namespace polku::config {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ParseBytes, TakesWholeNumbersWithABinaryUnit) {
  EXPECT_THAT(ParseBytes("512B", 0, kMost), IsOkAndHolds(512));
  EXPECT_THAT(ParseBytes("64KiB", 0, kMost), IsOkAndHolds(65536));
  EXPECT_THAT(ParseBytes("4MiB", 0, kMost), IsOkAndHolds(4 << 20));
  EXPECT_THAT(ParseBytes("2GiB", 0, kMost), IsOkAndHolds(int64_t{2} << 30));
}

TEST(ParseBytes, RefusesBadUnitsAndRanges) {
  for (const char* text : {"", "4", "MiB", "4MB", "4mib", "4 MiB", "-4MiB", "1.5MiB", "0", "99999999999GiB"}) {
    EXPECT_THAT(ParseBytes(text, 0, kMost), StatusIs(kInvalid)) << text;
  }
  EXPECT_THAT(ParseBytes("1KiB", 1024, 2048), IsOk());
  EXPECT_THAT(ParseBytes("1023B", 1024, 2048), StatusIs(kInvalid, ::testing::HasSubstr("1KiB to 2KiB")));
  EXPECT_THAT(ParseBytes("2049B", 1024, 2048), StatusIs(kInvalid));
}

TEST(FormatBytes, UsesTheLargestUnitThatIsExact) {
  EXPECT_EQ(FormatBytes(0), "0B");
  EXPECT_EQ(FormatBytes(1500), "1500B");
  EXPECT_EQ(FormatBytes(1 << 20), "1MiB");
  EXPECT_EQ(FormatBytes((1 << 20) + 1024), "1025KiB");
}

TEST(ParseDuration, TakesNumbersWithAUnit) {
  const auto parse = [](absl::string_view text) {
    return ParseDuration(text, absl::ZeroDuration(), absl::InfiniteDuration());
  };
  EXPECT_THAT(parse("5s"), IsOkAndHolds(absl::Seconds(5)));
  EXPECT_THAT(parse("0s"), IsOkAndHolds(absl::ZeroDuration()));
  EXPECT_THAT(parse("1h30m"), IsOkAndHolds(absl::Minutes(90)));
  EXPECT_THAT(parse("250ms"), IsOkAndHolds(absl::Milliseconds(250)));
  for (const char* text : {"", "5", "0", "s", "5x", "inf", "+5s", "5s ", " 5s", "-1s"}) {
    EXPECT_THAT(parse(text), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseDuration, NamesItsRange) {
  EXPECT_THAT(ParseDuration("61s", absl::Seconds(1), absl::Minutes(1)),
              StatusIs(kInvalid, ::testing::HasSubstr("1s to 1m")));
}

TEST(ParseInteger, TakesDecimalsInRange) {
  EXPECT_THAT(ParseInteger("-3", -3, 3), IsOkAndHolds(-3));
  EXPECT_THAT(ParseInteger("3", -3, 3), IsOkAndHolds(3));
  for (const char* text : {"", "4", "-4", "+1", "1.0", "0x1", "1 ", " 1", "99999999999999999999"}) {
    EXPECT_THAT(ParseInteger(text, -3, 3), StatusIs(kInvalid)) << text;
  }
}

TEST(ParseBool, TakesTrueAndFalseOnly) {
  EXPECT_THAT(ParseBool("true"), IsOkAndHolds(true));
  EXPECT_THAT(ParseBool("false"), IsOkAndHolds(false));
  for (const char* text : {"", "yes", "1", "True"}) EXPECT_THAT(ParseBool(text), StatusIs(kInvalid)) << text;
}

}  // namespace
}  // namespace polku::config
