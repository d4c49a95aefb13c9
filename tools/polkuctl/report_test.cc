// What the steering group is shown, and what it is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/polkuctl/report_chart.h"

namespace polku::polkuctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

polku::follow_up::v1::SteeringReport Report() {
  polku::follow_up::v1::SteeringReport report;
  report.set_suppressed_below(5);
  auto& all = *report.add_rows();
  all.set_opened(40);
  all.set_assessed(30);
  all.mutable_to_assessed()->set_median_days(12.5);
  auto& returns = *all.add_returns();
  returns.set_within_days(30);
  returns.set_outreaches(20);
  returns.set_returned(11);
  auto& closing = *all.add_closings();
  closing.set_reason(polku::follow_up::v1::CLOSE_REASON_WORK_OR_STUDY);
  closing.set_count(7);
  report.add_rows()->set_group("kainuu<unemployed");
  return report;
}

TEST(ReportText, LeavesWhatIsNotToldEmptyInCsv) {
  const std::string csv = ReportCsv(Report());
  EXPECT_THAT(csv, StartsWith("group,opened,assessed,planned,started,to_assessed_median_days,"));
  EXPECT_THAT(csv, HasSubstr("\nall,40,30,,,12.5,"));
  EXPECT_THAT(csv, HasSubstr("\nkainuu<unemployed,,,,"));
}

TEST(ReportText, SaysToPeopleThatThereAreTooFew) {
  const std::string table = ReportTable(Report());
  EXPECT_THAT(table, HasSubstr("  opened                   40\n"));
  EXPECT_THAT(table, HasSubstr("  planned                  too few (<5)\n"));
  EXPECT_THAT(table, HasSubstr("  returned_30              11\n"));
  EXPECT_THAT(table, HasSubstr("  closed_work_or_study     7\n"));
  EXPECT_THAT(table, Not(HasSubstr("closed_died")));
}

TEST(ReportText, DrawsABarForEachStageAndEscapesNames) {
  const std::string svg = ReportSvg(Report(), "A & B");
  EXPECT_THAT(svg, HasSubstr("A &amp; B"));
  EXPECT_THAT(svg, HasSubstr("kainuu&lt;unemployed"));
  EXPECT_THAT(svg, HasSubstr("width=\"480\""));  // 30 of 40, of 640 pixels.
  EXPECT_THAT(svg, HasSubstr("too few to tell"));
}

}  // namespace
}  // namespace polku::polkuctl
