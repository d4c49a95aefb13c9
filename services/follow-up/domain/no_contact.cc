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

bool RunsAt(const MeasureRecord& measure, absl::Time time) {
  return measure.has_start_date() && StartOfDay(FromProto(measure.start_date())) <= time &&
         (!HasEnded(measure) || EndOfDay(FromProto(measure.end_date())) > time);
}

bool AnyRunsAt(const JourneyRecord& journey, absl::Time time) {
  return std::any_of(journey.measures().begin(), journey.measures().end(),
                     [&](const MeasureRecord& measure) { return RunsAt(measure, time); });
}

// In order: when measures run and each of these is in one of its spells, as `spells_of` gives them.
template <class SpellsOfMeasure>
std::vector<Spell> QuietTimes(const JourneyRecord& journey, SpellsOfMeasure spells_of) {
  std::vector<std::vector<Spell>> spells;
  std::vector<int64_t> edges;
  for (const MeasureRecord& measure : journey.measures()) {
    spells.push_back(spells_of(journey, measure));
    for (const Spell& spell : spells.back()) edges.insert(edges.end(), {spell.from_us, spell.to_us});
    if (measure.has_start_date()) edges.push_back(Micros(StartOfDay(FromProto(measure.start_date()))));
    if (HasEnded(measure)) edges.push_back(Micros(EndOfDay(FromProto(measure.end_date()))));
  }
  std::sort(edges.begin(), edges.end());
  std::vector<Spell> quiet;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    if (edges[i] == edges[i + 1]) continue;
    const int64_t within_us = edges[i] + 1;
    bool any = false;
    bool all = true;
    for (int each = 0; each < journey.measures_size(); ++each) {
      if (!RunsAt(journey.measures(each), At(within_us))) continue;
      any = true;
      all = all && QuietUntilUs(spells[static_cast<size_t>(each)], within_us) != 0;
    }
    if (any && all) quiet.push_back({edges[i], edges[i + 1]});
  }
  return quiet;
}

// When the clock does not run: it starts again at the end of each.
std::vector<Spell> Restarts(const JourneyRecord& journey) {
  std::vector<Spell> restarts = SpellsOf(journey);
  if (journey.pauses().empty()) return restarts;
  const std::vector<Spell> paused = QuietTimes(journey, PausesOf);
  restarts.insert(restarts.end(), paused.begin(), paused.end());
  std::sort(restarts.begin(), restarts.end(), [](const Spell& a, const Spell& b) { return a.from_us < b.from_us; });
  return restarts;
}

// When its days are not counted: a provider may be closed every week, and no limit be reached between.
std::vector<Spell> Uncounted(const JourneyRecord& journey) {
  if (journey.closures().empty()) return {};
  return QuietTimes(journey,
                    [](const JourneyRecord& each, const MeasureRecord& measure) { return SpellsOf(each, measure); });
}

// The end of the `days`-th day after that instant, without those that are not counted.
int64_t EndOfCountedDay(int64_t from_us, int days, const std::vector<Spell>& uncounted) {
  const absl::CivilDay first = LocalDay(At(from_us)) + 1;
  absl::CivilDay last = first + (days - 1);
  for (const Spell& spell : uncounted) {
    const absl::CivilDay begin = std::max(LocalDay(At(spell.from_us)), first);
    const absl::CivilDay end = LocalDay(At(spell.to_us));
    if (begin <= last && end > begin) last += end - begin;
  }
  return Micros(EndOfDay(last));
}

// The known activity that the clock may count from, oldest first.
std::vector<int64_t> KnownActivity(const JourneyRecord& journey) {
  std::vector<int64_t> times;
  if (const std::optional<int64_t> anchor = AnchorOf(journey, RULE_NO_CONTACT); anchor.has_value()) {
    times.push_back(std::min(*anchor, journey.last_activity_us()));  // What it was counted from may have been voided.
    times.insert(times.end(), journey.later_activity_us().begin(), journey.later_activity_us().end());
  }
  if (times.empty() || journey.last_activity_us() > times.back()) times.push_back(journey.last_activity_us());
  return times;
}

}  // namespace

// The first gap between two activities, or after the last, that is longer than the limit. One more spell or activity
// never makes a limit end sooner: a gap that was bridged stays so, and the activity before it may be forgotten.
std::optional<Finding> NoContact(const JourneyRecord& journey, const polku::pathway::v1::RuleSet& rules) {
  if (journey.measures().empty()) return std::nullopt;
  const Floor* floor = FindFloor(journey, RULE_NO_CONTACT, "");
  const int64_t floor_us = floor == nullptr ? 0 : floor->counted_from_us();
  const int64_t not_before_us = floor == nullptr ? 0 : floor->not_before_us();
  const std::vector<Spell> restarts = Restarts(journey);
  const std::vector<Spell> uncounted = Uncounted(journey);
  const auto limit_from = [&](int64_t from_us) {
    return std::max(EndOfCountedDay(from_us, rules.no_contact_days(), uncounted), not_before_us);
  };
  const std::vector<int64_t> times = KnownActivity(journey);
  for (size_t i = 0; i < times.size(); ++i) {
    const int64_t next = i + 1 < times.size() ? times[i + 1] : 0;
    if (next != 0 && next <= floor_us) continue;
    const int64_t anchor = std::max(times[i], floor_us);
    int64_t from = anchor;
    int64_t due = limit_from(from);
    for (const Spell& spell : restarts) {
      if (spell.from_us >= due || spell.to_us <= from) continue;
      from = spell.to_us;
      due = limit_from(from);
    }
    if ((next != 0 && next <= due) || !AnyRunsAt(journey, At(due))) continue;
    Finding finding{RULE_NO_CONTACT, "", from, due};
    if (from != anchor) finding.anchor_us = anchor;
    return finding;
  }
  return std::nullopt;
}

}  // namespace polku::follow_up
