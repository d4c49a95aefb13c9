#include "tests/simulation/naive_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/proto_time.h"
#include "polku/follow_up/v1/state.pb.h"
#include "tests/simulation/naive_benefits.h"
#include "tests/simulation/naive_clock.h"
#include "tests/simulation/naive_facts.h"
#include "tests/simulation/world.h"

namespace polku::simulation {
namespace naive {
namespace {

using pipeline::FromProto;
namespace v1 = ::polku::follow_up::v1;

// (rule, measure) -> what it is counted from.
using Broken = std::map<About, absl::Time>;

class Naive {
 public:
  // The numbers are those of the rule set, with what the pathway changes in it.
  Naive(const Facts& facts, const pathway::v1::RuleSet& rules, const std::map<std::string, Source>& sources,
        const std::map<std::string, std::vector<Quiet>>& closures, absl::Time horizon)
      : facts_(facts), rules_(rules), sources_(sources), closures_(closures), horizon_(horizon) {}

  // A gap of R3 or R5 that a change in the client's life or, of R3, another break hid may have been forgotten when that
  // was over or found to be a mistake: something else may go on meanwhile. If the service remembers it, it is right.
  bool MayBe(const About& about, absl::Time from) const { return hidden_.contains({about, LocalDay(from)}); }

  // What must be open at the horizon, by brute force.
  Broken Expected() {
    if (!facts_.open) return {};
    if (ChangedCircumstance()) return broken_;
    for (const auto& [name, measure] : facts_.measures) {
      EndedEarly(name, measure);
      NotStarted(name, measure);
      PlanOverrun(name, measure);
      MissedAttendance(name, measure);
      PauseOverrun(name);
    }
    PauseOverrun("");
    MissedTransition();
    OverdueAssessment();
    NoContact();
    NoNextMeasure();
    for (const auto& [point, from] : PointsNear(facts_, horizon_)) broken_[{v1::RULE_STATUTORY_POINT, point}] = from;
    return broken_;
  }

 private:
  Resolution ResolutionOf(int rule, const std::string& measure) const {
    const auto known = facts_.resolutions.find({rule, measure});
    return known == facts_.resolutions.end() ? Resolution() : known->second;
  }

  // Pauses of the whole journey, and changes in the client's life that are over.
  Quiets JourneyQuiets() const {
    Quiets quiets = PausesOf("");
    for (const auto& [what, circumstance] : facts_.circumstances)
      quiets.push_back({circumstance.from, circumstance.to});
    quiets.insert(quiets.end(), facts_.gaps.begin(), facts_.gaps.end());
    return quiets;
  }
  Quiets PausesOf(const std::string& measure) const {
    Quiets quiets;
    for (const auto& [name, pause] : facts_.pauses) {
      if (pause.measure == measure && pause.to > pause.from) quiets.push_back({pause.from, pause.to});
    }
    return quiets;
  }
  // With those of the measure, but for its provider's closed days.
  Quiets MeasurePauses(const std::string& name) const {
    Quiets quiets = JourneyQuiets();
    const Quiets own = PausesOf(name);
    quiets.insert(quiets.end(), own.begin(), own.end());
    return quiets;
  }
  Quiets MeasureQuiets(const std::string& name, const Measure& measure) const {
    Quiets quiets = MeasurePauses(name);
    const auto closed = closures_.find(measure.plan.provider());
    if (closed != closures_.end()) quiets.insert(quiets.end(), closed->second.begin(), closed->second.end());
    return quiets;
  }

  // A limit that ran when the watch over a case began starts again then; `limit` is that of a clock that does.
  void StartAgainWithWatch(absl::Time limit, const Resolution& resolution, Clock& clock) const {
    if (!facts_.limits_begin_again || !facts_.watched_from.has_value() || resolution.time > *facts_.watched_from)
      return;
    if (clock.from >= *facts_.watched_from || clock.due <= *facts_.watched_from) return;
    clock.from = *facts_.watched_from;
    clock.due = std::max(clock.due, limit);
  }
  absl::CivilDay WatchDay() const { return LocalDay(facts_.watched_from.value_or(facts_.opened)); }

  // Counts from the resolution on, waits for the next step that was agreed, and starts again behind quiet times.
  void Limit(int rule, const std::string& measure, Clock clock, std::optional<absl::Time> happened,
             const Quiets& quiets = {}, int office_days = 0) {
    const Resolution resolution = ResolutionOf(rule, measure);
    if (office_days > 0) StartAgainWithWatch(EndOfDay(AddOfficeDays(WatchDay(), office_days)), resolution, clock);
    clock.from = std::max(clock.from, resolution.time);
    clock.due = std::max(clock.due, resolution.not_before);
    clock.StartAgainBehind(quiets, office_days);
    if ((happened.has_value() && *happened < clock.due) || clock.due > horizon_) return;
    broken_[{rule, measure}] = clock.from;
  }

  // R12, and whether the others are silent.
  bool ChangedCircumstance() {
    const Circumstance* standing = nullptr;
    for (const auto& [what, circumstance] : facts_.circumstances) {
      if (circumstance.to != absl::InfiniteFuture()) continue;
      if (standing == nullptr || circumstance.recorded < standing->recorded) standing = &circumstance;
    }
    if (standing == nullptr) return false;
    Limit(v1::RULE_CHANGED_CIRCUMSTANCE, "",
          {standing->from,
           EndOfDay(AddOfficeDays(LocalDay(standing->recorded), rules_.changed_circumstance_office_days()))},
          std::nullopt);
    return true;
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
    const int no_delay = measure.plan.start_within_office_days();
    const int days = no_delay > 0 ? no_delay : rules_.not_started_office_days();
    Limit(v1::RULE_NOT_STARTED, name,
          {std::max(StartOfDay(planned), measure.approved), EndOfDay(AddOfficeDays(from, days))}, happened,
          MeasureQuiets(name, measure), days);
  }

  void PlanOverrun(const std::string& name, const Measure& measure) {
    if (!measure.start.has_value()) return;
    const absl::CivilDay planned = FromProto(measure.plan.end_date());
    std::optional<absl::Time> happened;
    if (measure.end.has_value()) happened = StartOfDay(*measure.end);
    const int days = rules_.plan_overrun_office_days();
    Limit(v1::RULE_PLAN_OVERRUN, name, {EndOfDay(planned), EndOfDay(AddOfficeDays(planned, days))}, happened,
          MeasureQuiets(name, measure), days);
  }

  void OverdueAssessment() {
    std::optional<absl::Time> happened = facts_.assessed;
    // At the very deadline is in time.
    if (happened.has_value()) *happened -= absl::Nanoseconds(1);
    Limit(v1::RULE_OVERDUE_ASSESSMENT, "", {facts_.opened, facts_.deadline}, happened);
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

  // R4: of three limits the one that was reached first.
  void MissedTransition() {
    if (!facts_.hand_over.has_value()) return;
    const HandOver& hand_over = *facts_.hand_over;
    const Resolution resolution = ResolutionOf(v1::RULE_MISSED_TRANSITION, "");
    absl::Time first = absl::InfiniteFuture();
    const auto limit = [&](absl::Time from, absl::Time due, const std::vector<absl::Time>& happened) {
      due = std::max(due, resolution.not_before);
      const bool in_time = std::any_of(happened.begin(), happened.end(), [&](absl::Time at) { return at <= due; });
      if (in_time || due > horizon_ || due >= first) return;
      first = due;
      broken_[{v1::RULE_MISSED_TRANSITION, ""}] = std::max(from, resolution.time);
    };
    std::vector<absl::Time> answers;
    if (hand_over.accepted.has_value()) answers.push_back(*hand_over.accepted);
    if (hand_over.declined.has_value()) answers.push_back(*hand_over.declined);
    limit(hand_over.offered,
          EndOfDay(AddOfficeDays(LocalDay(hand_over.offered), rules_.transition_accept_office_days())), answers);
    if (!hand_over.accepted.has_value()) return;
    const absl::CivilDay accepted = LocalDay(*hand_over.accepted);
    limit(*hand_over.accepted, EndOfDay(AddOfficeDays(accepted, rules_.transition_contact_office_days())),
          hand_over.contacts);
    limit(*hand_over.accepted, EndOfDay(accepted + rules_.transition_meeting_days()), hand_over.meetings);
  }

  // R6 of the pauses of a measure, or of the whole journey: the one that was due first.
  void PauseOverrun(const std::string& name) {
    std::optional<Clock> first;
    for (const auto& [id, pause] : facts_.pauses) {
      if (pause.ended || pause.measure != name) continue;
      const std::optional<Clock> clock = Overrun(pause);
      if (!clock.has_value() || clock->due > horizon_) continue;
      if (!first.has_value() || std::pair(clock->due, clock->from) < std::pair(first->due, first->from)) first = clock;
    }
    if (first.has_value()) broken_[{v1::RULE_PAUSE_OVERRUN, name}] = first->from;
  }

  std::optional<Clock> Overrun(const Pause& pause) const {
    Clock clock{pause.to, EndOfDay(AddOfficeDays(LocalDay(pause.to), rules_.pause_overrun_office_days()))};
    const Resolution resolution = ResolutionOf(v1::RULE_PAUSE_OVERRUN, pause.measure);
    // Asked about once, and again only on the day that was agreed then.
    if (resolution.time >= clock.due && resolution.not_before <= resolution.time) return std::nullopt;
    clock.from = std::max(clock.from, resolution.time);
    clock.due = std::max(clock.due, resolution.not_before);
    absl::Time first_mark = absl::InfiniteFuture();
    std::vector<std::string> about;
    for (const auto& [name, measure] : facts_.measures) {
      if (pause.measure.empty() || pause.measure == name) about.push_back(name);
    }
    if (pause.measure.empty()) clock.StartAgainBehind(JourneyQuiets(), rules_.pause_overrun_office_days());
    for (const std::string& name : about) {
      const Measure& measure = facts_.measures.at(name);
      if (!pause.measure.empty())
        clock.StartAgainBehind(MeasureQuiets(name, measure), rules_.pause_overrun_office_days());
      const absl::Time mark = FirstMark(name, measure, pause.to, clock.due);
      const absl::Time until = mark == absl::InfiniteFuture() ? clock.due : std::max(clock.due, mark);
      if (measure.end.has_value() && StartOfDay(*measure.end) < until) {
        if (!pause.measure.empty()) return std::nullopt;  // Nobody need come back.
        continue;
      }
      first_mark = std::min(first_mark, mark);
    }
    if (first_mark != absl::InfiniteFuture()) clock.due = std::max(clock.due, first_mark);
    for (const auto& [id, other] : facts_.pauses) {  // That one is asked about.
      const bool bears = other.measure.empty() || other.measure == pause.measure;
      if (bears && other.from < clock.due && other.to > pause.to) return std::nullopt;
    }
    for (const std::string& name : about) {
      if (CameBetween(facts_.measures.at(name), clock)) return std::nullopt;
    }
    return clock;
  }

  // When the first session behind `time` that is expected could be marked; InfiniteFuture when there is none, or the
  // measure has not started by the limit.
  absl::Time FirstMark(const std::string& name, const Measure& measure, absl::Time time, absl::Time limit) const {
    if (!measure.start.has_value() || StartOfDay(*measure.start) >= limit) return absl::InfiniteFuture();
    const absl::Duration interval = IntervalOf(measure);
    Measure planned = measure;  // Whether it ended meanwhile is another question.
    planned.end.reset();
    for (const Session& session : SessionsOf(name, planned, interval, absl::InfinitePast(), /*quiet_too=*/false)) {
      if (session.end > time) return session.end + interval;
    }
    return absl::InfiniteFuture();
  }

  bool CameBetween(const Measure& measure, const Clock& clock) const {
    if (!measure.start.has_value()) return false;
    for (const Session& session : SessionsOf("", measure, absl::ZeroDuration(), absl::InfinitePast(), true)) {
      if (session.seen == Seen::kPresent && session.end > clock.from && session.end <= clock.due) return true;
    }
    return false;
  }

  // Whether measures run on that day and each of them is in one of its quiet times.
  template <class QuietsOf>
  bool AllQuietOn(absl::CivilDay day, QuietsOf quiets_of) const {
    bool any = false;
    for (const auto& [name, measure] : facts_.measures) {
      if (!measure.start.has_value() || *measure.start > day || (measure.end.has_value() && *measure.end < day))
        continue;
      any = true;
      if (!IsQuiet(quiets_of(name, measure), EndOfDay(day))) return false;
    }
    return any;
  }

  // Notes a gap that the service may have forgotten.
  bool Hide(const About& about, absl::Time from, absl::Time due) {
    if (due > facts_.freed) return false;
    hidden_.insert({about, LocalDay(from)});
    return true;
  }

  // R5, day by day: when the limit is reached of somebody last seen at `from`, which moves behind pauses.
  absl::Time NoContactDue(absl::Time& from, absl::Time not_before) const {
    const Quiets journey = JourneyQuiets();
    int counted = 0;
    for (absl::CivilDay day = LocalDay(from);; ++day) {
      const bool paused =
          IsQuiet(journey, EndOfDay(day)) ||
          AllQuietOn(day, [this](const std::string& name, const Measure&) { return MeasurePauses(name); });
      if (paused) {
        from = EndOfDay(day);
        counted = -1;  // The day on which it goes on is the one counted from.
        continue;
      }
      if (day == LocalDay(from)) {
        counted = 0;
        continue;
      }
      const bool closed = AllQuietOn(
          day, [this](const std::string& name, const Measure& measure) { return MeasureQuiets(name, measure); });
      if (!closed) ++counted;
      if (counted >= rules_.no_contact_days() && EndOfDay(day) >= not_before) return EndOfDay(day);
      if (StartOfDay(day) > horizon_) return absl::InfiniteFuture();
    }
  }

  void NoContact() {
    std::vector<absl::Time> times = facts_.activity;
    std::sort(times.begin(), times.end());
    const Resolution resolution = ResolutionOf(v1::RULE_NO_CONTACT, "");
    for (size_t i = 0; i < times.size(); ++i) {
      const absl::Time next = i + 1 < times.size() ? times[i + 1] : absl::InfiniteFuture();
      if (next <= resolution.time) continue;
      absl::Time from = std::max(times[i], resolution.time);
      absl::Time not_before = resolution.not_before;
      if (absl::Time begun = from; facts_.watched_from.has_value()) {
        Clock clock{from, NoContactDue(begun, not_before)};
        const absl::Time limit = EndOfDay(WatchDay() + rules_.no_contact_days());
        StartAgainWithWatch(limit, resolution, clock);
        if (clock.from != from) not_before = std::max(not_before, limit);
        from = clock.from;
      }
      const absl::Time due = NoContactDue(from, not_before);
      if (next <= due || due > horizon_ || !AnyRunningAt(due)) continue;
      if (Hide({v1::RULE_NO_CONTACT, ""}, from, due)) continue;
      broken_[{v1::RULE_NO_CONTACT, ""}] = from;
      return;
    }
  }

  // R3 at one end of a step: nothing else was going on until the limit.
  bool IsGap(absl::Time from, absl::Time due) const {
    for (const Assessing& each : facts_.assessments) {
      if (each.begin <= due && (!each.end.has_value() || *each.end > due)) return false;
    }
    for (const absl::Time step_end : facts_.step_ends) {
      if (step_end > from && step_end <= due) return false;
    }
    for (const auto& [name, measure] : facts_.measures) {
      const bool over = measure.end.has_value() && StartOfDay(*measure.end) <= from;
      // What a case was brought in with had been agreed before; nobody knows when.
      if ((measure.approved <= due || measure.brought_in) && !over) return false;
    }
    return true;
  }

  // Whether it may have been known only after the limit of a gap that began at `from`: the gap does not wait for a
  // source that still owes sessions of a measure that had ended.
  bool IsLateNews(const Break& broken, absl::Time from) const {
    const auto measure = facts_.measures.find(broken.about.second);
    return broken.about.first == v1::RULE_MISSED_ATTENDANCE && measure != facts_.measures.end() &&
           measure->second.end.has_value() && StartOfDay(*measure->second.end) <= from;
  }

  // Whether another break stood in the way of a gap at its limit; nothing, if it cannot be told afterwards because the
  // break was a mistake or may have been late news.
  std::optional<bool> OthersOpen(absl::Time from, absl::Time due) const {
    std::optional<bool> open = false;
    for (const auto& [interruption, other] : facts_.breaks) {
      if (other.about.first == v1::RULE_NO_NEXT_MEASURE || other.about.first == v1::RULE_STATUTORY_POINT) continue;
      if (other.due > due || other.end <= due) continue;
      if (!other.retracted && !IsLateNews(other, from)) return true;
      open = std::nullopt;
    }
    return open;
  }

  void NoNextMeasure() {
    const Resolution resolution = ResolutionOf(v1::RULE_NO_NEXT_MEASURE, "");
    std::vector<absl::Time> ends = facts_.step_ends;
    std::sort(ends.begin(), ends.end());
    for (const absl::Time from : ends) {
      if (from < resolution.time) continue;
      Clock clock{from, std::max(EndOfDay(AddOfficeDays(LocalDay(from), rules_.no_next_measure_office_days())),
                                 resolution.not_before)};
      StartAgainWithWatch(EndOfDay(AddOfficeDays(WatchDay(), rules_.no_next_measure_office_days())), resolution, clock);
      clock.StartAgainBehind(JourneyQuiets(), rules_.no_next_measure_office_days());
      if (clock.due > horizon_) return;
      if (!IsGap(from, clock.due) || Hide({v1::RULE_NO_NEXT_MEASURE, ""}, clock.from, clock.due)) continue;
      const std::optional<bool> others_open = OthersOpen(clock.from, clock.due);
      if (!others_open.has_value()) hidden_.insert({{v1::RULE_NO_NEXT_MEASURE, ""}, LocalDay(clock.from)});
      if (others_open.value_or(true)) continue;
      broken_[{v1::RULE_NO_NEXT_MEASURE, ""}] = clock.from;
      return;
    }
  }

  absl::Duration IntervalOf(const Measure& measure) const {
    const auto source = sources_.find(measure.plan.source());
    return source == sources_.end() ? FromProto(rules_.direct_reporting_interval()) : source->second.interval;
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
  // What lies in a quiet time counts as if it were not planned; `quiet_too` gives it all the same.
  std::vector<Session> SessionsOf(const std::string& name, const Measure& measure, absl::Duration interval,
                                  absl::Time covered, bool quiet_too) const {
    const Quiets quiets = MeasureQuiets(name, measure);
    std::vector<Session> sessions;
    const absl::CivilDay last = LastDayOf(measure);
    for (absl::CivilDay day = *measure.start; day <= last; ++day) {
      int on_day = 0;
      for (const auto& weekly : PlanOn(measure, day).sessions()) {
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
        if (quiet_too || !IsQuiet(quiets, session.end)) sessions.push_back(session);
      }
    }
    return sessions;
  }

  static const polku::assessment::v1::PlannedMeasure& PlanOn(const Measure& measure, absl::CivilDay day) {
    for (const auto& [last, plan] : measure.earlier) {
      if (day <= last) return plan;
    }
    return measure.plan;
  }

  // The last day on which a session is expected.
  static absl::CivilDay LastDayOf(const Measure& measure) {
    const absl::CivilDay planned = FromProto(measure.plan.end_date());
    return measure.end.has_value() ? std::min(planned, *measure.end) : planned;
  }

  using Retracted = std::vector<std::pair<absl::Time, absl::Time>>;  // From the first miss to the last one.

  // What a late mark has disproved is not found again by a correction of that mark. A break that fell because it lay
  // behind the end of the measure tells nothing about what lay before.
  Retracted RetractedOf(const std::string& name, const Measure& measure) const {
    Retracted runs;
    for (const auto& [interruption, each] : facts_.breaks) {
      if (each.about != About(v1::RULE_MISSED_ATTENDANCE, name) || !each.retracted) continue;
      if (measure.end.has_value() && each.last_miss > EndOfDay(*measure.end)) continue;
      runs.emplace_back(each.from, each.last_miss);
    }
    return runs;
  }
  static bool IsIn(const Retracted& runs, absl::Time from, absl::Time last) {
    return std::any_of(runs.begin(), runs.end(),
                       [&](const auto& run) { return run.first <= from && last <= run.second; });
  }

  Limited MissesInARow(const std::vector<Session>& sessions, absl::Duration interval, absl::Time floor,
                       const Retracted& retracted) const {
    std::vector<Session> run;
    for (const Session& session : sessions) {
      if (session.end <= floor || session.seen == Seen::kExcused) continue;
      if (session.seen != Seen::kMissed && session.seen != Seen::kMissedUnmarked) {
        run.clear();
        continue;
      }
      run.push_back(session);
      if (run.size() < static_cast<size_t>(rules_.misses_in_a_row())) continue;
      const absl::Duration wait = session.seen == Seen::kMissedUnmarked ? interval : absl::ZeroDuration();
      const absl::Time from = run[run.size() - static_cast<size_t>(rules_.misses_in_a_row())].end;
      if (!IsIn(retracted, from, session.end)) return std::pair(session.end + wait, from);
    }
    return std::nullopt;
  }

  Limited WeekBelowMinimum(const Measure& measure, const std::vector<Session>& sessions, absl::Duration interval,
                           absl::Time floor, const Retracted& retracted) const {
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
      if (IsIn(retracted, StartOfDay(monday), EndOfDay(monday + 6))) continue;
      return std::pair(due, StartOfDay(monday));
    }
    return std::nullopt;
  }

  Limited Missed(const std::string& name, const Measure& measure) const {
    const absl::Duration interval = IntervalOf(measure);
    const auto source = sources_.find(measure.plan.source());
    const absl::Time covered =
        source == sources_.end() ? horizon_ : std::min(horizon_, source->second.complete_through);
    absl::Time floor = ResolutionOf(v1::RULE_MISSED_ATTENDANCE, name).time;
    if (measure.ran_before) floor = std::max(floor, *facts_.watched_from);
    const Retracted retracted = RetractedOf(name, measure);
    const std::vector<Session> sessions = SessionsOf(name, measure, interval, covered, /*quiet_too=*/false);
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
  const pathway::v1::RuleSet& rules_;
  const std::map<std::string, Source>& sources_;
  const std::map<std::string, std::vector<Quiet>>& closures_;
  const absl::Time horizon_;
  Broken broken_;
  std::set<std::pair<About, absl::CivilDay>> hidden_;
};

std::string NameOfFinding(const std::string& client, const std::pair<int, std::string>& finding, absl::Time from) {
  return absl::StrCat(client, " R", finding.first, " ", finding.second, " from ", absl::FormatTime(from, Helsinki()));
}

}  // namespace
}  // namespace naive

std::vector<std::string> CompareWithNaiveRules(const Picture& picture, absl::Time now) {
  const std::map<std::string, naive::Source> sources = naive::SourcesOf(picture);
  // What is due after the last report of the slowest source may be held: it is left out on both sides.
  absl::Time horizon = now;
  for (const auto& [name, source] : sources) horizon = std::min(horizon, source.complete_through);
  const auto closures = naive::ClosuresOf(picture);
  std::vector<std::string> faults;
  for (const auto& [client, facts] : naive::FactsOf(picture)) {
    const pathway::v1::RuleSet* rules =
        CatalogueOfWorlds().RulesOn(facts.pathway, facts.pathway_version, facts.rules_version);
    if (rules == nullptr && !facts.open) continue;
    POLKU_CHECK(rules != nullptr);
    naive::Naive naive(facts, *rules, sources, closures, horizon);
    const naive::Broken expected = naive.Expected();
    naive::Broken actual;
    const auto& state =
        dynamic_cast<const follow_up::v1::JourneyRecord&>(*picture.services[kFollowUp].states.at(client));
    if (std::string fault = naive::CompareLastSeen(client, facts, state); !fault.empty()) faults.push_back(fault);
    for (const auto& open : state.interruptions()) {
      if (absl::FromUnixMicros(open.due_us()) > horizon) continue;
      actual[{open.rule(), open.measure() + open.point()}] = absl::FromUnixMicros(open.counted_from_us());
    }
    // Which limits began again with the watch over a case was decided by the rules of that day: either way is right.
    naive::Facts unchanged = facts;
    unchanged.limits_begin_again = !facts.moved_since;
    const naive::Broken otherwise = naive::Naive(unchanged, *rules, sources, closures, horizon).Expected();
    const auto may_be = [&](const naive::About& finding, absl::Time from) {
      const auto other = otherwise.find(finding);
      return naive.MayBe(finding, from) || (other != otherwise.end() && LocalDay(other->second) == LocalDay(from));
    };
    for (const auto& [finding, from] : expected) {
      const auto open = actual.find(finding);
      if (open == actual.end()) {
        faults.push_back(absl::StrCat("rules: not found: ", naive::NameOfFinding(client, finding, from)));
      } else if (LocalDay(open->second) != LocalDay(from) && !may_be(finding, open->second)) {
        faults.push_back(absl::StrCat("rules: ", naive::NameOfFinding(client, finding, open->second), " instead of ",
                                      absl::FormatTime(from, Helsinki())));
      }
    }
    for (const auto& [finding, from] : actual) {
      if (expected.contains(finding) || may_be(finding, from)) continue;
      faults.push_back(absl::StrCat("rules: found without reason: ", naive::NameOfFinding(client, finding, from)));
    }
  }
  return faults;
}

}  // namespace polku::simulation
