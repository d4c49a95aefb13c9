// The sickness allowance clock of a client: which days count, and when the points of rule R8 are near.
// The counts and their sources: rule R8 in services/follow-up/README.md.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/civil_time.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/pathway/v1/rules.pb.h"

namespace polku::follow_up {

// Days from the first to the last that is known of.
class BenefitClock {
 public:
  // Of at least one period.
  explicit BenefitClock(const polku::follow_up::v1::JourneyRecord& journey);

  // A point is near from that instant on; what it is counted from.
  struct Near {
    int64_t counted_from_us = 0;
    int64_t due_us = 0;
    absl::CivilDay onset;  // First day of the illness in which that happens.
    absl::CivilDay last;   // Last day of that illness.
  };
  // Each time that the paid days of the window have become so many that `statutory_warn_benefit_days` are left: to the
  // point, or where that is known to come sooner, to the end of the month before it (until_month_before). By day.
  // Behind a return to work (behind_benefit_days) only the days behind it count. By day.
  std::vector<Near> DaysNear(const polku::pathway::v1::StatutoryPoint& point,
                             const polku::pathway::v1::RuleSet& rules) const;
  // Each absence, or stretch of part-time work because of illness, that has lasted until `statutory_warn_days` before
  // the point. By day.
  std::vector<Near> MonthsNear(const polku::pathway::v1::StatutoryPoint& point,
                               const polku::pathway::v1::RuleSet& rules) const;

 private:
  // Consecutive days with one of `marks`; days that are no benefit days may lie between.
  struct Spell {
    int first = 0;
    int last = 0;
  };
  std::vector<Spell> SpellsWith(uint8_t marks) const;
  std::vector<Near> WindowNear(const polku::pathway::v1::StatutoryPoint& point,
                               const polku::pathway::v1::RuleSet& rules) const;
  std::vector<Near> FurtherNear(const polku::pathway::v1::StatutoryPoint& point,
                                const polku::pathway::v1::RuleSet& rules) const;
  int end() const { return first_ + static_cast<int>(days_.size()); }
  bool IsIn(int day_number, uint8_t marks) const {
    return (days_[static_cast<size_t>(day_number - first_)] & marks) != 0;
  }

  int first_ = 0;              // Day number of the first one.
  std::vector<uint8_t> days_;  // Marks of each day from then on.
};

// How many benefit days there are from `first` to `last`, both included.
int CountBenefitDays(absl::CivilDay first, absl::CivilDay last);

}  // namespace polku::follow_up
