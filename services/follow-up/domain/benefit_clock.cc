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
      if (each.kind() != BENEFIT_KIND_PARTIAL_SICKNESS_ALLOWANCE) marks |= kAway;
      if (paid == 0 || left == 0 || !IsBenefitDay(DayOfNumber(day))) continue;
      marks |= paid;
      --left;
    }
  }
}

std::vector<BenefitClock::Spell> BenefitClock::SpellsWith(uint8_t marks) const {
  std::vector<Spell> spells;
  bool goes_on = false;
  const int end = first_ + static_cast<int>(days_.size());
  for (int day = first_; day < end; ++day) {
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
  const uint8_t counted = point.without_partial() ? kPaid : kPaid | kPartPaid;
  const int target = point.benefit_days() - rules.statutory_warn_benefit_days();
  const std::vector<Spell> spells = SpellsWith(kAway | kPaid | kPartPaid);
  std::vector<Near> found;
  size_t spell = 0;
  std::vector<int> window;  // The counted days up to here; those before `out` are too old.
  size_t out = 0;
  const int end = first_ + static_cast<int>(days_.size());
  for (int day = first_; day < end; ++day) {
    if (!IsIn(day, counted)) continue;
    const int before = static_cast<int>(window.size() - out);  // As it stood on the counted day before this one.
    window.push_back(day);
    const absl::CivilDay civil = DayOfNumber(day);
    const int oldest =
        DayNumberOf(absl::CivilDay(civil.year() - rules.statutory_window_years(), civil.month(), civil.day()));
    while (window[out] <= oldest) ++out;
    if (before >= target || static_cast<int>(window.size() - out) < target) continue;
    while (spells[spell].last < day) ++spell;
    found.push_back({Micros(StartOfDay(DayOfNumber(window[out]))), Micros(EndOfDay(civil)),
                     DayOfNumber(spells[spell].first), DayOfNumber(spells[spell].last)});
  }
  return found;
}

std::vector<BenefitClock::Near> BenefitClock::MonthsNear(const StatutoryPoint& point, const RuleSet& rules) const {
  std::vector<Near> found;
  for (const Spell& spell : SpellsWith(kAway)) {
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
