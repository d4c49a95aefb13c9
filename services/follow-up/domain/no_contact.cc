// R5: a measure is running and nobody has seen or reached the client for too long.
#include <algorithm>
#include <vector>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/spells.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::FromProto;

// What runs at an instant, as far as is known now.
struct Running {
  bool any = false;            // Some measure runs and its client is expected.
  int64_t quiet_until_us = 0;  // All that run are in a spell: until the first of them goes on.
};

Running RunningAt(const JourneyRecord& journey, absl::Time time) {
  Running running;
  for (const MeasureRecord& measure : journey.measures()) {
    const bool runs = measure.has_start_date() && StartOfDay(FromProto(measure.start_date())) <= time &&
                      (!HasEnded(measure) || EndOfDay(FromProto(measure.end_date())) > time);
    if (!runs) continue;
    const int64_t until = QuietUntilUs(SpellsOf(journey, measure), Micros(time));
    if (until == 0) running.any = true;
    if (until != 0 && (running.quiet_until_us == 0 || until < running.quiet_until_us)) running.quiet_until_us = until;
  }
  return running;
}

// The known activity that the clock may count from, oldest first.
std::vector<int64_t> KnownActivity(const JourneyRecord& journey) {
  std::vector<int64_t> times;
  if (const std::optional<int64_t> anchor = AnchorOf(journey, RULE_NO_CONTACT); anchor.has_value()) {
    times.push_back(*anchor);
    times.insert(times.end(), journey.later_activity_us().begin(), journey.later_activity_us().end());
  }
  if (times.empty() || journey.last_activity_us() > times.back()) times.push_back(journey.last_activity_us());
  return times;
}

}  // namespace

// The first gap between two activities, or after the last, that is longer than the limit. A spell
// that begins within the limit starts the clock again at its end.
std::optional<Finding> NoContact(const JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules) {
  if (journey.measures().empty()) return std::nullopt;
  const Floor* floor = FindFloor(journey, RULE_NO_CONTACT, "");
  const int64_t floor_us = floor == nullptr ? 0 : floor->counted_from_us();
  const int64_t not_before_us = floor == nullptr ? 0 : floor->not_before_us();
  const std::vector<Spell> spells = SpellsOf(journey);
  const auto limit_from = [&](int64_t from_us) {
    return std::max(Micros(EndOfDay(LocalDay(At(from_us)) + rules.no_contact_days())), not_before_us);
  };
  const std::vector<int64_t> times = KnownActivity(journey);
  for (size_t i = 0; i < times.size(); ++i) {
    const int64_t next = i + 1 < times.size() ? times[i + 1] : 0;
    if (next != 0 && next <= floor_us) continue;
    const int64_t anchor = std::max(times[i], floor_us);
    int64_t from = anchor;
    int64_t due = limit_from(from);
    const auto restart = [&](int64_t at_us) {
      from = at_us;
      due = limit_from(from);
    };
    for (const Spell& spell : spells) {
      if (spell.from_us < due && spell.to_us > from) restart(spell.to_us);
    }
    // Activity inside a spell makes no limit shorter than activity before it.
    Running running = RunningAt(journey, At(from) + absl::Microseconds(1));
    if (!running.any && running.quiet_until_us > from) restart(running.quiet_until_us);
    running = RunningAt(journey, At(due));
    while (!running.any && running.quiet_until_us > from) {
      restart(running.quiet_until_us);
      running = RunningAt(journey, At(due));
    }
    if (!running.any || (next != 0 && next <= due)) continue;
    Finding finding{RULE_NO_CONTACT, "", from, due};
    if (from != anchor) finding.anchor_us = anchor;
    return finding;
  }
  return std::nullopt;
}

}  // namespace polku::follow_up
