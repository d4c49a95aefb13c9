// The attendance a measure expects: its weekly sessions from the actual start to the planned end,
// public holidays left out. A revised plan counts from the day after its approval. A pure function of plan and start,
// so a session is known by its ordinal alone and one character of state is enough for it.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/calendar.h"
#include "polku/follow_up/v1/state.pb.h"

namespace polku::follow_up {

// What is known of a session, as MeasureRecord.sessions holds it.
enum SessionMark : char {
  kUnmarked = '.',
  kPresent = 'P',
  kPresentTooShort = 'p',  // Came, but for less than a day of attendance takes.
  kAbsent = 'A',
  kExcused = 'E',
  kNotExpected = '-',     // Only in what the rules read (spells.h), never in the state.
  kMissedUnmarked = 'U',  // Nobody marked it, although everything up to it has been reported.
};

inline bool IsPresent(char mark) { return mark == kPresent || mark == kPresentTooShort; }
inline bool IsMiss(char mark) { return mark == kAbsent || mark == kMissedUnmarked; }
// Also for sessions behind the end of the string.
inline char MarkAt(absl::string_view sessions, int ordinal) {
  return static_cast<size_t>(ordinal) < sessions.size() ? sessions[static_cast<size_t>(ordinal)] : '.';
}
// How the mark is kept.
char MarkOf(const polku::follow_up::v1::AttendanceMark& mark, const polku::follow_up::v1::MeasureRecord& measure);
// Fills up with unmarked sessions as far as needed.
void SetMark(std::string& sessions, int ordinal, char mark);

struct Session {
  int ordinal = 0;  // Among all sessions of the measure, from 0.
  absl::CivilDay day;
  int on_day = 0;  // Among those of the day, by start, from 0.
  absl::Time end;
};

class Schedule {
 public:
  // Of a measure that has started. `measure` is read here only.
  explicit Schedule(const polku::follow_up::v1::MeasureRecord& measure);

  // The `on_day`-th session of `day`; none when there is no such session.
  std::optional<Session> Find(absl::CivilDay day, int on_day) const;
  // None behind the last.
  std::optional<Session> At(int ordinal) const;
  // In order, until `visit(const Session&)` says false.
  template <class Visitor>
  void Visit(Visitor visit) const {
    int ordinal = 0;
    for (int day = first_; day <= last_ && expects_any_; ++day) {
      for (int i = 0, sessions = CountOn(day); i < sessions; ++i, ++ordinal) {
        if (!visit(Session{ordinal, DayOfNumber(day), i, EndOf(day, i)})) return;
      }
    }
  }
  // How many sessions lie on days from the start up to but not including `day`.
  int CountBefore(absl::CivilDay day) const;
  // How many sessions have ended by `time`.
  int CountEndedBy(absl::Time time) const;
  // Days are numbered as by DayNumberOf in libs/base/calendar.h.
  int CountOn(int day_number) const;

  absl::CivilDay first_day() const;
  // Of the plan or, if that is earlier, of the measure: nothing is expected behind its end.
  absl::CivilDay last_day() const;

 private:
  // What a week expects, up to a day.
  struct Week {
    int last_day = 0;
    // Of weekday d, Monday 0, the sessions are begin[d] to begin[d + 1] of `end_minutes`, by start.
    std::array<int, 8> begin = {};
    absl::InlinedVector<int, 8> end_minutes;

    // Holidays count as any day.
    int CountOn(int day_number) const;
    // From `from` up to but not including `to`, holidays left out.
    int CountBetween(int from, int to) const;
  };
  using Sessions = google::protobuf::RepeatedPtrField<polku::common::v1::WeeklySession>;

  static Week WeekOf(const Sessions& sessions, int last_day);
  const Week& WeekAt(int day_number) const;
  int CountBefore(int day_number) const;
  // No seven days in a row have more sessions.
  int CountInWeekAtMost() const;
  absl::Time EndOf(int day_number, int on_day) const;

  int first_ = 0;
  int last_ = 0;
  std::optional<absl::CivilDay> end_;  // Of a measure that has ended.
  bool expects_any_ = false;
  absl::InlinedVector<Week, 1> weeks_;  // In order of last_day; the last one is the plan's.
};

}  // namespace polku::follow_up
