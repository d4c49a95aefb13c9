#include "libs/base/violation.h"

#include <gtest/gtest.h>

#include "libs/base/status_matchers.h"

namespace polku {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(InvalidField, NamesTheFieldInTheMessageAndAsAViolation) {
  const absl::Status status = InvalidField("referral.target_day", "must not be empty");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "referral.target_day: must not be empty"));
  EXPECT_THAT(ViolationsOf(status), ElementsAre(FieldViolation{"referral.target_day", "must not be empty"}));
}

TEST(AddViolation, KeepsAllInOrderAndOtherPayloadsToo) {
  absl::Status status = WithReason(InvalidField("a", "first"), "BAD_FORM");
  AddViolation(status, "b.c", "");
  AddViolation(status, "d", "third");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "a: first; b.c: ; d: third"));
  EXPECT_THAT(ViolationsOf(status),
              ElementsAre(FieldViolation{"a", "first"}, FieldViolation{"b.c", ""}, FieldViolation{"d", "third"}));
  EXPECT_EQ(ReasonOf(status), "BAD_FORM");
}

TEST(AddViolation, StartsFromOkSoThatALoopCanCollect) {
  absl::Status status;
  AddViolation(status, "a", "wrong");
  EXPECT_EQ(status, InvalidField("a", "wrong"));
}

TEST(UnderField, TellsWhereInALargerRequestTheFieldIs) {
  absl::Status row = WithReason(InvalidField("status", "required"), "BAD_ROW");
  AddViolation(row, "date", "required");
  const absl::Status status = UnderField(row, "marks[3]");
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInvalidArgument, "marks[3].status: required; marks[3].date: required"));
  EXPECT_THAT(ViolationsOf(status),
              ElementsAre(FieldViolation{"marks[3].status", "required"}, FieldViolation{"marks[3].date", "required"}));
  EXPECT_EQ(ReasonOf(status), "BAD_ROW");
}

TEST(UnderField, LeavesAMessageThatTellsMoreThanTheViolations) {
  absl::Status row = absl::FailedPreconditionError("closed");
  AddViolation(row, "a", "wrong");
  const absl::Status status = UnderField(row, "rows[0]");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "closed; a: wrong"));
  EXPECT_THAT(ViolationsOf(status), ElementsAre(FieldViolation{"rows[0].a", "wrong"}));
}

TEST(UnderField, LeavesAStatusWithoutViolationsAlone) {
  EXPECT_THAT(UnderField(absl::OkStatus(), "rows[0]"), IsOk());
  const absl::Status gone = WithReason(absl::NotFoundError("gone"), "GONE");
  EXPECT_EQ(UnderField(gone, "rows[0]"), gone);
}

TEST(AddViolation, KeepsTheCodeOfAnotherError) {
  absl::Status status = absl::FailedPreconditionError("closed");
  AddViolation(status, "a", "wrong");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "closed; a: wrong"));
  EXPECT_THAT(ViolationsOf(status), ElementsAre(FieldViolation{"a", "wrong"}));
}

// The parts of the payload are separated by NUL: one inside a text would shift all that follow.
TEST(AddViolation, DropsNulCharacters) {
  const absl::Status status = InvalidField(absl::string_view("a\0b", 3), absl::string_view("c\0", 2));
  EXPECT_THAT(ViolationsOf(status), ElementsAre(FieldViolation{"ab", "c"}));
}

TEST(ErrorDetails, AreAbsentFromAPlainStatus) {
  const absl::Status plain = absl::InternalError("x");
  EXPECT_THAT(ViolationsOf(plain), IsEmpty());
  EXPECT_EQ(ReasonOf(plain), "");
  EXPECT_EQ(RetryDelayOf(plain), std::nullopt);
  EXPECT_THAT(WithReason(absl::OkStatus(), "NONE"), IsOk());
  EXPECT_EQ(ReasonOf(WithReason(absl::OkStatus(), "NONE")), "");
}

TEST(WithRetryDelay, KeepsTheDelayToTheNanosecond) {
  const absl::Duration delay = absl::Seconds(2) + absl::Nanoseconds(3);
  EXPECT_EQ(RetryDelayOf(WithRetryDelay(absl::UnavailableError("x"), delay)), delay);
  EXPECT_EQ(RetryDelayOf(WithRetryDelay(absl::UnavailableError("x"), -delay)), absl::ZeroDuration());
}

}  // namespace
}  // namespace polku
