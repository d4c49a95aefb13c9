#include "services/follow-up/domain/benefit_clock.h"

#include <algorithm>

#include "libs/base/calendar.h"
#include "services/follow-up/domain/moment.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;
using polku::pathway::v1::StatutoryPoint;

constexpr uint8_t kAway = 1;      // Not at work at all.
constexpr uint8_t kPaid = 2;      // A benefit day of full allowance.
constexpr uint8_t kPartPaid = 4;  // A benefit day of partial allowance.
constexpr uint8_t kPartTime = 8;  // At work part of the time because of illness.
constexpr uint8_t kIll = kAway | kPaid | kPartPaid | kPartTime;

// The same-numbered day, or the last one of a month that is too short.
absl::CivilDay AddMonths(absl::CivilDay day, int months) {
  const absl::CivilMonth month = absl::CivilMonth(day) + months;
  return std::min(absl::CivilDay(month) + (day.day() - 1), absl::CivilDay(month + 1) - 1);
}

uint8_t PaidMark(BenefitKind kind) {
  switch (kind) {
    case BENEFIT_KIND_SICKNESS_ALLOWANCE:
      return kPaid;
    case BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE:
      return kPartPaid;
    default:
      return 0;
  }
}

bool IsPartTime(BenefitKind kind) {
  return kind == BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE || kind == BENEFIT_KIND_PART_TIME_WORK;
}

uint8_t CountedBy(const StatutoryPoint& point) { return point.without_partial() ? kPaid : kPaid | kPartPaid; }

// The counted days of the years up to a day.
class Window {
 public:
  explicit Window(int years) : years_(years) {}

  // Days that are too old on `day` leave.
  void MoveTo(int day) {
    const absl::CivilDay civil = DayOfNumber(day);
    const int oldest = DayNumberOf(absl::CivilDay(civil.year() - years_, civil.month(), civil.day()));
    while (out_ < days_.size() && days_[out_] <= oldest) ++out_;
  }
  void Add(int day) {
    days_.push_back(day);
    MoveTo(day);
  }
  int size() const { return static_cast<int>(days_.size() - out_); }
  int first() const { return days_[out_]; }

 private:
  const int years_;
  std::vector<int> days_;
  size_t out_ = 0;  // Those before it have left.
};

// The end of the benefit day behind which so many are left of the month before the one that `day` is in.
int64_t NearMonthEnd(int day, int benefit_days) {
  int near = DayNumberOf(absl::CivilDay(absl::CivilMonth(DayOfNumber(day)))) - 1;
  for (int left = benefit_days; left > 0; --near) left -= IsBenefitDay(DayOfNumber(near)) ? 1 : 0;
  while (!IsBenefitDay(DayOfNumber(near))) --near;
  return Micros(EndOfDay(DayOfNumber(near)));
}

}  // namespace

int CountBenefitDays(absl::CivilDay first, absl::CivilDay last) {
  int count = 0;
  for (absl::CivilDay day = first; day <= last; ++day) count += IsBenefitDay(day) ? 1 : 0;
  return count;
}

BenefitClock::BenefitClock(const JourneyRecord& journey) {
  first_ = journey.benefits(0).first_day();
  int last = journey.benefits(0).last_day();
  for (const BenefitRecord& each : journey.benefits()) {
    first_ = std::min(first_, each.first_day());
    last = std::max(last, each.last_day());
  }
  days_.resize(static_cast<size_t>(last - first_ + 1));
  for (const BenefitRecord& each : journey.benefits()) {
    const uint8_t paid = PaidMark(each.kind());
    int left = each.paid_days() == 0 ? each.last_day() - each.first_day() + 1 : each.paid_days();
    // The waiting time lies at the beginning, so the last days are the paid ones.
    for (int day = each.last_day(); day >= each.first_day(); --day) {
      uint8_t& marks = days_[static_cast<size_t>(day - first_)];
      marks |= IsPartTime(each.kind()) ? kPartTime : kAway;
      if (paid == 0 || left == 0 || !IsBenefitDay(DayOfNumber(day))) continue;
      marks |= paid;
      --left;
    }
  }
}

std::vector<BenefitClock::Spell> BenefitClock::SpellsWith(uint8_t marks) const {
  std::vector<Spell> spells;
  bool goes_on = false;
  for (int day = first_; day < end(); ++day) {
    if (IsIn(day, marks)) {
      if (!goes_on) spells.push_back({day, day});
      spells.back().last = day;
      goes_on = true;
    } else if (goes_on && IsBenefitDay(DayOfNumber(day))) {
      goes_on = false;
    }
  }
  return spells;
}

std::vector<BenefitClock::Near> BenefitClock::DaysNear(const StatutoryPoint& point, const RuleSet& rules) const {
  return point.behind_benefit_days() > 0 ? FurtherNear(point, rules) : WindowNear(point, rules);
}

std::vector<BenefitClock::Near> BenefitClock::WindowNear(const StatutoryPoint& point, const RuleSet& rules) const {
  const uint8_t counted = CountedBy(point);
  const int warn = rules.statutory_warn_benefit_days();
  const int target = point.benefit_days() - warn;
  const std::vector<Spell> spells = SpellsWith(kIll);
  std::vector<Near> found;
  size_t spell = 0;
  Window window(rules.statutory_window_years());
  for (int day = first_; day < end(); ++day) {
    if (!IsIn(day, counted)) continue;
    const int before = window.size();  // As it stood on the counted day before this one.
    window.Add(day);
    if (before < target && window.size() >= target) {
      while (spells[spell].last < day) ++spell;
      found.push_back({Micros(StartOfDay(DayOfNumber(window.first()))), Micros(EndOfDay(DayOfNumber(day))),
                       DayOfNumber(spells[spell].first), DayOfNumber(spells[spell].last)});
    }
    const bool reached = before < point.benefit_days() && window.size() >= point.benefit_days();
    if (reached && point.until_month_before() && !found.empty()) {
      found.back().due_us = std::min(found.back().due_us, NearMonthEnd(day, warn));
    }
  }
  return found;
}

// A return is known by the days on which nothing is recorded; whether they were work is for who is asked to find out.
std::vector<BenefitClock::Near> BenefitClock::FurtherNear(const StatutoryPoint& point, const RuleSet& rules) const {
  const uint8_t counted = CountedBy(point);
  const int target = point.benefit_days() - rules.statutory_warn_benefit_days();
  const std::vector<Spell> spells = SpellsWith(kIll);
  std::vector<Near> found;
  size_t spell = 0;
  Window window(rules.statutory_window_years());
  int idle = 0;              // Days in a row up to here on which nothing is recorded.
  bool returned = false;     // Behind a return, while what lies before it is used up.
  std::vector<int> further;  // The counted days since then.
  for (int day = first_; day < end(); ++day) {
    if (!IsIn(day, kIll)) {
      ++idle;
      continue;
    }
    window.MoveTo(day);
    if (idle > point.return_days()) {
      const bool used_up = window.size() >= point.behind_benefit_days();
      if (!used_up || !returned) further.clear();
      returned = used_up;
    }
    idle = 0;
    if (!IsIn(day, counted)) continue;
    window.Add(day);
    if (returned) further.push_back(day);
    if (!returned || static_cast<int>(further.size()) != target) continue;
    while (spells[spell].last < day) ++spell;
    found.push_back({Micros(StartOfDay(DayOfNumber(further.front()))), Micros(EndOfDay(DayOfNumber(day))),
                     DayOfNumber(spells[spell].first), DayOfNumber(spells[spell].last)});
  }
  return found;
}

std::vector<BenefitClock::Near> BenefitClock::MonthsNear(const StatutoryPoint& point, const RuleSet& rules) const {
  std::vector<Near> found;
  for (const Spell& spell : SpellsWith(point.part_time() ? kPartTime : kAway)) {
    const absl::CivilDay onset = DayOfNumber(spell.first);
    const absl::CivilDay near = AddMonths(onset, point.absence_months()) - rules.statutory_warn_days();
    if (near > DayOfNumber(spell.last)) continue;
    bool paid = false;
    for (int day = spell.first; day <= spell.last; ++day) paid = paid || IsIn(day, kPaid | kPartPaid);
    if (point.until_paid() && paid) continue;
    found.push_back(
        {Micros(StartOfDay(onset)), Micros(StartOfDay(std::max(onset, near))), onset, DayOfNumber(spell.last)});
  }
  return found;
}

}  // namespace polku::follow_up
