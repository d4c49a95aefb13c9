#include "services/follow-up/api/steering_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace polku::follow_up {
namespace {

using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);
absl::Time DaysAgo(double days) { return kNow - days * absl::Hours(24); }

std::vector<ReportedJourney> Journeys(const std::string& group, int count) {
  return std::vector<ReportedJourney>(static_cast<size_t>(count), ReportedJourney{group, DaysAgo(100)});
}

TEST(SteeringReport, CountsStagesAndHowLongTheyTook) {
  std::vector<ReportedJourney> journeys = Journeys("a", 20);
  for (int i = 0; i < 15; ++i) journeys[static_cast<size_t>(i)].assessed = DaysAgo(100 - (i + 1));
  for (int i = 0; i < 10; ++i) journeys[static_cast<size_t>(i)].planned = DaysAgo(40);
  for (int i = 0; i < 5; ++i) journeys[static_cast<size_t>(i)].started = DaysAgo(30);
  const auto rows = SteeringRows(journeys, {}, false, kNow);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].opened(), 20);
  EXPECT_EQ(rows[0].assessed(), 15);
  EXPECT_EQ(rows[0].planned(), 10);
  EXPECT_EQ(rows[0].started(), 5);
  EXPECT_EQ(rows[0].to_assessed().median_days(), 8);
  EXPECT_EQ(rows[0].to_assessed().p90_days(), 14);
  EXPECT_EQ(rows[0].to_started().median_days(), 10);
  EXPECT_EQ(rows[0].waiting().count(), 5);
  EXPECT_EQ(rows[0].waiting().median_days(), 40);
}

TEST(SteeringReport, LeavesOutFewAndWhatIsLeftOfAll) {
  std::vector<ReportedJourney> journeys = Journeys("a", 20);
  for (int i = 0; i < 17; ++i) journeys[static_cast<size_t>(i)].assessed = DaysAgo(50);
  for (int i = 0; i < 4; ++i) journeys[static_cast<size_t>(i)].closing = v1::CLOSE_REASON_MOVED;
  const auto rows = SteeringRows(journeys, {}, false, kNow);
  EXPECT_FALSE(rows[0].has_assessed());  // Three were not.
  ASSERT_THAT(rows[0].closings(), SizeIs(1));
  EXPECT_FALSE(rows[0].closings(0).has_count());
  EXPECT_FALSE(SteeringRows(Journeys("a", 4), {}, false, kNow)[0].has_opened());
}

TEST(SteeringReport, HidesASecondGroupWhereOneAloneWouldFollow) {
  std::vector<ReportedJourney> journeys = Journeys("a", 3);
  for (const auto& each : Journeys("b", 8)) journeys.push_back(each);
  for (const auto& each : Journeys("c", 30)) journeys.push_back(each);
  const auto rows = SteeringRows(journeys, {}, true, kNow);
  ASSERT_THAT(rows, SizeIs(4));
  EXPECT_EQ(rows[0].opened(), 41);
  EXPECT_FALSE(rows[1].has_opened());
  EXPECT_FALSE(rows[2].has_opened());
  EXPECT_EQ(rows[2].group(), "b");
  EXPECT_EQ(rows[3].opened(), 30);
}

TEST(SteeringReport, HidesASecondFigureWhereOneGroupsAloneWouldFollow) {
  std::vector<ReportedJourney> journeys = Journeys("a", 20);
  for (const auto& each : Journeys("b", 20)) journeys.push_back(each);
  for (const auto& each : Journeys("c", 40)) journeys.push_back(each);
  // Assessed: 3 of a, 10 of b, 20 of c.
  for (size_t i = 0; i < 3; ++i) journeys[i].assessed = DaysAgo(50);
  for (size_t i = 20; i < 30; ++i) journeys[i].assessed = DaysAgo(50);
  for (size_t i = 40; i < 60; ++i) journeys[i].assessed = DaysAgo(50);
  // Moved: 2 of a and 1 of b; the others list no such reason.
  for (const size_t i : {0, 1, 20}) journeys[i].closing = v1::CLOSE_REASON_MOVED;
  // Completed: 6 of c alone, whom nobody is left out for.
  for (size_t i = 40; i < 46; ++i) journeys[i].closing = v1::CLOSE_REASON_GOAL_REACHED;
  const auto rows = SteeringRows(journeys, {}, true, kNow);
  EXPECT_EQ(rows[0].assessed(), 33);
  EXPECT_FALSE(rows[1].has_assessed());
  EXPECT_FALSE(rows[2].has_assessed()) << "33 - 10 - 20 would be those of a";
  EXPECT_FALSE(rows[2].to_assessed().has_count());
  EXPECT_EQ(rows[3].assessed(), 20);
  for (const auto& row : rows) EXPECT_TRUE(row.has_opened());
  for (const auto& closing : rows[0].closings()) {
    EXPECT_EQ(closing.has_count(), closing.reason() == v1::CLOSE_REASON_GOAL_REACHED);
  }
  ASSERT_THAT(rows[3].closings(), SizeIs(1));
  EXPECT_EQ(rows[3].closings(0).count(), 6);
}

TEST(SteeringReport, HidesWhatIsLeftOfTheWholeOfThoseThatAreLeftOut) {
  std::vector<ReportedJourney> journeys = Journeys("a", 20);
  for (const auto& each : Journeys("b", 20)) journeys.push_back(each);
  for (const auto& each : Journeys("c", 60)) journeys.push_back(each);
  // Assessed: all but one of a, all but one of b, 40 of c.
  for (size_t i = 0; i < 80; ++i) {
    if (i != 0 && i != 20) journeys[i].assessed = DaysAgo(50);
  }
  const auto rows = SteeringRows(journeys, {}, true, kNow);
  for (size_t i = 1; i < 4; ++i) EXPECT_FALSE(rows[i].has_assessed()) << "two of 40 were not";
  EXPECT_EQ(rows[0].assessed(), 78);
}

TEST(SteeringReport, HidesTheFirstRowsFigureWhereNoOtherGroupHasAny) {
  std::vector<ReportedJourney> journeys = Journeys("a", 8);
  for (const auto& each : Journeys("b", 32)) journeys.push_back(each);
  for (size_t i = 0; i < 6; ++i) journeys[i].assessed = DaysAgo(50);  // Two of a were not.
  for (size_t i = 0; i < 6; ++i) journeys[i].closing = v1::CLOSE_REASON_GOAL_REACHED;
  const auto rows = SteeringRows(journeys, {}, true, kNow);
  EXPECT_FALSE(rows[1].has_assessed());
  EXPECT_FALSE(rows[2].has_assessed()) << "none: all six are of a";
  ASSERT_THAT(rows[0].closings(), SizeIs(1));
  EXPECT_FALSE(rows[0].closings(0).has_count());
}

// Two that are left out together are of few as long as they are fewer than that.
TEST(SteeringReport, HidesMoreGroupsWhileThoseTogetherAreFew) {
  std::vector<ReportedJourney> journeys = Journeys("a", 1);
  for (const auto& each : Journeys("b", 2)) journeys.push_back(each);
  for (const auto& each : Journeys("c", 8)) journeys.push_back(each);
  for (const auto& each : Journeys("d", 30)) journeys.push_back(each);
  const auto rows = SteeringRows(journeys, {}, true, kNow);
  EXPECT_EQ(rows[0].opened(), 41);
  EXPECT_FALSE(rows[3].has_opened()) << "41 - 8 - 30 would be three";
  EXPECT_EQ(rows[4].opened(), 30);
}

TEST(SteeringReport, DoesNotTellByHowManyADurationIs) {
  std::vector<ReportedJourney> journeys = Journeys("a", 20);
  for (size_t i = 0; i < 17; ++i) journeys[i].assessed = DaysAgo(50);
  const auto rows = SteeringRows(journeys, {}, false, kNow);
  EXPECT_FALSE(rows[0].to_assessed().has_count());  // Three were not.
  EXPECT_EQ(rows[0].to_assessed().median_days(), 50);
}

TEST(SteeringReport, CountsReturnsOnlyOfOutreachesThatAreOldEnough) {
  std::vector<ReportedOutreach> outreaches;
  for (int i = 0; i < 10; ++i) outreaches.push_back({"", DaysAgo(100), DaysAgo(100 - (i < 5 ? 15 : 20))});
  for (int i = 0; i < 6; ++i) outreaches.push_back({"", DaysAgo(20), absl::InfiniteFuture()});
  const auto rows = SteeringRows(Journeys("", 20), outreaches, false, kNow);
  ASSERT_THAT(rows[0].returns(), SizeIs(3));
  EXPECT_EQ(rows[0].returns(0).outreaches(), 16);
  EXPECT_EQ(rows[0].returns(0).returned(), 5);
  EXPECT_EQ(rows[0].returns(1).outreaches(), 10);
  EXPECT_EQ(rows[0].returns(1).returned(), 10);
  EXPECT_EQ(rows[0].returns(2).outreaches(), 10);
}

}  // namespace
}  // namespace polku::follow_up
