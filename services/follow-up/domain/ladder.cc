// The outreach ladder: an interruption that stays open calls one rung after the other.
#include <algorithm>
#include <utility>

#include "services/follow-up/domain/draft.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"

namespace polku::follow_up {

namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;

// The call is asked for by OutreachRequested itself.
int LastRung(const InterruptionRecord& open) { return std::max<int>(open.rung(), OUTREACH_RUNG_CALL); }

// Office days by which a rung is used up.
int DaysOf(int rung, const RuleSet& rules) {
  const int limits[] = {rules.outreach_first_attempt_office_days(), rules.outreach_second_attempt_office_days(),
                        rules.outreach_letter_office_days(),        rules.outreach_visit_office_days(),
                        rules.outreach_supervisor_office_days(),    rules.outreach_meeting_office_days()};
  return limits[rung - OUTREACH_RUNG_CALL];
}

}  // namespace

std::optional<NextRung> NextRungOf(const JourneyRecord& journey, const InterruptionRecord& open, const RuleSet& rules) {
  if (OutreachWaits(journey, open.rule()) || open.ladder_from_us() == 0) return std::nullopt;
  const int last = LastRung(open);
  if (last >= OUTREACH_RUNG_MEETING) return std::nullopt;
  const absl::CivilDay from = LocalDay(At(open.ladder_from_us()));
  const int64_t used_up_us = Micros(EndOfOfficeDay(from, DaysOf(last, rules)));
  const bool useless = open.useless_us() != 0 && open.useless_us() < used_up_us;
  return NextRung{static_cast<OutreachRung>(last + 1), useless ? open.useless_us() : used_up_us,
                  Micros(EndOfOfficeDay(from, DaysOf(last + 1, rules)))};
}

void MoveLadders(Draft& draft) {
  JourneyEvent event;
  // The office day before today: what is used up with its end is called now.
  const absl::CivilDay yesterday = AddOfficeDays(LocalDay(draft.now()), -1);
  for (const InterruptionRecord& open : draft.state().interruptions()) {
    if (!NextRungOf(draft.state(), open, draft.rules()).has_value()) continue;
    const int64_t from_us = Micros(StartOfDay(AddOfficeDays(yesterday, -DaysOf(LastRung(open), draft.rules()))));
    if (from_us <= open.ladder_from_us()) continue;
    MovedLadder& moved = *event.mutable_ladders_moved()->add_ladders();
    moved.set_interruption(open.interruption());
    moved.set_from_us(from_us);
  }
  if (event.has_ladders_moved()) draft.Emit(std::move(event));
}

Finding AsFinding(const InterruptionRecord& open, const NextRung& next) {
  return {open.rule(), open.measure(), next.call_us, next.call_us};
}

}  // namespace polku::follow_up
