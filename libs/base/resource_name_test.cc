#include "libs/base/resource_name.h"

#include <gmock/gmock.h>

#include <string>

namespace polku {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr char kClient[] = "clients/0190d3a1-7c00-7000-8000-000000000001";

TEST(ClientOf, FindsTheClientInItsOwnNameAndInThatOfAPart) {
  EXPECT_THAT(ClientOf(kClient), Optional(Eq(kClient)));
  EXPECT_THAT(ClientOf(std::string(kClient) + "/measures/3"), Optional(Eq(kClient)));
}

TEST(ClientOf, IsNoneWithoutAClientsUuid) {
  EXPECT_EQ(ClientOf(""), std::nullopt);
  EXPECT_EQ(ClientOf("clients/"), std::nullopt);
  EXPECT_EQ(ClientOf("clients/7"), std::nullopt);
  EXPECT_EQ(ClientOf(std::string(kClient) + "0"), std::nullopt);
  EXPECT_EQ(ClientOf("clients/0190D3A1-7C00-7000-8000-000000000001"), std::nullopt);
  EXPECT_EQ(ClientOf("sources/0190d3a1-7c00-7000-8000-000000000001"), std::nullopt);
}

TEST(IsResourceName, ComparesSegmentBySegment) {
  EXPECT_TRUE(IsResourceName("sources/kao-1", "sources/*"));
  EXPECT_TRUE(IsResourceName(std::string(kClient) + "/measures/12", "clients/*/measures/*"));
  EXPECT_FALSE(IsResourceName("sources/kao", "organisations/*"));
  EXPECT_FALSE(IsResourceName("sources/kao/feeds/1", "sources/*"));
  EXPECT_FALSE(IsResourceName("sources", "sources/*"));
  EXPECT_FALSE(IsResourceName("sources/kao/", "sources/*"));
  EXPECT_FALSE(IsResourceName("", "sources/*"));
}

TEST(IsResourceName, TakesOneTo63LowerCaseLettersDigitsAndDashesForAStar) {
  EXPECT_TRUE(IsResourceName("sources/" + std::string(63, 'a'), "sources/*"));
  EXPECT_FALSE(IsResourceName("sources/" + std::string(64, 'a'), "sources/*"));
  EXPECT_FALSE(IsResourceName("sources/", "sources/*"));
  EXPECT_FALSE(IsResourceName("sources/Kao", "sources/*"));
  EXPECT_FALSE(IsResourceName("sources/k_o", "sources/*"));
  EXPECT_FALSE(IsResourceName(std::string("sources/k\0o", 11), "sources/*"));
}

TEST(LastSegment, IsWhatStandsBehindTheLastSlash) {
  EXPECT_EQ(LastSegment("clients/C/measures/3"), "3");
  EXPECT_EQ(LastSegment("alone"), "alone");
}

}  // namespace
}  // namespace polku
