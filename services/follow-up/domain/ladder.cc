// The outreach ladder: an interruption that stays open calls one rung after the other.
#include <algorithm>

#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"

namespace polku::follow_up {

using namespace polku::follow_up::v1;  // NOLINT

std::optional<NextRung> NextRungOf(const JourneyRecord& journey, const InterruptionRecord& open,
                                   const polku::pathway::v1::RuleSet& rules) {
  if (OutreachWaits(journey, open.rule())) return std::nullopt;
  // Office days by which each rung is used up, the first attempt first.
  const int limits[] = {rules.outreach_first_attempt_office_days(), rules.outreach_second_attempt_office_days(),
                        rules.outreach_letter_office_days(),        rules.outreach_visit_office_days(),
                        rules.outreach_supervisor_office_days(),    rules.outreach_meeting_office_days()};
  // The call is asked for by OutreachRequested itself.
  const int last = std::max<int>(open.rung(), OUTREACH_RUNG_CALL);
  if (open.ladder_from_us() == 0 || last >= OUTREACH_RUNG_MEETING) return std::nullopt;
  const absl::CivilDay from = LocalDay(At(open.ladder_from_us()));
  const int64_t used_up_us = Micros(EndOfOfficeDay(from, limits[last - 1]));
  const bool useless = open.useless_us() != 0 && open.useless_us() < used_up_us;
  return NextRung{static_cast<OutreachRung>(last + 1), useless ? open.useless_us() : used_up_us,
                  Micros(EndOfOfficeDay(from, limits[last]))};
}

Finding AsFinding(const InterruptionRecord& open, const NextRung& next) {
  return {open.rule(), open.measure(), next.call_us, next.call_us};
}

}  // namespace polku::follow_up
