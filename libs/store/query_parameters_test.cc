#include "libs/store/query_parameters.h"

#include <gtest/gtest.h>

namespace polku::store {
namespace {

TEST(RewriteParameters, NumbersParametersOutsideOfTextAndComments) {
  EXPECT_EQ(RewriteParameters("SELECT $2, $10 WHERE a=$2"), "SELECT ?2, ?10 WHERE a=?2");
  EXPECT_EQ(RewriteParameters("'$1' \"$1\" -- $1\n$1 /* $1 */ $1"), "'$1' \"$1\" -- $1\n?1 /* $1 */ ?1");
  EXPECT_EQ(RewriteParameters("'it''s $1' || $1"), "'it''s $1' || ?1");
  EXPECT_EQ(RewriteParameters("'open $1"), "'open $1");
  EXPECT_EQ(RewriteParameters("a $ $x $"), "a $ $x $");
  EXPECT_EQ(RewriteParameters(""), "");
}

}  // namespace
}  // namespace polku::store
