#include "libs/rpc/pager.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"

namespace polku::rpc {
namespace {

class PagerTest : public ::testing::Test {
 protected:
  void ExpectRefused(const absl::StatusOr<Pager::Cursor>& cursor) {
    ASSERT_THAT(cursor, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ViolationsOf(cursor.status()).at(0).field, "page_token");
  }

  const Pager pager_{std::string(32, 'k')};
  const store::Row row_ = {store::Value(), int64_t{-5}, std::string("clients/C"), store::Blob{std::string("\0b", 2)}};
};

TEST_F(PagerTest, GivesBackTheKeyThatItSealed) {
  const absl::StatusOr<Pager::Cursor> cursor = pager_.Open("list", pager_.Seal("list", row_), 10);
  ASSERT_THAT(cursor, IsOk());
  EXPECT_EQ(cursor->after, row_);
  EXPECT_EQ(cursor->limit, 10);
}

TEST_F(PagerTest, StartsAtTheBeginningWithoutAToken) {
  const absl::StatusOr<Pager::Cursor> cursor = pager_.Open("list", "", 0);
  ASSERT_THAT(cursor, IsOk());
  EXPECT_TRUE(cursor->after.empty());
}

TEST_F(PagerTest, BoundsThePageSize) {
  EXPECT_EQ(pager_.Open("list", "", 0)->limit, 50);
  EXPECT_EQ(pager_.Open("list", "", 200)->limit, 200);
  EXPECT_EQ(pager_.Open("list", "", 201)->limit, 200);
  EXPECT_EQ(pager_.Open("list", "", 0, 5, 9)->limit, 5);
  EXPECT_EQ(pager_.Open("list", "", 10, 5, 9)->limit, 9);
  const auto negative = pager_.Open("list", "", -1);
  ASSERT_THAT(negative, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ViolationsOf(negative.status()).at(0).field, "page_size");
}

TEST_F(PagerTest, RefusesATokenOfAnotherQueryOrDatabase) {
  const std::string token = pager_.Seal("list phase=1", row_);
  ExpectRefused(pager_.Open("list phase=2", token, 0));
  ExpectRefused(Pager(std::string(32, 'x')).Open("list phase=1", token, 0));
}

TEST_F(PagerTest, RefusesATokenWithAnyCharacterChanged) {
  const std::string token = pager_.Seal("list", row_);
  for (size_t i = 0; i + 1 < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    ExpectRefused(pager_.Open("list", changed, 0));
  }
  ExpectRefused(pager_.Open("list", token.substr(0, token.size() - 4), 0));
}

TEST_F(PagerTest, RefusesWhatWasNeverAToken) {
  for (const std::string& text :
       {std::string("x"), std::string("!!!!"), std::string(100000, 'A'), std::string(64, 'A')}) {
    ExpectRefused(pager_.Open("list", text, 0));
  }
}

TEST_F(PagerTest, HidesTheKeyAndCanStandInAUrl) {
  const std::string token = pager_.Seal("list", row_);
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos);
  EXPECT_EQ(token, pager_.Seal("list", row_));
  EXPECT_NE(token.substr(0, 32), pager_.Seal("list", {int64_t{1}}).substr(0, 32));
}

}  // namespace
}  // namespace polku::rpc
