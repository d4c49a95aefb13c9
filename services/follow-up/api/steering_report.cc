#include "services/follow-up/api/steering_report.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/index.h"

namespace polku::follow_up {
namespace {

using store::Row;
using store::Value;

// A region opens some thousands a year.
constexpr int64_t kJourneysMax = 100'000;
constexpr int kYearsMax = 10;
constexpr int kReturnDays[] = {15, 30, 90};
constexpr double kHighShare = 0.9;

constexpr char kJourneys[] =
    "SELECT j.pathway, j.municipality, j.segment, j.open_us, "
    "(SELECT MIN(s.time_us) FROM passed_stage s WHERE s.client = j.client AND s.stage = 1 AND s.time_us >= j.open_us), "
    "(SELECT MIN(s.time_us) FROM passed_stage s WHERE s.client = j.client AND s.stage = 2 AND s.time_us >= j.open_us), "
    "(SELECT MIN(m.day) FROM measure_start m WHERE m.client = j.client AND m.day >= j.day), COALESCE(c.reason, 0) "
    "FROM opened_journey j LEFT JOIN closed_journey c ON c.client = j.client "
    "WHERE j.open_us >= $1 AND j.open_us < $2 ORDER BY j.client LIMIT $3";
constexpr char kOutreaches[] =
    "SELECT j.pathway, j.municipality, j.segment, o.request_us, "
    "(SELECT MIN(k.day) FROM mark k WHERE k.key_id = (SELECT a.id FROM aggregate_key a WHERE a.text = o.client) "
    "AND k.status = 1 AND k.day >= o.day), "
    "(SELECT MIN(m.day) FROM measure_start m WHERE m.client = o.client AND m.day >= o.day), "
    "(SELECT MIN(t.time_us) FROM contact t WHERE t.client = o.client AND t.meeting = 1 AND t.time_us >= o.request_us "
    "AND NOT EXISTS (SELECT 1 FROM voided_contact v WHERE v.contact = t.contact)) "
    "FROM outreach o JOIN opened_journey j ON j.client = o.client "
    "WHERE j.open_us >= $1 AND j.open_us < $2 AND o.request_us >= j.open_us ORDER BY o.interruption LIMIT $3";

int64_t Number(const Value& value) {
  const auto* number = std::get_if<int64_t>(&value);
  return number == nullptr ? 0 : *number;
}

absl::Time TimeOf(const Value& value) {
  return std::holds_alternative<int64_t>(value) ? absl::FromUnixMicros(Number(value)) : absl::InfiniteFuture();
}
absl::Time DayTimeOf(const Value& value) {
  return std::holds_alternative<int64_t>(value) ? StartOfDay(DayOfIndex(Number(value))) : absl::InfiniteFuture();
}

std::string GroupOf(const Row& row, v1::ReportGroup by) {
  switch (by) {
    case v1::REPORT_GROUP_PATHWAY:
      return std::get<std::string>(row[0]);
    case v1::REPORT_GROUP_MUNICIPALITY:
      return std::get<std::string>(row[1]);
    case v1::REPORT_GROUP_SEGMENT:
      return common::v1::Segment_Name(static_cast<common::v1::Segment>(Number(row[2])));
    default:
      return "";
  }
}

bool IsFew(int count) { return count > 0 && count < kSuppressedBelow; }

// Whether a count, or what is left of `whole` without it, tells of too few.
bool TellsOfFew(int count, int whole) { return IsFew(count) || IsFew(whole - count); }

double DaysOf(absl::Duration duration) { return std::max(0.0, absl::ToDoubleHours(duration) / 24); }

double AtShare(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size()))) - 1];
}

// Of so many persons of each of these.
void Fill(std::vector<double> days, std::initializer_list<int> wholes, v1::LeadTime& lead) {
  const int count = static_cast<int>(days.size());
  if (IsFew(count)) return;
  if (std::none_of(wholes.begin(), wholes.end(), [&](int whole) { return IsFew(whole - count); }))
    lead.set_count(count);
  if (days.empty()) return;
  std::sort(days.begin(), days.end());
  const auto tenths = [](double value) { return std::round(value * 10) / 10; };
  lead.set_median_days(tenths(AtShare(days, 0.5)));
  lead.set_p90_days(tenths(AtShare(days, kHighShare)));
}

void FillReturns(const std::vector<const ReportedOutreach*>& outreaches, absl::Time now, v1::SteeringRow& row) {
  for (const int days : kReturnDays) {
    int asked = 0;
    int returned = 0;
    for (const ReportedOutreach* each : outreaches) {
      if (each->asked + absl::Hours(24 * days) > now) continue;
      ++asked;
      returned += each->returned - each->asked <= absl::Hours(24 * days) ? 1 : 0;
    }
    v1::ReturnCount& count = *row.add_returns();
    count.set_within_days(days);
    if (TellsOfFew(asked, asked)) continue;
    count.set_outreaches(asked);
    if (!TellsOfFew(returned, asked)) count.set_returned(returned);
  }
}

v1::SteeringRow RowOf(const std::string& group, const std::vector<const ReportedJourney*>& journeys,
                      const std::vector<const ReportedOutreach*>& outreaches, absl::Time now) {
  int assessed = 0;
  int planned = 0;
  int started = 0;
  std::map<v1::CloseReason, int> closings;
  std::vector<double> to_assessed;
  std::vector<double> to_planned;
  std::vector<double> to_started;
  std::vector<double> waiting;
  for (const ReportedJourney* each : journeys) {
    const bool is_assessed = each->assessed <= now;
    const bool is_planned = each->planned <= now;
    const bool is_started = each->started <= now;
    assessed += is_assessed ? 1 : 0;
    planned += is_planned ? 1 : 0;
    started += is_started ? 1 : 0;
    if (is_assessed) to_assessed.push_back(DaysOf(each->assessed - each->opened));
    if (is_assessed && is_planned) to_planned.push_back(DaysOf(each->planned - each->assessed));
    if (is_planned && is_started) to_started.push_back(DaysOf(each->started - each->planned));
    const bool goes_on = each->closing == v1::CLOSE_REASON_UNSPECIFIED;
    if (!goes_on) ++closings[each->closing];
    if (goes_on && is_planned && !is_started) waiting.push_back(DaysOf(now - each->planned));
  }
  v1::SteeringRow row;
  row.set_group(group);
  const int opened = static_cast<int>(journeys.size());
  if (TellsOfFew(opened, opened)) return row;
  row.set_opened(opened);
  if (!TellsOfFew(assessed, opened)) row.set_assessed(assessed);
  if (!TellsOfFew(planned, assessed)) row.set_planned(planned);
  if (!TellsOfFew(started, planned)) row.set_started(started);
  for (const auto& [reason, count] : closings) {
    v1::ClosingCount& closing = *row.add_closings();
    closing.set_reason(reason);
    if (!TellsOfFew(count, opened)) closing.set_count(count);
  }
  Fill(std::move(to_assessed), {opened}, *row.mutable_to_assessed());
  Fill(std::move(to_planned), {assessed, planned}, *row.mutable_to_planned());
  Fill(std::move(to_started), {planned, started}, *row.mutable_to_started());
  Fill(std::move(waiting), {planned, planned - started}, *row.mutable_waiting());
  FillReturns(outreaches, now, row);
  return row;
}

template <class Reported>
std::map<std::string, std::vector<const Reported*>> ByGroup(const std::vector<Reported>& all) {
  std::map<std::string, std::vector<const Reported*>> groups;
  for (const Reported& each : all) groups[each.group].push_back(&each);
  return groups;
}

template <class Reported>
std::vector<const Reported*> AllOf(const std::vector<Reported>& all) {
  std::vector<const Reported*> pointers;
  for (const Reported& each : all) pointers.push_back(&each);
  return pointers;
}

// A number of persons in a row, by what it counts.
struct Figure {
  std::optional<int> count;    // None: left out.
  std::function<void()> hide;  // Leaves it out.
};

void AddFigures(v1::LeadTime& lead, const std::string& name, std::map<std::string, Figure>& figures) {
  figures[name] = {lead.has_count() ? std::optional(lead.count()) : std::nullopt, [&lead] { lead.Clear(); }};
}

std::map<std::string, Figure> FiguresOf(v1::SteeringRow& row) {
  std::map<std::string, Figure> figures;
  const auto add = [&](const std::string& name, bool has, int count, std::function<void()> hide) {
    figures[name] = {has ? std::optional(count) : std::nullopt, std::move(hide)};
  };
  add("opened", row.has_opened(), row.opened(), [&row] {
    const std::string group = row.group();
    row.Clear();
    row.set_group(group);
  });
  add("assessed", row.has_assessed(), row.assessed(), [&row] { row.clear_assessed(); });
  add("planned", row.has_planned(), row.planned(), [&row] { row.clear_planned(); });
  add("started", row.has_started(), row.started(), [&row] { row.clear_started(); });
  for (v1::ClosingCount& each : *row.mutable_closings()) {
    add(absl::StrCat("closing ", each.reason()), each.has_count(), each.count(), [&each] { each.clear_count(); });
  }
  AddFigures(*row.mutable_to_assessed(), "to_assessed", figures);
  AddFigures(*row.mutable_to_planned(), "to_planned", figures);
  AddFigures(*row.mutable_to_started(), "to_started", figures);
  AddFigures(*row.mutable_waiting(), "waiting", figures);
  for (v1::ReturnCount& each : *row.mutable_returns()) {
    add(absl::StrCat("outreaches ", each.within_days()), each.has_outreaches(), each.outreaches(), [&each] {
      each.clear_outreaches();
      each.clear_returned();
    });
    add(absl::StrCat("returned ", each.within_days()), each.has_returned(), each.returned(),
        [&each] { each.clear_returned(); });
  }
  return figures;
}

// The figure that one is a part of: what is left of it without that one tells as much.
std::string WholeOf(const std::string& name) {
  if (name == "assessed" || name == "to_assessed" || absl::StartsWith(name, "closing ")) return "opened";
  if (name == "planned" || name == "to_planned") return "assessed";
  if (name == "started" || name == "to_started" || name == "waiting") return "planned";
  if (absl::StartsWith(name, "returned ")) return absl::StrCat("outreaches ", name.substr(name.find(' ') + 1));
  return "";
}

std::optional<int> CountOf(const std::string& name, const std::map<std::string, Figure>& figures) {
  const auto figure = figures.find(name);
  return figure == figures.end() ? std::nullopt : figure->second.count;
}

// What groups leave out of a figure follows, as one number, from the first row and the other groups: the smallest of
// those are left out too, until it is of two groups and neither it nor what is left of their whole is of few; the first
// row's, if that is never so. A group that is left out leaves out every figure; one that does not list a reason has
// nobody for it.
void HideWhatFollows(const std::string& name, std::map<std::string, Figure>& all, std::vector<v1::SteeringRow>& rows) {
  struct Shown {
    int count = 0;
    std::optional<int> whole;
    std::function<void()> hide;
  };
  int groups = 0;
  int hidden = *all.at(name).count;
  std::optional<int> hidden_whole = CountOf(WholeOf(name), all);
  const auto count_as_shown = [&](const Shown& shown, int sign) {
    hidden -= sign * shown.count;
    hidden_whole = hidden_whole.has_value() && shown.whole.has_value()
                       ? std::optional(*hidden_whole - sign * *shown.whole)
                       : std::nullopt;
  };
  std::vector<Shown> others;
  for (size_t i = 1; i < rows.size(); ++i) {
    std::map<std::string, Figure> figures = FiguresOf(rows[i]);
    const auto figure = figures.find(name);
    if (figure == figures.end() ? !rows[i].has_opened() : !figure->second.count.has_value()) {
      ++groups;
    } else if (figure != figures.end()) {
      others.push_back({*figure->second.count, CountOf(WholeOf(name), figures), std::move(figure->second.hide)});
      count_as_shown(others.back(), 1);
    }
  }
  const auto follows = [&] {
    if (groups < 2) return groups == 1;
    return IsFew(hidden) || (hidden_whole.has_value() && IsFew(*hidden_whole - hidden));
  };
  std::sort(others.begin(), others.end(), [](const Shown& a, const Shown& b) {
    return (a.count == 0) != (b.count == 0) ? b.count == 0 : a.count < b.count;
  });
  for (const Shown& shown : others) {
    if (!follows()) return;
    shown.hide();
    ++groups;
    count_as_shown(shown, -1);
  }
  if (follows() && name != "opened") all.at(name).hide();
}

// The whole group first: what it leaves out with it counts for the other figures.
void HideWhatFollows(std::vector<v1::SteeringRow>& rows) {
  std::map<std::string, Figure> all = FiguresOf(rows.front());
  if (rows.size() == 1 || !rows.front().has_opened()) return;
  HideWhatFollows("opened", all, rows);
  for (auto& [name, figure] : all) {
    if (name != "opened" && figure.count.has_value()) HideWhatFollows(name, all, rows);
  }
}

absl::Status CheckDays(const v1::GetSteeringReportRequest& request, absl::CivilDay& first, absl::CivilDay& last) {
  absl::Status status;
  const auto take = [&](bool given, const google::type::Date& date, absl::string_view field, absl::CivilDay& day) {
    if (!given) return AddViolation(status, field, "is required");
    const auto read = pipeline::DayFrom(date, field);
    if (!read.ok()) return AddViolation(status, field, "is not a day");
    day = *read;
  };
  take(request.has_first_day(), request.first_day(), "first_day", first);
  take(request.has_last_day(), request.last_day(), "last_day", last);
  RETURN_IF_ERROR(status);
  if (last < first) AddViolation(status, "last_day", "is before first_day");
  if (last.year() - first.year() > kYearsMax) {
    AddViolation(status, "last_day", absl::StrCat("is more than ", kYearsMax, " years after first_day"));
  }
  if (!v1::ReportGroup_IsValid(request.group_by())) AddViolation(status, "group_by", "is not a group");
  return status;
}

}  // namespace

std::vector<v1::SteeringRow> SteeringRows(const std::vector<ReportedJourney>& journeys,
                                          const std::vector<ReportedOutreach>& outreaches, bool by_group,
                                          absl::Time now) {
  std::vector<v1::SteeringRow> rows = {RowOf("", AllOf(journeys), AllOf(outreaches), now)};
  if (!by_group) return rows;
  const auto outreaches_of = ByGroup(outreaches);
  for (const auto& [group, members] : ByGroup(journeys)) {
    const auto found = outreaches_of.find(group);
    rows.push_back(RowOf(group, members,
                         found == outreaches_of.end() ? std::vector<const ReportedOutreach*>() : found->second, now));
  }
  HideWhatFollows(rows);
  return rows;
}

absl::StatusOr<v1::SteeringReport> GetSteeringReport(rpc::ReadScope& scope,
                                                     const v1::GetSteeringReportRequest& request) {
  absl::CivilDay first;
  absl::CivilDay last;
  RETURN_IF_ERROR(CheckDays(request, first, last));
  const std::vector<Value> period = {absl::ToUnixMicros(StartOfDay(first)), absl::ToUnixMicros(EndOfDay(last)),
                                     kJourneysMax + 1};
  ASSIGN_OR_RETURN(const std::vector<Row> journey_rows, scope.reader.Query(kJourneys, period));
  ASSIGN_OR_RETURN(const std::vector<Row> outreach_rows, scope.reader.Query(kOutreaches, period));
  if (static_cast<int64_t>(std::max(journey_rows.size(), outreach_rows.size())) > kJourneysMax) {
    return WithReason(
        absl::FailedPreconditionError("the period has too many journeys or outreaches: choose a shorter one"),
        "REPORT_TOO_LARGE");
  }
  std::vector<ReportedJourney> journeys;
  for (const Row& row : journey_rows) {
    journeys.push_back({GroupOf(row, request.group_by()), TimeOf(row[3]), TimeOf(row[4]), TimeOf(row[5]),
                        DayTimeOf(row[6]), static_cast<v1::CloseReason>(Number(row[7]))});
  }
  std::vector<ReportedOutreach> outreaches;
  for (const Row& row : outreach_rows) {
    const absl::Time came_back = std::min({DayTimeOf(row[4]), DayTimeOf(row[5]), TimeOf(row[6])});
    outreaches.push_back({GroupOf(row, request.group_by()), TimeOf(row[3]), came_back});
  }
  v1::SteeringReport report;
  const bool by_group = request.group_by() != v1::REPORT_GROUP_UNSPECIFIED;
  for (v1::SteeringRow& row : SteeringRows(journeys, outreaches, by_group, scope.clock.Now())) {
    *report.add_rows() = std::move(row);
  }
  report.set_suppressed_below(kSuppressedBelow);
  *report.mutable_report_time() = pipeline::ToProto(scope.clock.Now());
  return report;
}

}  // namespace polku::follow_up
