// R2: too many expected sessions missed in a row, or a week below the agreed minimum.
#include <algorithm>
#include <vector>

#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"
#include "services/follow-up/domain/spells.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;

// A break that a late mark has disproved is not found again by a correction of that mark: the
// client would be called twice about the same sessions. The next miss counts on, and so does one before that was not
// known then.
bool WasRetracted(const Floor* floor, int64_t from_us, int64_t last_miss_us) {
  if (floor == nullptr) return false;
  return last_miss_us <= floor->retracted_miss_us() ||
         std::any_of(floor->retracted().begin(), floor->retracted().end(),
                     [&](const RetractedRun& run) { return run.from_us() <= from_us && last_miss_us <= run.to_us(); });
}

Finding InARow(const MeasureRecord& measure, const Schedule& schedule, int first, int last, int64_t interval_us) {
  const auto began = schedule.At(first);
  const auto ended = schedule.At(last);
  const int64_t wait_us = MarkAt(measure.sessions(), last) == kMissedUnmarked ? interval_us : 0;
  Finding finding{RULE_MISSED_ATTENDANCE, measure.plan().measure(), Micros(began->end), Micros(ended->end) + wait_us,
                  /*absence=*/false};
  finding.last_miss_us = Micros(ended->end);
  return finding;
}

// Sessions that were excused or not expected neither break a run nor add to it; one that is still open breaks it.
std::optional<Finding> MissesInARow(const MeasureRecord& measure, const std::string& sessions, const Floor* floor,
                                    const RuleSet& rules) {
  const auto limit = static_cast<size_t>(rules.misses_in_a_row());
  std::vector<int> run;  // Ordinals, at most the last `limit` ones.
  for (int i = measure.floor_session(); i < static_cast<int>(sessions.size()); ++i) {
    const char mark = MarkAt(sessions, i);
    if (mark == kExcused || mark == kNotExpected) continue;
    if (!IsMiss(mark)) {
      run.clear();
      continue;
    }
    run.push_back(i);
    if (run.size() < limit) continue;
    const Finding finding =
        InARow(measure, Schedule(measure), run.front(), run.back(), ReportingIntervalUs(measure, rules));
    if (!WasRetracted(floor, finding.counted_from_us, finding.last_miss_us)) return finding;
    run.erase(run.begin());
  }
  return std::nullopt;
}

struct Week {
  bool decided = true;  // Something is known of every session.
  int sessions = 0;
  int expected_days = 0;
  int present_days = 0;
};

Week WeekFrom(const std::string& sessions, const Schedule& schedule, int monday, int ordinal) {
  Week week;
  for (int day = monday; day < monday + 7; ++day) {
    const int on_day = schedule.CountOn(day);
    bool expected = false;
    bool present = false;
    for (int i = 0; i < on_day; ++i, ++ordinal) {
      const char mark = MarkAt(sessions, ordinal);
      week.decided = week.decided && mark != kUnmarked;
      expected = expected || mark != kNotExpected;
      present = present || mark == kPresent;
    }
    week.sessions += on_day;
    week.expected_days += expected ? 1 : 0;
    week.present_days += present ? 1 : 0;
  }
  return week;
}

// Whole weeks of the measure only. Nobody can attend more days than a week of holidays offers.
std::optional<Finding> WeekBelowMinimum(const MeasureRecord& measure, const std::string& sessions, const Floor* floor,
                                        const RuleSet& rules) {
  if (measure.plan().weekly_days_min() <= 0) return std::nullopt;
  const Schedule schedule(measure);
  const absl::CivilDay first_monday = absl::NextWeekday(schedule.first_day() - 1, absl::Weekday::monday);
  const int last_number = DayNumberOf(schedule.last_day());
  int ordinal = schedule.CountBefore(first_monday);
  for (int day = DayNumberOf(first_monday); day + 6 <= last_number; day += 7) {
    if (ordinal >= static_cast<int>(sessions.size())) break;
    const Week week = WeekFrom(sessions, schedule, day, ordinal);
    ordinal += week.sessions;
    if (!week.decided || week.present_days >= std::min(measure.plan().weekly_days_min(), week.expected_days)) continue;
    const absl::CivilDay monday = DayOfNumber(day);
    const int64_t from = Micros(StartOfDay(monday));
    const int64_t end = Micros(EndOfDay(monday + 6));
    if (floor != nullptr && (from <= floor->counted_from_us() || WasRetracted(floor, from, end))) continue;
    Finding finding{RULE_MISSED_ATTENDANCE, measure.plan().measure(), from, end + ReportingIntervalUs(measure, rules)};
    finding.last_miss_us = end;
    return finding;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> MissedAttendance(const JourneyRecord& journey, const MeasureRecord& measure,
                                        const RuleSet& rules) {
  if (!measure.has_start_date()) return std::nullopt;
  const Floor* floor = FindFloor(journey, RULE_MISSED_ATTENDANCE, measure.plan().measure());
  const std::string sessions = ExpectedSessions(journey, measure);
  std::optional<Finding> run = MissesInARow(measure, sessions, floor, rules);
  std::optional<Finding> week = WeekBelowMinimum(measure, sessions, floor, rules);
  // Whichever limit was reached first, so that facts read late give what they would have given in time.
  if (run.has_value() && week.has_value()) return week->due_us < run->due_us ? week : run;
  return run.has_value() ? run : week;
}

std::optional<Unmarked> FirstUnmarked(const JourneyRecord& journey, const MeasureRecord& measure,
                                      const RuleSet& rules) {
  if (!measure.has_start_date() || measure.plan().sessions().empty()) return std::nullopt;
  if (StandingCircumstance(journey) != nullptr) return std::nullopt;
  const auto floor = static_cast<size_t>(measure.floor_session());
  std::string sessions = ExpectedSessions(journey, measure);
  if (sessions.size() < floor) sessions.resize(floor, kUnmarked);
  const size_t dot = sessions.find(kUnmarked, floor);
  const size_t ordinal = dot != std::string::npos ? dot : sessions.size();
  const Schedule schedule(measure);
  const auto session = schedule.At(static_cast<int>(ordinal));
  if (!session.has_value() || session->day > schedule.last_day()) return std::nullopt;
  const int64_t end = Micros(session->end);
  return Unmarked{
      &measure, session->ordinal, session->on_day, session->day, end, end + ReportingIntervalUs(measure, rules)};
}

}  // namespace polku::follow_up
