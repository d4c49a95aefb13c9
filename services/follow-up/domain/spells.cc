#include "services/follow-up/domain/spells.h"

#include <algorithm>

#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

void Add(int64_t from_us, int64_t to_us, std::vector<Spell>& spells) {
  if (to_us > from_us) spells.push_back({from_us, to_us});
}

void Sort(std::vector<Spell>& spells) {
  std::sort(spells.begin(), spells.end(), [](const Spell& a, const Spell& b) {
    return a.from_us != b.from_us ? a.from_us < b.from_us : a.to_us < b.to_us;
  });
}

void AddPauses(const JourneyRecord& journey, const std::string& measure, std::vector<Spell>& spells) {
  for (const PauseRecord& pause : journey.pauses()) {
    if (pause.measure() == measure) Add(pause.from_us(), pause.to_us(), spells);
  }
}

// A session belongs to the day before the midnight at which it ends.
bool IsQuiet(const std::vector<Spell>& spells, int64_t session_end_us) {
  return std::any_of(spells.begin(), spells.end(), [&](const Spell& spell) {
    return spell.from_us < session_end_us && session_end_us <= spell.to_us;
  });
}

}  // namespace

const CircumstanceRecord* StandingCircumstance(const JourneyRecord& journey) {
  const CircumstanceRecord* first = nullptr;
  for (const CircumstanceRecord& each : journey.circumstances()) {
    if (each.to_us() == 0 && (first == nullptr || each.record_us() < first->record_us())) first = &each;
  }
  return first;
}

std::vector<Spell> SpellsOf(const JourneyRecord& journey) {
  std::vector<Spell> spells;
  AddPauses(journey, "", spells);
  for (const CircumstanceRecord& each : journey.circumstances()) {
    Add(each.from_us(), each.to_us() == 0 ? Spell::kNoEnd : each.to_us(), spells);
  }
  for (const ClosedGap& each : journey.gaps()) Add(each.from_us(), each.to_us(), spells);
  Sort(spells);
  return spells;
}

std::vector<Spell> PausesOf(const JourneyRecord& journey, const MeasureRecord& measure) {
  std::vector<Spell> spells = SpellsOf(journey);
  AddPauses(journey, measure.plan().measure(), spells);
  Sort(spells);
  return spells;
}

std::vector<Spell> SpellsOf(const JourneyRecord& journey, const MeasureRecord& measure) {
  std::vector<Spell> spells = PausesOf(journey, measure);
  for (const ClosureRecord& closure : journey.closures()) {
    if (closure.provider() == measure.plan().provider()) Add(closure.from_us(), closure.to_us(), spells);
  }
  Sort(spells);
  return spells;
}

int64_t QuietUntilUs(const std::vector<Spell>& spells, int64_t time_us) {
  int64_t until = 0;
  for (const Spell& spell : spells) {
    if (spell.from_us < time_us && time_us <= spell.to_us) until = std::max(until, spell.to_us);
  }
  return until;
}

Finding Behind(const std::vector<Spell>& spells, int office_days, Finding finding) {
  for (const Spell& spell : spells) {
    if (spell.from_us >= finding.due_us || spell.to_us <= finding.counted_from_us) continue;
    if (finding.anchor_us == 0) finding.anchor_us = finding.counted_from_us;
    finding.counted_from_us = spell.to_us;
    finding.due_us = std::max(finding.due_us, Micros(EndOfOfficeDay(LocalDay(At(spell.to_us)), office_days)));
  }
  return finding;
}

std::string ExpectedSessions(const JourneyRecord& journey, const MeasureRecord& measure) {
  std::string sessions = measure.sessions();
  const std::vector<Spell> spells = SpellsOf(journey, measure);
  if (!measure.has_start_date() || (spells.empty() && !HasEnded(measure))) return sessions;
  const Schedule schedule(measure);
  const auto sessions_max = static_cast<size_t>(schedule.CountBefore(schedule.last_day() + 1));
  if (sessions.size() > sessions_max) sessions.resize(sessions_max);
  const size_t known = std::max(sessions.size(), static_cast<size_t>(measure.floor_session()));
  schedule.Visit([&](const Session& session) {
    const auto index = static_cast<size_t>(session.ordinal);
    if (index >= sessions_max) return false;
    const bool quiet = IsQuiet(spells, Micros(session.end));
    if (quiet) SetMark(sessions, session.ordinal, kNotExpected);
    return quiet || index < known;
  });
  return sessions;
}

int64_t NextSessionEndUs(const JourneyRecord& journey, const MeasureRecord& measure, int64_t time_us) {
  if (!measure.has_start_date() || measure.plan().sessions().empty()) return 0;
  const std::vector<Spell> spells = SpellsOf(journey, measure);
  int64_t found = 0;
  Schedule(measure).Visit([&](const Session& session) {
    const int64_t end = Micros(session.end);
    if (end > time_us && !IsQuiet(spells, end)) found = end;
    return found == 0;
  });
  return found;
}

}  // namespace polku::follow_up
