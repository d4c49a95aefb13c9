#include "tests/simulation/naive_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "polku/assessment/v1/events.pb.h"
#include "polku/coordinator_network/v1/events.pb.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::simulation {
namespace {

using pipeline::FromProto;
namespace v1 = ::polku::follow_up::v1;

// The numbers of rule set 2026-1.
constexpr int kOfficeDays = 5;
constexpr int kNoContactDays = 21;
constexpr size_t kMissesInARow = 2;
constexpr absl::Duration kDirectInterval = absl::Hours(24);

// (rule, measure) -> what it is counted from.
using Broken = std::map<std::pair<int, std::string>, absl::Time>;

struct Resolution {
  absl::Time time = absl::InfinitePast();
  absl::Time not_before = absl::InfinitePast();
};

// While an interruption was open, as far as people ended it.
struct Spell {
  std::pair<int, std::string> about;
  absl::Time due;
  absl::Time end = absl::InfiniteFuture();
  bool retracted = false;
  // R2: the end of the session or week that made it; what has only been suppressed leaves none.
  absl::Time last_miss = absl::InfinitePast();
};

struct Source {
  absl::Duration interval;
  absl::Time complete_through = absl::InfinitePast();
};

struct Measure {
  polku::assessment::v1::PlannedMeasure plan;
  absl::Time approved;
  std::optional<absl::CivilDay> start;
  std::optional<absl::CivilDay> end;
  bool broken_off = false;
  // By day and session: revision and status.
  std::map<std::pair<absl::CivilDay, int>, std::pair<int, int>> marks;
};

// All that was ever said about one client.
struct Facts {
  bool open = false;
  absl::Time opened;
  absl::Time deadline;
  std::optional<absl::Time> assessed;
  std::map<std::string, Measure> measures;
  std::vector<absl::Time> activity;
  std::vector<absl::Time> step_ends;  // R3 may count from these.
  std::map<std::pair<int, std::string>, Resolution> resolutions;
  std::map<std::string, Spell> spells;  // By interruption.
};

template <class Event>
bool Read(const store::JournalRow& row, Event& event) {
  return row.type == Event::descriptor()->full_name() && event.ParseFromString(row.payload);
}

bool ReachedClient(int outcome) { return outcome >= 1 && outcome <= 4; }

void TakePeers(const store::JournalRow& row, Facts& facts) {
  polku::assessment::v1::AssessmentOpened assessment;
  polku::assessment::v1::AssessmentCompleted completed;
  polku::assessment::v1::PlanApproved approved;
  polku::coordinator_network::v1::OutreachAttempted attempted;
  if (Read(row, assessment)) {
    facts.opened = FromProto(assessment.open_time());
    facts.deadline = FromProto(assessment.deadline());
  } else if (Read(row, completed)) {
    facts.assessed = FromProto(completed.complete_time());
    facts.step_ends.push_back(*facts.assessed);
  } else if (Read(row, approved)) {
    for (const auto& plan : approved.measures()) {
      Measure& measure = facts.measures[plan.measure()];
      measure.plan = plan;
      measure.approved = FromProto(approved.approve_time());
    }
  } else if (Read(row, attempted) && ReachedClient(attempted.outcome())) {
    facts.activity.push_back(FromProto(attempted.attempt_time()));
  }
}

void TakeMeasures(const store::JournalRow& row, Facts& facts) {
  v1::MeasureStarted started;
  v1::AttendanceRecorded recorded;
  v1::MeasureCompleted completed;
  v1::MeasureEndedEarly ended;
  if (Read(row, started)) {
    const absl::CivilDay day = FromProto(started.start_date());
    facts.measures[started.measure()].start = day;
    facts.activity.push_back(StartOfDay(day));
  } else if (Read(row, recorded)) {
    const auto& mark = recorded.mark();
    auto& known = facts.measures[mark.measure()].marks[{FromProto(mark.date()), mark.session()}];
    known = std::max(known, std::pair<int, int>(mark.revision(), mark.status()));
    if (mark.status() == v1::ATTENDANCE_STATUS_PRESENT) {
      facts.activity.push_back(absl::FromUnixMicros(recorded.session_end_us()));
    }
  } else if (Read(row, completed)) {
    facts.measures[completed.measure()].end = FromProto(completed.end_date());
    facts.step_ends.push_back(StartOfDay(FromProto(completed.end_date())));
  } else if (Read(row, ended)) {
    Measure& measure = facts.measures[ended.measure()];
    measure.end = FromProto(ended.end_date());
    measure.broken_off =
        ended.reason() != v1::END_REASON_GOAL_REACHED && ended.reason() != v1::END_REASON_WORK_OR_STUDY;
    facts.step_ends.push_back(StartOfDay(*measure.end));
  }
}

void TakeJourney(const store::JournalRow& row, Facts& facts) {
  v1::JourneyOpened opened;
  v1::JourneyClosed closed;
  v1::ContactRecorded contact;
  v1::MeasureInterrupted found;
  v1::InterruptionAmended amended;
  v1::InterruptionResolved resolved;
  v1::InterruptionRetracted retracted;
  v1::OutreachSettled settled;
  polku::coordinator_network::v1::OutreachCompleted outreach;
  if (Read(row, opened)) {
    facts.open = true;
    facts.opened = FromProto(opened.open_time());
    facts.deadline = FromProto(opened.assessment_deadline());
    facts.activity.push_back(facts.opened);
    facts.step_ends.push_back(facts.opened);
  } else if (Read(row, closed)) {
    facts.open = false;
  } else if (Read(row, contact)) {
    facts.activity.push_back(FromProto(contact.contact_time()));
  } else if (Read(row, found)) {
    Spell& spell = facts.spells[found.interruption()];
    spell = {{found.rule(), found.measure()}, FromProto(found.due_time())};
    if (found.has_last_miss_time()) spell.last_miss = FromProto(found.last_miss_time());
  } else if (Read(row, amended)) {
    Spell& spell = facts.spells[amended.interruption()];
    spell.due = FromProto(amended.due_time());
    if (amended.has_last_miss_time()) spell.last_miss = FromProto(amended.last_miss_time());
  } else if (Read(row, resolved)) {
    Spell& spell = facts.spells[resolved.interruption()];
    spell.end = FromProto(resolved.resolve_time());
    Resolution& known = facts.resolutions[spell.about];
    known.time = std::max(known.time, FromProto(resolved.resolve_time()));
    if (resolved.has_next_step_date()) known.not_before = EndOfDay(FromProto(resolved.next_step_date()));
    facts.step_ends.push_back(FromProto(resolved.resolve_time()));
  } else if (Read(row, settled)) {
    Resolution& known = facts.resolutions[{settled.rule(), settled.measure()}];
    known.time = std::max(known.time, FromProto(settled.settle_time()));
    if (settled.has_next_step_date()) known.not_before = EndOfDay(FromProto(settled.next_step_date()));
  } else if (Read(row, outreach)) {
    facts.step_ends.push_back(FromProto(outreach.complete_time()));
  } else if (Read(row, retracted)) {
    Spell& spell = facts.spells[retracted.interruption()];
    spell.retracted = true;
    if (retracted.suppressed()) spell.last_miss = absl::InfinitePast();
  }
}

class Naive {
 public:
  Naive(const Facts& facts, const std::map<std::string, Source>& sources, absl::Time horizon)
      : facts_(facts), sources_(sources), horizon_(horizon) {}

  // What must be open at the horizon, by brute force.
  Broken Expected() {
    if (!facts_.open) return {};
    for (const auto& [name, measure] : facts_.measures) {
      EndedEarly(name, measure);
      NotStarted(name, measure);
      PlanOverrun(name, measure);
      MissedAttendance(name, measure);
    }
    OverdueAssessment();
    NoContact();
    NoNextMeasure();
    return broken_;
  }

 private:
  Resolution ResolutionOf(int rule, const std::string& measure) const {
    const auto known = facts_.resolutions.find({rule, measure});
    return known == facts_.resolutions.end() ? Resolution() : known->second;
  }

  // Counts from the resolution on, and waits for the next step that was agreed.
  void Limit(int rule, const std::string& measure, absl::Time from, absl::Time due,
             std::optional<absl::Time> happened) {
    const Resolution resolution = ResolutionOf(rule, measure);
    from = std::max(from, resolution.time);
    due = std::max(due, resolution.not_before);
    if ((happened.has_value() && *happened < due) || due > horizon_) return;
    broken_[{rule, measure}] = from;
  }

  void EndedEarly(const std::string& name, const Measure& measure) {
    if (!measure.broken_off || StartOfDay(*measure.end) > horizon_) return;
    if (facts_.resolutions.contains({v1::RULE_ENDED_EARLY, name})) return;  // Once and for all.
    broken_[{v1::RULE_ENDED_EARLY, name}] = StartOfDay(*measure.end);
  }

  void NotStarted(const std::string& name, const Measure& measure) {
    const absl::CivilDay planned = FromProto(measure.plan.start_date());
    const absl::CivilDay from = std::max(planned, LocalDay(measure.approved));
    std::optional<absl::Time> happened;
    if (measure.start.has_value()) happened = StartOfDay(*measure.start);
    if (!measure.start.has_value() && measure.end.has_value()) happened = StartOfDay(*measure.end);
    Limit(v1::RULE_NOT_STARTED, name, std::max(StartOfDay(planned), measure.approved),
          EndOfDay(AddOfficeDays(from, kOfficeDays)), happened);
  }

  void PlanOverrun(const std::string& name, const Measure& measure) {
    if (!measure.start.has_value()) return;
    const absl::CivilDay planned = FromProto(measure.plan.end_date());
    std::optional<absl::Time> happened;
    if (measure.end.has_value()) happened = StartOfDay(*measure.end);
    Limit(v1::RULE_PLAN_OVERRUN, name, EndOfDay(planned), EndOfDay(AddOfficeDays(planned, kOfficeDays)), happened);
  }

  void OverdueAssessment() {
    std::optional<absl::Time> happened = facts_.assessed;
    // At the very deadline is in time.
    if (happened.has_value()) *happened -= absl::Nanoseconds(1);
    Limit(v1::RULE_OVERDUE_ASSESSMENT, "", facts_.opened, facts_.deadline, happened);
  }

  bool AnyRunningAt(absl::Time time) const {
    for (const auto& [name, measure] : facts_.measures) {
      if (measure.start.has_value() && StartOfDay(*measure.start) <= time &&
          (!measure.end.has_value() || EndOfDay(*measure.end) > time)) {
        return true;
      }
    }
    return false;
  }

  void NoContact() {
    std::vector<absl::Time> times = facts_.activity;
    std::sort(times.begin(), times.end());
    const Resolution resolution = ResolutionOf(v1::RULE_NO_CONTACT, "");
    for (size_t i = 0; i < times.size(); ++i) {
      const absl::Time next = i + 1 < times.size() ? times[i + 1] : absl::InfiniteFuture();
      if (next <= resolution.time) continue;
      const absl::Time from = std::max(times[i], resolution.time);
      const absl::Time due = std::max(EndOfDay(LocalDay(from) + kNoContactDays), resolution.not_before);
      if (next <= due || due > horizon_ || !AnyRunningAt(due)) continue;
      broken_[{v1::RULE_NO_CONTACT, ""}] = from;
      return;
    }
  }

  // R3 at one end of a step: nothing else was going on until the limit.
  bool IsGap(absl::Time from, absl::Time due) const {
    if (!facts_.assessed.has_value() || *facts_.assessed > due) return false;
    for (const absl::Time step_end : facts_.step_ends) {
      if (step_end > from && step_end <= due) return false;
    }
    for (const auto& [name, measure] : facts_.measures) {
      const bool over = measure.end.has_value() && StartOfDay(*measure.end) <= from;
      if (measure.approved <= due && !over) return false;
    }
    for (const auto& [interruption, spell] : facts_.spells) {
      if (spell.about.first == v1::RULE_NO_NEXT_MEASURE || spell.retracted) continue;
      if (spell.due <= due && spell.end > due) return false;
    }
    return true;
  }

  void NoNextMeasure() {
    const Resolution resolution = ResolutionOf(v1::RULE_NO_NEXT_MEASURE, "");
    std::vector<absl::Time> ends = facts_.step_ends;
    std::sort(ends.begin(), ends.end());
    for (const absl::Time from : ends) {
      if (from < resolution.time) continue;
      const absl::Time due = std::max(EndOfDay(AddOfficeDays(LocalDay(from), kOfficeDays)), resolution.not_before);
      if (due > horizon_) return;
      if (!IsGap(from, due)) continue;
      broken_[{v1::RULE_NO_NEXT_MEASURE, ""}] = from;
      return;
    }
  }

  enum class Seen { kOpen, kPresent, kMissed, kMissedUnmarked, kExcused };
  struct Session {
    absl::CivilDay day;
    absl::Time end;
    Seen seen;
  };
  // Due, counted from.
  using Limited = std::optional<std::pair<absl::Time, absl::Time>>;

  // An end of the measure cuts off what comes after its day and changes nothing about what came before.
  std::vector<Session> SessionsOf(const Measure& measure, absl::Duration interval, absl::Time covered) const {
    std::vector<Session> sessions;
    const absl::CivilDay last = LastDayOf(measure);
    for (absl::CivilDay day = *measure.start; day <= last; ++day) {
      int on_day = 0;
      for (const auto& weekly : measure.plan.sessions()) {
        if (static_cast<int>(absl::GetWeekday(day)) + 1 != weekly.day() || IsPublicHoliday(day)) continue;
        Session session{day, LocalTime(day, weekly.end_minute()), Seen::kOpen};
        const auto mark = measure.marks.find({day, on_day++});
        if (mark != measure.marks.end()) {
          const int status = mark->second.second;
          session.seen = status == v1::ATTENDANCE_STATUS_PRESENT  ? Seen::kPresent
                         : status == v1::ATTENDANCE_STATUS_ABSENT ? Seen::kMissed
                                                                  : Seen::kExcused;
        } else if (session.end + interval <= covered) {
          session.seen = Seen::kMissedUnmarked;
        }
        sessions.push_back(session);
      }
    }
    return sessions;
  }

  // The last day on which a session is expected.
  static absl::CivilDay LastDayOf(const Measure& measure) {
    const absl::CivilDay planned = FromProto(measure.plan.end_date());
    return measure.end.has_value() ? std::min(planned, *measure.end) : planned;
  }

  // What a late mark has disproved is not found again by a correction of that mark. A break that fell because it lay
  // behind the end of the measure tells nothing about what lay before.
  absl::Time RetractedUpTo(const std::string& name, const Measure& measure) const {
    absl::Time last = absl::InfinitePast();
    for (const auto& [interruption, spell] : facts_.spells) {
      const bool same = spell.about == std::pair<int, std::string>(v1::RULE_MISSED_ATTENDANCE, name);
      if (!same || !spell.retracted) continue;
      if (measure.end.has_value() && spell.last_miss > EndOfDay(*measure.end)) continue;
      last = std::max(last, spell.last_miss);
    }
    return last;
  }

  Limited MissesInARow(const std::vector<Session>& sessions, absl::Duration interval, absl::Time floor,
                       absl::Time retracted) const {
    std::vector<Session> run;
    for (const Session& session : sessions) {
      if (session.end <= floor || session.seen == Seen::kExcused) continue;
      if (session.seen != Seen::kMissed && session.seen != Seen::kMissedUnmarked) {
        run.clear();
        continue;
      }
      run.push_back(session);
      if (run.size() < kMissesInARow) continue;
      const absl::Duration wait = session.seen == Seen::kMissedUnmarked ? interval : absl::ZeroDuration();
      if (session.end > retracted) {
        return std::pair(session.end + wait, run[run.size() - kMissesInARow].end);
      }
    }
    return std::nullopt;
  }

  Limited WeekBelowMinimum(const Measure& measure, const std::vector<Session>& sessions, absl::Duration interval,
                           absl::Time floor, absl::Time retracted) const {
    absl::CivilDay monday = *measure.start;
    while (absl::GetWeekday(monday) != absl::Weekday::monday) ++monday;
    for (; measure.plan.weekly_days_min() > 0 && monday + 6 <= LastDayOf(measure); monday += 7) {
      std::set<absl::CivilDay> expected;
      std::set<absl::CivilDay> present;
      bool known = true;
      for (const Session& session : sessions) {
        if (session.day < monday || session.day > monday + 6) continue;
        expected.insert(session.day);
        if (session.seen == Seen::kPresent) present.insert(session.day);
        known = known && session.seen != Seen::kOpen;
      }
      const auto wanted = std::min<size_t>(static_cast<size_t>(measure.plan.weekly_days_min()), expected.size());
      const absl::Time due = EndOfDay(monday + 6) + interval;
      if (!known || present.size() >= wanted || StartOfDay(monday) <= floor) continue;
      if (EndOfDay(monday + 6) <= retracted) continue;
      return std::pair(due, StartOfDay(monday));
    }
    return std::nullopt;
  }

  Limited Missed(const std::string& name, const Measure& measure) const {
    absl::Duration interval = kDirectInterval;
    absl::Time covered = horizon_;
    if (const auto source = sources_.find(measure.plan.source()); source != sources_.end()) {
      interval = source->second.interval;
      covered = std::min(covered, source->second.complete_through);
    }
    const absl::Time floor = ResolutionOf(v1::RULE_MISSED_ATTENDANCE, name).time;
    const absl::Time retracted = RetractedUpTo(name, measure);
    const std::vector<Session> sessions = SessionsOf(measure, interval, covered);
    const Limited run = MissesInARow(sessions, interval, floor, retracted);
    Limited week = WeekBelowMinimum(measure, sessions, interval, floor, retracted);
    if (week.has_value() && week->first > covered) week.reset();
    Limited first = run.has_value() && (!week.has_value() || run->first <= week->first) ? run : week;
    return first.has_value() && first->first <= horizon_ ? first : std::nullopt;
  }

  void MissedAttendance(const std::string& name, const Measure& measure) {
    if (!measure.start.has_value()) return;
    const Limited first = Missed(name, measure);
    if (first.has_value()) broken_[{v1::RULE_MISSED_ATTENDANCE, name}] = first->second;
  }

  const Facts& facts_;
  const std::map<std::string, Source>& sources_;
  const absl::Time horizon_;
  Broken broken_;
};

std::map<std::string, Source> SourcesOf(const Picture& picture) {
  std::map<std::string, Source> sources;
  for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
    v1::SourceRegistered registered;
    v1::SourceReported reported;
    if (Read(row, registered)) {
      sources[row.key].interval = absl::Seconds(registered.source().reporting_interval().seconds());
    } else if (Read(row, reported)) {
      Source& source = sources[row.key];
      source.complete_through = std::max(source.complete_through, FromProto(reported.complete_through()));
    }
  }
  return sources;
}

std::string NameOfFinding(const std::string& client, const std::pair<int, std::string>& finding, absl::Time from) {
  return absl::StrCat(client, " R", finding.first, " ", finding.second, " from ", absl::FormatTime(from, Helsinki()));
}

}  // namespace

std::vector<std::string> CompareWithNaiveRules(const Picture& picture, absl::Time now) {
  const std::map<std::string, Source> sources = SourcesOf(picture);
  // What is due after the last report of the slowest source may be held: it is left out on both sides.
  absl::Time horizon = now;
  for (const auto& [name, source] : sources) horizon = std::min(horizon, source.complete_through);
  std::map<std::string, Facts> clients;
  for (const store::JournalRow& row : picture.services[kFollowUp].journal) {
    if (!absl::StartsWith(row.key, "clients/")) continue;
    TakePeers(row, clients[row.key]);
    TakeMeasures(row, clients[row.key]);
    TakeJourney(row, clients[row.key]);
  }
  std::vector<std::string> faults;
  for (const auto& [client, facts] : clients) {
    const Broken expected = Naive(facts, sources, horizon).Expected();
    Broken actual;
    const auto& state = dynamic_cast<const v1::JourneyRecord&>(*picture.services[kFollowUp].states.at(client));
    for (const auto& open : state.interruptions()) {
      if (absl::FromUnixMicros(open.due_us()) > horizon) continue;
      actual[{open.rule(), open.measure()}] = absl::FromUnixMicros(open.counted_from_us());
    }
    for (const auto& [finding, from] : expected) {
      const auto open = actual.find(finding);
      if (open == actual.end()) {
        faults.push_back(absl::StrCat("rules: not found: ", NameOfFinding(client, finding, from)));
      } else if (LocalDay(open->second) != LocalDay(from)) {
        faults.push_back(absl::StrCat("rules: ", NameOfFinding(client, finding, open->second), " instead of ",
                                      absl::FormatTime(from, Helsinki())));
      }
    }
    for (const auto& [finding, from] : actual) {
      if (expected.contains(finding)) continue;
      faults.push_back(absl::StrCat("rules: found without reason: ", NameOfFinding(client, finding, from)));
    }
  }
  return faults;
}

}  // namespace polku::simulation
