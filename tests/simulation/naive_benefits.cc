#include "tests/simulation/naive_benefits.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "absl/time/civil_time.h"
#include "libs/base/calendar.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::simulation::naive {
namespace {

namespace v1 = ::polku::follow_up::v1;

constexpr int kWarnDays = 10;
constexpr int kWarnBenefitDays = 15;
constexpr int kWindowYears = 2;

struct Point {
  const char* code;
  int benefit_days;
  int months;
  bool employees_only;
  bool without_partial;
};
constexpr Point kPoints[] = {{"employer-notice", 0, 1, true, false},
                             {"allowance-application", 0, 2, false, false},
                             {"rehabilitation-need", 60, 0, false, false},
                             {"work-ability-statement", 90, 0, true, true},
                             {"rehabilitation-check-150", 150, 0, false, false},
                             {"rehabilitation-check-230", 230, 0, false, false},
                             {"allowance-application-partial", 0, 2, false, false},
                             {"allowance-maximum", 300, 0, false, false},
                             {"allowance-further-maximum", 50, 0, false, false}};
constexpr int kMaximum = 300;
constexpr int kReturnDays = 30;

using Days = std::set<absl::CivilDay>;

struct Calendar {
  Days away;
  Days paid;
  Days part_paid;
  Days part_time;
  Days any;
};

Calendar CalendarOf(const Facts& facts) {
  Calendar calendar;
  for (const auto& [name, benefit] : facts.benefits) {
    const bool partial = benefit.kind == v1::BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE;
    const bool part_time = partial || benefit.kind == v1::BENEFIT_KIND_PART_TIME_WORK;
    std::vector<absl::CivilDay> benefit_days;
    for (absl::CivilDay day = benefit.first; day <= benefit.last; ++day) {
      (part_time ? calendar.part_time : calendar.away).insert(day);
      if (IsBenefitDay(day)) benefit_days.push_back(day);
    }
    if (benefit.kind == v1::BENEFIT_KIND_ABSENCE || benefit.kind == v1::BENEFIT_KIND_PART_TIME_WORK) continue;
    const size_t unpaid = benefit.paid_days == 0 ? 0 : benefit_days.size() - static_cast<size_t>(benefit.paid_days);
    for (size_t i = unpaid; i < benefit_days.size(); ++i) {
      (partial ? calendar.part_paid : calendar.paid).insert(benefit_days[i]);
    }
  }
  for (const Days* days : {&calendar.away, &calendar.paid, &calendar.part_paid, &calendar.part_time}) {
    calendar.any.insert(days->begin(), days->end());
  }
  return calendar;
}

// The first or last of `days` that hangs together with `day`: only days without benefit lie between.
absl::CivilDay EdgeOf(const Days& days, absl::CivilDay day, int step) {
  absl::CivilDay edge = day;
  for (day += step; days.contains(day) || !IsBenefitDay(day); day += step) {
    if (days.contains(day)) edge = day;
  }
  return edge;
}

// The counted days of the years before, up to and with that day.
std::vector<absl::CivilDay> WindowOf(const Days& counted, absl::CivilDay day) {
  const absl::CivilDay oldest(day.year() - kWindowYears, day.month(), day.day());
  std::vector<absl::CivilDay> window;
  std::copy_if(counted.begin(), counted.end(), std::back_inserter(window),
               [&](absl::CivilDay each) { return each > oldest && each <= day; });
  return window;
}

struct Near {
  absl::CivilDay onset;
  absl::CivilDay last;
  absl::Time from;
  absl::Time due;
};

// The last benefit day before the last fifteen of the month that ends before that day.
absl::CivilDay BeforeMonthEnd(absl::CivilDay day) {
  std::vector<absl::CivilDay> benefit_days;
  const absl::CivilDay first_of_month{absl::CivilMonth(day)};
  for (absl::CivilDay each = first_of_month - 60; each < first_of_month; ++each) {
    if (IsBenefitDay(each)) benefit_days.push_back(each);
  }
  return benefit_days[benefit_days.size() - kWarnBenefitDays - 1];
}

// The counted days behind the latest return to work before `day` that came once the maximum had been used up, and while
// it still was.
std::vector<absl::CivilDay> FurtherDays(const Calendar& calendar, const Days& counted, absl::CivilDay day) {
  std::vector<absl::CivilDay> further;
  bool returned = false;
  std::optional<absl::CivilDay> before;
  for (const absl::CivilDay each : calendar.any) {
    if (each > day) break;
    if (before.has_value() && each - *before - 1 > kReturnDays) {
      std::vector<absl::CivilDay> window = WindowOf(counted, each);
      std::erase(window, each);
      const bool used_up = window.size() >= static_cast<size_t>(kMaximum);
      if (!used_up || !returned) further.clear();
      returned = used_up;
    }
    before = each;
    if (returned && counted.contains(each)) further.push_back(each);
  }
  return returned ? further : std::vector<absl::CivilDay>();
}

std::vector<Near> FurtherNear(const Calendar& calendar, const Days& counted, const Point& point) {
  std::vector<Near> found;
  for (const absl::CivilDay day : counted) {
    const std::vector<absl::CivilDay> further = FurtherDays(calendar, counted, day);
    if (further.size() != static_cast<size_t>(point.benefit_days - kWarnBenefitDays)) continue;
    found.push_back(
        {EdgeOf(calendar.any, day, -1), EdgeOf(calendar.any, day, 1), StartOfDay(further.front()), EndOfDay(day)});
  }
  return found;
}

std::vector<Near> DaysNear(const Calendar& calendar, const Point& point) {
  Days counted = calendar.paid;
  if (!point.without_partial) counted.insert(calendar.part_paid.begin(), calendar.part_paid.end());
  if (std::string(point.code) == "allowance-further-maximum") return FurtherNear(calendar, counted, point);
  const auto target = static_cast<size_t>(point.benefit_days - kWarnBenefitDays);
  const auto full = static_cast<size_t>(point.benefit_days);
  std::vector<Near> found;
  size_t before = 0;
  for (const absl::CivilDay day : counted) {
    const std::vector<absl::CivilDay> window = WindowOf(counted, day);
    if (before < target && window.size() >= target) {
      found.push_back(
          {EdgeOf(calendar.any, day, -1), EdgeOf(calendar.any, day, 1), StartOfDay(window.front()), EndOfDay(day)});
    }
    if (point.benefit_days == kMaximum && before < full && window.size() >= full) {
      found.back().due = std::min(found.back().due, EndOfDay(BeforeMonthEnd(day)));
    }
    before = window.size();
  }
  return found;
}

std::vector<Near> MonthsNear(const Calendar& calendar, const Point& point) {
  std::vector<Near> found;
  const bool partial = std::string(point.code) == "allowance-application-partial";
  const Days& days = partial ? calendar.part_time : calendar.away;
  for (const absl::CivilDay day : days) {
    if (EdgeOf(days, day, -1) != day) continue;
    const absl::CivilDay last = EdgeOf(days, day, 1);
    absl::CivilDay full(day.year(), day.month() + point.months, 1);
    const int month = full.month();
    for (int i = 1; i < day.day() && (full + 1).month() == month; ++i) ++full;
    if (full - kWarnDays > last) continue;
    const auto is_within = [&](absl::CivilDay paid) { return paid >= day && paid <= last; };
    const bool paid = std::any_of(calendar.paid.begin(), calendar.paid.end(), is_within) ||
                      std::any_of(calendar.part_paid.begin(), calendar.part_paid.end(), is_within);
    if (paid && (partial || std::string(point.code) == "allowance-application")) continue;
    found.push_back({day, last, StartOfDay(day), StartOfDay(full - kWarnDays)});
  }
  return found;
}

}  // namespace

std::map<std::string, absl::Time> PointsNear(const Facts& facts, absl::Time horizon) {
  std::map<std::string, absl::Time> near;
  if (facts.benefits.empty()) return near;
  const Calendar calendar = CalendarOf(facts);
  for (const Point& point : kPoints) {
    if (point.employees_only && !facts.employed) continue;
    const auto known = facts.resolutions.find({v1::RULE_STATUTORY_POINT, point.code});
    for (Near each : point.months > 0 ? MonthsNear(calendar, point) : DaysNear(calendar, point)) {
      if (each.last < LocalDay(facts.journey_opened)) continue;
      if (known != facts.resolutions.end() && StartOfDay(each.onset) <= known->second.time) {
        if (known->second.not_before <= known->second.time) continue;
        each.from = std::max(each.from, known->second.time);
        each.due = std::max(each.due, known->second.not_before);
      }
      if (each.due <= horizon) near[point.code] = each.from;
      break;
    }
  }
  return near;
}

}  // namespace polku::simulation::naive
