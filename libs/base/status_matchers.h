// GoogleMock matchers for absl::Status and absl::StatusOr. For tests only.
//
//   EXPECT_THAT(store.Open(), IsOk());
//   EXPECT_THAT(ParseDay("2026-02-28"), IsOkAndHolds(absl::CivilDay(2026, 2, 28)));
//   EXPECT_THAT(ParseDay("x"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("YYYY")));
#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace polku {
namespace status_matchers_internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Matches the value of an absl::StatusOr; converts to a matcher of the StatusOr at hand.
template <class ValueMatcher>
class IsOkAndHoldsMatcher {
 public:
  explicit IsOkAndHoldsMatcher(ValueMatcher matcher) : matcher_(std::move(matcher)) {}

  template <class Result>
  operator ::testing::Matcher<Result>() const {  // NOLINT: gmock converts implicitly.
    return ::testing::Matcher<Result>(new Typed<Result>(matcher_));
  }

 private:
  template <class Result>
  class Typed : public ::testing::MatcherInterface<Result> {
   public:
    using Value = typename std::remove_cvref_t<Result>::value_type;

    explicit Typed(const ValueMatcher& matcher) : matcher_(::testing::SafeMatcherCast<const Value&>(matcher)) {}

    void DescribeTo(std::ostream* out) const override {
      *out << "is OK and holds a value that ";
      matcher_.DescribeTo(out);
    }
    void DescribeNegationTo(std::ostream* out) const override {
      *out << "is not OK or holds a value that ";
      matcher_.DescribeNegationTo(out);
    }
    bool MatchAndExplain(Result result, ::testing::MatchResultListener* listener) const override {
      if (!result.ok()) {
        *listener << "whose status is " << result.status().ToString();
        return false;
      }
      return matcher_.MatchAndExplain(*result, listener);
    }

   private:
    const ::testing::Matcher<const Value&> matcher_;
  };

  const ValueMatcher matcher_;
};

}  // namespace status_matchers_internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  if (!status.ok()) *result_listener << "whose status is " << status.ToString();
  return status.ok();
}

MATCHER_P2(StatusIs, code, message, "has a matching code and message") {
  const absl::Status& status = status_matchers_internal::StatusOf(arg);
  *result_listener << "whose status is " << status.ToString();
  return ::testing::Matches(::testing::SafeMatcherCast<absl::StatusCode>(code))(status.code()) &&
         ::testing::Matches(::testing::SafeMatcherCast<const std::string&>(message))(std::string(status.message()));
}

// Any message.
template <class Code>
auto StatusIs(Code code) {
  return StatusIs(std::move(code), ::testing::_);
}

// `matcher` is a value or a matcher of the StatusOr's value.
template <class ValueMatcher>
auto IsOkAndHolds(ValueMatcher&& matcher) {
  return status_matchers_internal::IsOkAndHoldsMatcher<std::decay_t<ValueMatcher>>(std::forward<ValueMatcher>(matcher));
}

}  // namespace polku
