#include "services/follow-up/domain/sessions.h"

#include <algorithm>
#include <cstdint>

#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"

namespace polku::follow_up {
namespace {

using polku::follow_up::v1::MeasureRecord;

constexpr absl::CivilDay kDayZero(1970, 1, 1);
constexpr int kDaysInTable = 84000;  // To the end of 2199, the last year that a date may have.

// Monday 0 to Sunday 6; day 0 was a Thursday. Dates before 1970 are real, if unlikely.
int WeekdayOf(int day_number) {
  const int weekday = (day_number + 3) % 7;
  return weekday < 0 ? weekday + 7 : weekday;
}

bool IsHoliday(int day_number) {
  static const std::vector<uint8_t>& table = *[] {
    auto* days = new std::vector<uint8_t>(kDaysInTable);
    for (int i = 0; i < kDaysInTable; ++i) (*days)[static_cast<size_t>(i)] = IsPublicHoliday(DayOfNumber(i)) ? 1 : 0;
    return days;
  }();
  if (day_number < 0 || day_number >= kDaysInTable) return IsPublicHoliday(DayOfNumber(day_number));
  return table[static_cast<size_t>(day_number)] != 0;
}

}  // namespace

int DayNumberOf(absl::CivilDay day) { return static_cast<int>(day - kDayZero); }
absl::CivilDay DayOfNumber(int day_number) { return kDayZero + day_number; }

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
  std::vector<std::array<int, 3>> by_start;  // Weekday, start, end.
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

int Schedule::CountOn(int day_number) const {
  if (day_number < first_ || day_number > last_ || IsHoliday(day_number)) return 0;
  const auto weekday = static_cast<size_t>(WeekdayOf(day_number));
  const Week& week = WeekAt(day_number);
  return week.begin[weekday + 1] - week.begin[weekday];
}

// Day by day: holidays make closed arithmetic longer than it is fast, and the calendar is a table.
int Schedule::CountBefore(absl::CivilDay day) const {
  if (!expects_any_) return 0;
  const int end = std::min(DayNumberOf(day), last_ + 1);
  int count = 0;
  for (int each = first_; each < end; ++each) count += CountOn(each);
  return count;
}

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
  int before = 0;
  for (int day = first_; day <= last_; ++day) {
    const int sessions = CountOn(day);
    if (ordinal < before + sessions) {
      return Session{ordinal, DayOfNumber(day), ordinal - before, EndOf(day, ordinal - before)};
    }
    before += sessions;
  }
  return std::nullopt;
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
