// Tests of status_macros.h and status_matchers.h.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"

namespace polku {
namespace {

using ::testing::_;
using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;

absl::Status Lost() { return absl::NotFoundError("client 7"); }

absl::Status PassesUp(const absl::Status& status, bool& went_on) {
  RETURN_IF_ERROR(status);
  went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<int> Sum(const absl::StatusOr<int>& a, const absl::StatusOr<int>& b) {
  ASSIGN_OR_RETURN(int sum, a);
  ASSIGN_OR_RETURN(const int other, b);
  sum += other;
  RETURN_IF_ERROR(absl::OkStatus());
  return sum;
}

TEST(ReturnIfError, LeavesWithTheErrorOnly) {
  bool went_on = false;
  EXPECT_EQ(PassesUp(Lost(), went_on), Lost());
  EXPECT_FALSE(went_on);
  EXPECT_THAT(PassesUp(absl::OkStatus(), went_on), IsOk());
  EXPECT_TRUE(went_on);
}

TEST(AssignOrReturn, GivesTheValueOrLeavesWithTheError) {
  EXPECT_THAT(Sum(1, 2), IsOkAndHolds(3));
  EXPECT_THAT(Sum(Lost(), 2), StatusIs(absl::StatusCode::kNotFound, "client 7"));
  EXPECT_THAT(Sum(1, Lost()), StatusIs(absl::StatusCode::kNotFound));
}

TEST(AssignOrReturn, TakesValuesThatOnlyMoveAndExpressionsWithCommas) {
  const auto make = [](int a, int b) -> absl::StatusOr<std::unique_ptr<int>> { return std::make_unique<int>(a + b); };
  const auto pass = [&]() -> absl::StatusOr<std::unique_ptr<int>> {
    ASSIGN_OR_RETURN(std::unique_ptr<int> value, make(1, 2));
    return value;
  };
  EXPECT_THAT(pass(), IsOkAndHolds(Pointee(3)));
}

TEST(PolkuCheckDeathTest, PrintsPlaceAndConditionThenAborts) {
  const int count = 2;
  POLKU_CHECK(count == 2);
  EXPECT_EXIT(POLKU_CHECK(count == 3), ::testing::KilledBySignal(SIGABRT), "status_test.cc:.*check failed: count == 3");
}

TEST(StatusMatchers, TellStatusesApart) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(Lost(), Not(IsOk()));
  EXPECT_THAT(absl::StatusOr<int>(Lost()), Not(IsOk()));
  EXPECT_THAT(Lost(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("7")));
  EXPECT_THAT(Lost(), StatusIs(AnyOf(absl::StatusCode::kNotFound, absl::StatusCode::kAborted)));
  EXPECT_THAT(Lost(), Not(StatusIs(absl::StatusCode::kNotFound, "client 8")));
  EXPECT_THAT(Lost(), Not(StatusIs(absl::StatusCode::kAborted, _)));
}

TEST(StatusMatchers, LookAtTheHeldValue) {
  EXPECT_THAT(absl::StatusOr<int>(3), IsOkAndHolds(3));
  EXPECT_THAT(absl::StatusOr<int>(3), Not(IsOkAndHolds(4)));
  EXPECT_THAT(absl::StatusOr<int>(Lost()), Not(IsOkAndHolds(_)));
  EXPECT_THAT(absl::StatusOr<std::string>("abc"), IsOkAndHolds("abc"));
  const absl::StatusOr<std::string> named("abc");
  EXPECT_THAT(named, IsOkAndHolds(Eq("abc")));
}

}  // namespace
}  // namespace polku
