// polkuctl report: numbers for the steering group, as a table, CSV, JSON or a chart.
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "tools/polkuctl/report_chart.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using polku::coordinator_network::v1::CoordinatorNetworkService;
using polku::coordinator_network::v1::TimeUseStatisticsRequest;
using polku::coordinator_network::v1::TimeUseSum;
using polku::follow_up::v1::FollowUpService;
using polku::follow_up::v1::GetSteeringReportRequest;
using polku::follow_up::v1::SteeringReport;

struct Wishes {
  std::string first;
  std::string last;
  std::string group_by;
  std::string chart;
  bool csv = false;
  // What a coordinator has for clients in a month: 116 hours, what is left of 150 after meetings, travel and training.
  int coordinator_minutes = 7000;
};

// What coordinators wrote down of their time, in those months.
struct TimeUse {
  std::map<std::string, int64_t> minutes;  // By activity.
  std::set<std::string> coordinators;
  int months = 0;
};

google::type::Date DayOption(const std::string& text, const std::string& option) {
  return pipeline::ToProtoDay(Parsed(ParseDay(text), option));
}

absl::StatusOr<TimeUse> ReadTimeUse(const Wishes& wishes, Session& session) {
  TimeUseStatisticsRequest request;
  request.set_from_month(wishes.first.substr(0, 7));
  request.set_to_month(wishes.last.substr(0, 7));
  request.set_page_size(200);
  const auto stub = session.Connect<CoordinatorNetworkService>();
  TimeUse used;
  const absl::CivilMonth first(*ParseDay(wishes.first));
  const absl::CivilMonth last(*ParseDay(wishes.last));
  used.months = static_cast<int>(last - first) + 1;
  do {
    ASSIGN_OR_RETURN(const auto page,
                     session.Call(&CoordinatorNetworkService::Stub::TimeUseStatistics, *stub, request));
    for (const TimeUseSum& sum : page.sums()) {
      used.minutes[sum.activity()] += sum.minutes();
      used.coordinators.insert(sum.coordinator());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return used;
}

// Work that was done, spread over those who did it; how many it takes when each has so many minutes a month.
void TellTimeUse(const TimeUse& used, const SteeringReport& report, const Wishes& wishes, Session& session) {
  int64_t all = 0;
  for (const auto& [activity, minutes] : used.minutes) {
    session.out << absl::StrFormat("  %-24s %d min\n", activity, minutes);
    all += minutes;
  }
  if (all == 0) {
    session.out << "  nothing was written down\n";
    return;
  }
  const double a_month = static_cast<double>(all) / used.months;
  session.out << absl::StrFormat("  %-24s %d\n", "coordinators", used.coordinators.size());
  if (report.rows_size() > 0 && report.rows(0).opened() > 0) {
    session.out << absl::StrFormat("  %-24s %.0f\n", "minutes_per_journey",
                                   static_cast<double>(all) / report.rows(0).opened());
  }
  session.out << absl::StrFormat("  %-24s %.1f (with %d min a month each)\n", "staffing_estimate",
                                 a_month / wishes.coordinator_minutes, wishes.coordinator_minutes);
}

void Report(const Wishes& wishes, Session& session) {
  GetSteeringReportRequest request;
  *request.mutable_first_day() = DayOption(wishes.first, "--first");
  *request.mutable_last_day() = DayOption(wishes.last, "--last");
  polku::follow_up::v1::ReportGroup group = polku::follow_up::v1::REPORT_GROUP_UNSPECIFIED;
  if (!wishes.group_by.empty()) {
    polku::follow_up::v1::ReportGroup_Parse(absl::StrCat("REPORT_GROUP_", absl::AsciiStrToUpper(wishes.group_by)),
                                            &group);
  }
  request.set_group_by(group);
  const auto stub = session.Connect<FollowUpService>();
  const auto report = session.Call(&FollowUpService::Stub::GetSteeringReport, *stub, request);
  if (!report.ok()) return session.Fail(report.status());
  if (!wishes.chart.empty()) {
    std::ofstream file(wishes.chart);
    file << ReportSvg(*report, absl::StrCat("Journeys opened from ", wishes.first, " to ", wishes.last));
    if (!file.flush()) throw CLI::ValidationError("--chart", "cannot be written");
    session.err << "chart: " << wishes.chart << "\n";
  }
  if (session.json) {
    session.out << Json(*report) << "\n";
  } else if (wishes.csv) {
    session.out << ReportCsv(*report);
  } else {
    session.out << ReportTable(*report);
    const auto used = ReadTimeUse(wishes, session);
    if (!used.ok()) return session.Fail(used.status());
    session.out << "time use\n";
    TellTimeUse(*used, *report, wishes, session);
  }
}

}  // namespace

void AddReportCommands(CLI::App& app, Session& session) {
  auto wishes = std::make_shared<Wishes>();
  CLI::App* report = AddCommand(app, "report", "Numbers for the steering group; those of fewer than 5 are left out.",
                                "--role lead report --first 2026-01-01 --last 2026-12-31 --group-by pathway");
  report->add_option("--first", wishes->first, "journeys opened from this day on")->required()->type_name("DAY");
  report->add_option("--last", wishes->last, "to this one")->required()->type_name("DAY");
  report->add_option("--group-by", wishes->group_by, "what the rows are of; without it all are one")
      ->check(CLI::IsMember({"pathway", "municipality", "segment"}));
  report->add_flag("--csv", wishes->csv, "for a spreadsheet");
  report->add_option("--chart", wishes->chart, "writes a chart (SVG), too")->type_name("FILE");
  report->add_option("--coordinator-minutes", wishes->coordinator_minutes, "what a coordinator has for clients a month")
      ->check(CLI::Range(1, 20000));
  report->callback([wishes, &session] { Report(*wishes, session); });
}

}  // namespace polku::polkuctl
