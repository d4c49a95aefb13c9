#include "services/follow-up/domain/sessions.h"

#include <algorithm>
#include <cstdint>
#include <utility>

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

void SetMark(std::string& sessions, int ordinal, char mark) {
  const auto index = static_cast<size_t>(ordinal);
  if (sessions.size() <= index) sessions.resize(index + 1, kUnmarked);
  sessions[index] = mark;
}

Schedule::Schedule(const MeasureRecord& measure)
    : first_(DayNumberOf(pipeline::FromProto(measure.start_date()))),
      last_(DayNumberOf(pipeline::FromProto(measure.plan().end_date()))) {
  std::array<std::vector<std::pair<int, int>>, 7> start_and_end;
  for (const auto& session : measure.plan().sessions()) {
    const int weekday = static_cast<int>(session.day()) - 1;  // google.type.DayOfWeek counts Monday as 1.
    if (weekday < 0 || weekday > 6) continue;
    start_and_end[static_cast<size_t>(weekday)].emplace_back(session.start_minute(), session.end_minute());
  }
  for (size_t weekday = 0; weekday < 7; ++weekday) {
    std::sort(start_and_end[weekday].begin(), start_and_end[weekday].end());
    for (const auto& [start, end] : start_and_end[weekday]) end_minutes_[weekday].push_back(end);
    per_week_ += static_cast<int>(end_minutes_[weekday].size());
  }
}

absl::CivilDay Schedule::first_day() const { return DayOfNumber(first_); }
absl::CivilDay Schedule::last_day() const { return DayOfNumber(last_); }

int Schedule::CountOn(int day_number) const {
  if (day_number < first_ || day_number > last_ || IsHoliday(day_number)) return 0;
  return static_cast<int>(end_minutes_[static_cast<size_t>(WeekdayOf(day_number))].size());
}

// Day by day: holidays make closed arithmetic longer than it is fast, and the calendar is a table.
int Schedule::CountBefore(absl::CivilDay day) const {
  if (per_week_ == 0) return 0;
  const int end = std::min(DayNumberOf(day), last_ + 1);
  int count = 0;
  for (int each = first_; each < end; ++each) count += CountOn(each);
  return count;
}

absl::Time Schedule::EndOf(int day_number, int on_day) const {
  return LocalTime(DayOfNumber(day_number),
                   end_minutes_[static_cast<size_t>(WeekdayOf(day_number))][static_cast<size_t>(on_day)]);
}

std::optional<Session> Schedule::Find(absl::CivilDay day, int on_day) const {
  const int number = DayNumberOf(day);
  if (on_day < 0 || on_day >= CountOn(number)) return std::nullopt;
  return Session{CountBefore(day) + on_day, day, on_day, EndOf(number, on_day)};
}

std::optional<Session> Schedule::At(int ordinal) const {
  if (per_week_ == 0 || ordinal < 0) return std::nullopt;
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
