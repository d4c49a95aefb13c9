// What is known of the expected sessions, once they are others: PlanRevised, and a measure that starts again.
#include <string>
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/index.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/sessions.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

// Marks of the table on what `after` expects. Columns: day, session, status, minutes.
void Draw(const std::vector<store::Row>& marks, const MeasureRecord& after, std::string& sessions) {
  const Schedule schedule(after);
  for (const store::Row& row : marks) {
    const auto place =
        schedule.Find(DayOfIndex(std::get<int64_t>(row[0])), static_cast<int>(std::get<int64_t>(row[1])));
    if (!place.has_value()) continue;
    AttendanceMark mark;
    mark.set_status(static_cast<AttendanceStatus>(std::get<int64_t>(row[2])));
    mark.set_minutes(static_cast<int32_t>(std::get<int64_t>(row[3])));
    SetMark(sessions, place->ordinal, MarkOf(mark, after));
  }
}

// Marks of the table, and sessions that had counted as missed without one and are still expected.
std::string Redrawn(const MeasureRecord& before, const MeasureRecord& after, const std::vector<store::Row>& marks) {
  std::string sessions;
  const Schedule schedule(after);
  Schedule(before).Visit([&](const Session& session) {
    if (static_cast<size_t>(session.ordinal) >= before.sessions().size()) return false;
    if (MarkAt(before.sessions(), session.ordinal) == kMissedUnmarked) {
      const auto place = schedule.Find(session.day, session.on_day);
      if (place.has_value()) SetMark(sessions, place->ordinal, kMissedUnmarked);
    }
    return true;
  });
  Draw(marks, after, sessions);
  return sessions;
}

void Redraw(const std::string& measure, std::string sessions, Draft& draft) {
  JourneyEvent event;
  event.mutable_sessions_redrawn()->set_measure(measure);
  event.mutable_sessions_redrawn()->set_sessions(std::move(sessions));
  draft.Emit(std::move(event));
}

}  // namespace

void RedrawSessions(const polku::assessment::v1::PlanRevised& revised, const JourneyRecord& before, Draft& draft) {
  for (int i = 0; i < revised.changed_size(); ++i) {
    const std::string& name = revised.changed(i).measure();
    const MeasureRecord* old = FindMeasure(before, name);
    const MeasureRecord* now = FindMeasure(draft.state(), name);
    if (old == nullptr || now == nullptr || !now->has_start_date()) continue;
    const auto index = static_cast<size_t>(i);
    if (index >= draft.context().lookups.size()) return;
    std::string sessions = Redrawn(*old, *now, draft.context().lookups[index]);
    if (sessions != now->sessions()) Redraw(name, std::move(sessions), draft);
  }
}

void RedrawRestarted(const std::string& measure, Draft& draft) {
  if (draft.context().lookups.empty()) return;
  std::string sessions;
  Draw(draft.context().lookups[0], *FindMeasure(draft.state(), measure), sessions);
  if (!sessions.empty()) Redraw(measure, std::move(sessions), draft);
}

}  // namespace polku::follow_up
