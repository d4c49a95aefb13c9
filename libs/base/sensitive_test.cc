#include "libs/base/sensitive.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "libs/base/hetu.h"
#include "libs/base/log.h"

namespace polku {
namespace {

using Secret = Sensitive<std::string>;

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Concatenable = requires(const T& value) {
  absl::StrCat(value);
};
template <class T>
concept Hashable = requires(const T& value) {
  absl::Hash<T>{}(value);
};
template <class T>
concept Loggable = requires(const T& value) {
  LogField("name", value);
};

// The promise is kept by the compiler; each concept is shown to hold for a plain string first.
static_assert(Streamable<std::string> && !Streamable<Secret> && !Streamable<Sensitive<int>> && !Streamable<Hetu>);
static_assert(fmt::is_formattable<std::string>::value && !fmt::is_formattable<Secret>::value &&
              !fmt::is_formattable<Sensitive<int>>::value && !fmt::is_formattable<Hetu>::value);
static_assert(Concatenable<std::string> && !Concatenable<Secret> && !Concatenable<Hetu>);
static_assert(Hashable<std::string> && !Hashable<Secret>);
static_assert(Loggable<std::string> && Loggable<int> && Loggable<bool> && !Loggable<Secret> &&
              !Loggable<Sensitive<int>> && !Loggable<Hetu>);
static_assert(!std::is_convertible_v<Secret, std::string> && !std::is_convertible_v<std::string, Secret>);

TEST(Sensitive, GivesItsValueOnlyWhenRevealed) {
  const Secret secret("abc");
  EXPECT_EQ(secret.Reveal(), "abc");
  EXPECT_EQ(Secret("moved").Reveal(), "moved");
}

TEST(Sensitive, ComparesByValue) {
  EXPECT_TRUE(Secret("a") == Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
}

TEST(Sensitive, IsNotShownByAFailingExpectation) { EXPECT_EQ(::testing::PrintToString(Secret("abc")), "<sensitive>"); }

}  // namespace
}  // namespace polku
