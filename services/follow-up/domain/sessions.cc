#include "services/follow-up/domain/sessions.h"

#include <algorithm>
#include <cstdint>

#include "libs/pipeline/proto_time.h"

namespace polku::follow_up {
namespace {

using polku::follow_up::v1::MeasureRecord;

// Monday 0 to Sunday 6; day 0 was a Thursday. Dates before 1970 are real, if unlikely.
int WeekdayOf(int day_number) {
  const int weekday = (day_number + 3) % 7;
  return weekday < 0 ? weekday + 7 : weekday;
}

}  // namespace

char MarkOf(const polku::follow_up::v1::AttendanceMark& mark, const MeasureRecord& measure) {
  switch (mark.status()) {
    case polku::follow_up::v1::ATTENDANCE_STATUS_PRESENT:
      // 0 minutes stand for the whole session.
      return mark.minutes() > 0 && mark.minutes() < measure.plan().day_minutes_min() ? kPresentTooShort : kPresent;
    case polku::follow_up::v1::ATTENDANCE_STATUS_ABSENT:
      return kAbsent;
    case polku::follow_up::v1::ATTENDANCE_STATUS_EXCUSED:
      return kExcused;
    default:
      return kUnmarked;
  }
}

void SetMark(std::string& sessions, int ordinal, char mark) {
  const auto index = static_cast<size_t>(ordinal);
  if (sessions.size() <= index) sessions.resize(index + 1, kUnmarked);
  sessions[index] = mark;
}

Schedule::Week Schedule::WeekOf(const Sessions& sessions, int last_day) {
  absl::InlinedVector<std::array<int, 3>, 8> by_start;  // Weekday, start, end.
  by_start.reserve(static_cast<size_t>(sessions.size()));
  for (const auto& session : sessions) {
    const int weekday = static_cast<int>(session.day()) - 1;  // google.type.DayOfWeek counts Monday as 1.
    if (weekday < 0 || weekday > 6) continue;
    by_start.push_back({weekday, session.start_minute(), session.end_minute()});
  }
  std::sort(by_start.begin(), by_start.end());
  Week week;
  week.last_day = last_day;
  week.end_minutes.reserve(by_start.size());
  for (const auto& [weekday, start, end] : by_start) {
    week.end_minutes.push_back(end);
    for (auto later = static_cast<size_t>(weekday) + 1; later < week.begin.size(); ++later) ++week.begin[later];
  }
  return week;
}

Schedule::Schedule(const MeasureRecord& measure)
    : first_(DayNumberOf(pipeline::FromProto(measure.start_date()))),
      last_(DayNumberOf(pipeline::FromProto(measure.plan().end_date()))) {
  if (measure.has_end_date()) end_ = pipeline::FromProto(measure.end_date());
  weeks_.reserve(static_cast<size_t>(measure.earlier_sessions_size()) + 1);
  for (const auto& earlier : measure.earlier_sessions()) {
    weeks_.push_back(WeekOf(earlier.sessions(), DayNumberOf(pipeline::FromProto(earlier.last_date()))));
  }
  weeks_.push_back(WeekOf(measure.plan().sessions(), last_));
  expects_any_ = std::any_of(weeks_.begin(), weeks_.end(), [](const Week& week) { return !week.end_minutes.empty(); });
}

const Schedule::Week& Schedule::WeekAt(int day_number) const {
  size_t index = 0;
  while (index + 1 < weeks_.size() && weeks_[index].last_day < day_number) ++index;
  return weeks_[index];
}

absl::CivilDay Schedule::first_day() const { return DayOfNumber(first_); }
absl::CivilDay Schedule::last_day() const {
  const absl::CivilDay planned = DayOfNumber(last_);
  return end_.has_value() ? std::min(planned, *end_) : planned;
}

int Schedule::Week::CountOn(int day_number) const {
  const auto weekday = static_cast<size_t>(WeekdayOf(day_number));
  return begin[weekday + 1] - begin[weekday];
}

int Schedule::CountOn(int day_number) const {
  if (day_number < first_ || day_number > last_) return 0;
  const int sessions = WeekAt(day_number).CountOn(day_number);
  return IsPublicHoliday(day_number) ? 0 : sessions;
}

// Whole weeks, the days left over, and the holidays among them back out.
int Schedule::Week::CountBetween(int from, int to) const {
  if (to <= from) return 0;
  int count = (to - from) / 7 * begin.back();
  for (int day = from + (to - from) / 7 * 7; day < to; ++day) count += CountOn(day);
  for (const int holiday : PublicHolidaysIn(from, to - 1)) count -= CountOn(holiday);
  return count;
}

int Schedule::CountBefore(int day_number) const {
  const int end = std::min(day_number, last_ + 1);
  int from = first_;
  int count = 0;
  for (const Week& week : weeks_) {
    const int to = std::min(end, week.last_day + 1);
    count += week.CountBetween(from, to);
    from = std::max(from, to);
  }
  return count;
}

int Schedule::CountInWeekAtMost() const {
  int most = 0;
  for (const Week& week : weeks_) most += week.begin.back();  // Days of two of them may be neighbours.
  return most;
}

int Schedule::CountBefore(absl::CivilDay day) const { return expects_any_ ? CountBefore(DayNumberOf(day)) : 0; }

absl::Time Schedule::EndOf(int day_number, int on_day) const {
  const Week& week = WeekAt(day_number);
  const int index = week.begin[static_cast<size_t>(WeekdayOf(day_number))] + on_day;
  return LocalTime(DayOfNumber(day_number), week.end_minutes[static_cast<size_t>(index)]);
}

std::optional<Session> Schedule::Find(absl::CivilDay day, int on_day) const {
  const int number = DayNumberOf(day);
  if (on_day < 0 || on_day >= CountOn(number)) return std::nullopt;
  return Session{CountBefore(day) + on_day, day, on_day, EndOf(number, on_day)};
}

std::optional<Session> Schedule::At(int ordinal) const {
  if (!expects_any_ || ordinal < 0) return std::nullopt;
  // By whole weeks as long as they cannot pass the session, then day by day.
  int day = first_;
  int left = ordinal;
  const int week = CountInWeekAtMost();
  while (left >= week && day <= last_) {
    day += left / week * 7;
    left = ordinal - CountBefore(day);
  }
  for (; day <= last_ && left >= CountOn(day); ++day) left -= CountOn(day);
  if (day > last_) return std::nullopt;
  return Session{ordinal, DayOfNumber(day), left, EndOf(day, left)};
}

int Schedule::CountEndedBy(absl::Time time) const {
  const absl::CivilDay day = LocalDay(time);
  // A session may end at midnight, the first instant of the next day.
  int count = CountBefore(day);
  const int number = DayNumberOf(day);
  for (int on_day = 0; on_day < CountOn(number); ++on_day) count += EndOf(number, on_day) <= time ? 1 : 0;
  return count;
}

}  // namespace polku::follow_up
