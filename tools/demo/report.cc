#include "tools/demo/report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "tools/polkuctl/report_chart.h"

namespace polku::demo {
namespace {

using coordinator_network::v1::Task;

constexpr size_t kProblemsShown = 20;
constexpr size_t kTasksShown = 15;

std::string RuleName(int rule) {
  static const std::map<int, std::string> names = {
      {follow_up::v1::RULE_ENDED_EARLY, "R1 ended early"},
      {follow_up::v1::RULE_MISSED_ATTENDANCE, "R2 missed attendance"},
      {follow_up::v1::RULE_NO_NEXT_MEASURE, "R3 no next measure"},
      {follow_up::v1::RULE_MISSED_TRANSITION, "R4 missed transition"},
      {follow_up::v1::RULE_NO_CONTACT, "R5 no contact"},
      {follow_up::v1::RULE_PAUSE_OVERRUN, "R6 pause overrun"},
      {follow_up::v1::RULE_OVERDUE_ASSESSMENT, "R7 overdue assessment"},
      {follow_up::v1::RULE_STATUTORY_POINT, "R8 statutory point near"},
      {follow_up::v1::RULE_NOT_STARTED, "R10 not started"},
      {follow_up::v1::RULE_PLAN_OVERRUN, "R11 plan overrun"},
      {follow_up::v1::RULE_CHANGED_CIRCUMSTANCE, "R12 changed circumstance"}};
  const auto found = names.find(rule);
  return found == names.end() ? absl::StrCat("rule ", rule) : found->second;
}

// "missed attendance" for TASK_KIND_..., as people say it.
std::string KindName(const Task& task) {
  const std::string name = coordinator_network::v1::TaskKind_Name(task.kind());
  return absl::StrReplaceAll(absl::AsciiStrToLower(name.substr(std::string("TASK_KIND_").size())), {{"_", " "}});
}

std::string SegmentName(common::v1::Segment segment) {
  const std::string name = common::v1::Segment_Name(segment);
  return absl::StrReplaceAll(absl::AsciiStrToLower(name.substr(std::string("SEGMENT_").size())), {{"_", " "}});
}

std::string LocalText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", pipeline::FromProto(time), Helsinki());
}

std::string TextOf(const Break& each, const std::vector<Client>& script) {
  const std::string fate = each.client > 0 ? script[static_cast<size_t>(each.client - 1)].fate : "unknown";
  return absl::StrCat("client ", each.client, " (", fate, "): ", RuleName(each.rule),
                      each.measure > 0 ? absl::StrCat(", measure ", each.measure) : "", ", counted from ",
                      FormatDay(each.counted_from), each.retracted ? ", retracted" : "");
}

void PrintList(const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  std::printf("\n%s (%zu):\n", title, lines.size());
  for (size_t i = 0; i < std::min(lines.size(), kProblemsShown); ++i) std::printf("  %s\n", lines[i].c_str());
  if (lines.size() > kProblemsShown) std::printf("  and %zu more\n", lines.size() - kProblemsShown);
}

std::vector<std::string> TextsOf(const std::vector<Break>& breaks, const std::vector<Client>& script) {
  std::vector<std::string> lines;
  for (const Break& each : breaks) lines.push_back(TextOf(each, script));
  return lines;
}

}  // namespace

void PrintTimeline(const std::vector<Client>& script, const Office& office, Caller& caller) {
  const auto shown = std::find_if(script.begin(), script.end(), [](const Client& client) {
    return client.fate == "stopped early, then another measure";
  });
  if (shown == script.end()) return;
  follow_up::v1::GetJourneyRequest request;
  request.set_client(office.NameOf(shown->number));
  follow_up::v1::Journey journey;
  caller.Call(&FollowUps::GetJourney, kCoordinator, "get journey", std::move(request),
              [&](const follow_up::v1::Journey& reply) { journey = reply; });
  caller.WaitForAll();
  std::printf("\nOne client's journey, %s\n", journey.client().c_str());
  for (const auto& entry : journey.timeline()) {
    std::printf("  %s  %s\n  %16s  %s\n", LocalText(entry.time()).c_str(), entry.what().en().c_str(), "",
                entry.what().fi().c_str());
  }
}

void PrintWorklist(const Office& office) {
  const auto outreach = [](const std::vector<Task>& tasks) {
    return std::count_if(tasks.begin(), tasks.end(),
                         [](const Task& task) { return task.kind() == coordinator_network::v1::TASK_KIND_OUTREACH; });
  };
  const std::pair<const std::string, std::vector<Task>>* busiest = nullptr;
  for (const auto& list : office.worklists()) {
    if (list.first == "coordinators/lead") continue;
    if (busiest == nullptr || outreach(list.second) > outreach(busiest->second)) busiest = &list;
  }
  if (busiest == nullptr) return;
  std::printf("\nWorklist of %s: %zu open tasks, earliest due first\n", busiest->first.c_str(), busiest->second.size());
  std::printf("  %-16s  %-18s  %-21s  %8s  %s\n", "due", "task", "rule", "attempts", "about");
  for (size_t i = 0; i < std::min(busiest->second.size(), kTasksShown); ++i) {
    const Task& task = busiest->second[i];
    std::printf("  %-16s  %-18s  %-21s  %8d  %s\n", LocalText(task.due_time()).c_str(), KindName(task).c_str(),
                task.rule() == 0 ? "" : RuleName(task.rule()).c_str(), task.attempts(), task.subject().c_str());
  }
}

void PrintCounts(const Office& office, const Comparison& comparison) {
  std::map<int, std::pair<int, int>> rows;
  for (const auto& [rule, count] : comparison.expected) rows[rule].first = count;
  for (const auto& [rule, count] : comparison.found) rows[rule].second = count;
  std::printf("\nInterruptions by rule\n  %-22s  %8s  %8s\n", "rule", "expected", "found");
  for (const auto& [rule, counts] : rows) {
    std::printf("  %-22s  %8d  %8d\n", RuleName(rule).c_str(), counts.first, counts.second);
  }
  std::printf("  %-22s  %8d  %8d\n", "all", comparison.all_expected, comparison.all_found);
  std::printf("\n%d attendance marks; %d findings retracted after corrected marks; %d coordinators\n", office.marks(),
              comparison.all_retracted, kCoordinators);
}

void PrintCourses(const std::vector<Course>& courses, const std::vector<Client>& script, const Found& found) {
  struct Row {
    int clients = 0;
    int expected = 0;
    int found = 0;
    std::set<int> rules;
  };
  std::map<const Course*, Row> rows;
  for (const Client& client : script) {
    Row& row = rows[client.course];
    ++row.clients;
    for (const Break& each : client.breaks) row.expected += each.retracted ? 0 : 1;
  }
  for (const Break& each : found.breaks) {
    if (each.client == 0 || each.retracted) continue;
    Row& row = rows[script[static_cast<size_t>(each.client - 1)].course];
    ++row.found;
    row.rules.insert(each.rule);
  }
  std::printf("\nInterruptions by pathway and segment\n  %-20s  %-17s  %8s  %8s  %8s  %s\n", "pathway", "segment",
              "clients", "expected", "found", "by rules");
  for (const Course& course : courses) {
    const Row& row = rows[&course];
    std::printf("  %-20s  %-17s  %8d  %8d  %8d  %s\n", course.pathway.c_str(), SegmentName(course.segment).c_str(),
                row.clients, row.expected, row.found, absl::StrCat("R", absl::StrJoin(row.rules, " R")).c_str());
  }
}

bool PrintSteeringReport(const Frame& frame, const std::string& chart, Caller& caller) {
  bool charted = false;
  for (const auto group : {follow_up::v1::REPORT_GROUP_SEGMENT, follow_up::v1::REPORT_GROUP_PATHWAY}) {
    const bool by_pathway = group == follow_up::v1::REPORT_GROUP_PATHWAY;
    follow_up::v1::GetSteeringReportRequest request;
    *request.mutable_first_day() = pipeline::ToProtoDay(frame.winter);
    *request.mutable_last_day() = pipeline::ToProtoDay(frame.last);
    request.set_group_by(group);
    follow_up::v1::SteeringReport report;
    caller.Call(&FollowUps::GetSteeringReport, kLead, "get steering report", std::move(request),
                [&](const follow_up::v1::SteeringReport& reply) { report = reply; });
    caller.WaitForAll();
    std::printf("\nFor the steering group, by %s (polkuctl report --csv; empty: too few to tell)\n%s",
                by_pathway ? "pathway" : "segment", polkuctl::ReportCsv(report).c_str());
    if (!by_pathway) continue;
    std::ofstream file(chart);
    file << polkuctl::ReportSvg(
        report, absl::StrCat("Journeys opened from ", FormatDay(frame.winter), " to ", FormatDay(frame.last)));
    std::printf("chart: %s\n", chart.c_str());
    charted = file.flush().good();
  }
  return charted;
}

void PrintProblems(const std::vector<Client>& script, const Found& found, const Comparison& comparison,
                   const Office& office, const std::vector<std::string>& problems) {
  PrintList("Expected and not found", TextsOf(comparison.missing, script));
  PrintList("Found and not expected", TextsOf(comparison.surplus, script));
  PrintList("Interruptions that never stood on a worklist", found.without_outreach);
  PrintList("Clients without owner or next step at the end of some day",
            {office.unheld().begin(), office.unheld().end()});
  PrintList("Not as scripted", problems);
}

}  // namespace polku::demo
