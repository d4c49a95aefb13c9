// Attendance marks: by far the most frequent input, and idempotent by what they say.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::DayFrom;
using polku::pipeline::FromProto;

constexpr int kMinutesOfDay = 1440;
constexpr int kSessionsOfDayMax = 24;

absl::Status CheckFields(const AttendanceMark& mark) {
  if (mark.status() == ATTENDANCE_STATUS_UNSPECIFIED || !AttendanceStatus_IsValid(mark.status())) {
    return InvalidField("status", "must be present, absent or excused");
  }
  if (mark.minutes() < 0 || mark.minutes() > kMinutesOfDay) return InvalidField("minutes", "must be 0 to 1440");
  if (mark.session() < 0 || mark.session() >= kSessionsOfDayMax) return InvalidField("session", "must be 0 to 23");
  if (mark.revision() < 0) return InvalidField("revision", "must not be negative");
  return absl::OkStatus();
}

absl::Status CheckDay(absl::CivilDay day, const MeasureRecord& measure, const Draft& draft) {
  if (day > LocalDay(draft.now())) return InvalidField("date", "must not be in the future");
  const absl::CivilDay last = FromProto(HasEnded(measure) ? measure.end_date() : measure.plan().end_date());
  if (day < FromProto(measure.start_date()) || day > last) {
    return InvalidField("date", "must be between the start and the end of the measure");
  }
  return absl::OkStatus();
}

// What the table `mark` holds of this session: revision, status, minutes.
struct EarlierMark {
  int64_t revision = 0;
  int64_t status = 0;
  int64_t minutes = 0;
};

std::optional<EarlierMark> EarlierOne(const pipeline::Context& context) {
  if (context.lookups.empty() || context.lookups[0].empty()) return std::nullopt;
  const store::Row& row = context.lookups[0][0];
  return EarlierMark{std::get<int64_t>(row[0]), std::get<int64_t>(row[1]), std::get<int64_t>(row[2])};
}

void EmitMiss(const AttendanceMark& mark, const Session& session, Draft& draft) {
  JourneyEvent event;
  AttendanceMissed& missed = *event.mutable_attendance_missed();
  missed.set_measure(mark.measure());
  *missed.mutable_date() = mark.date();
  missed.set_session(mark.session());
  *missed.mutable_session_end_time() = pipeline::ToProto(session.end);
  draft.Emit(std::move(event));
}

void Record(const AttendanceMark& mark, absl::CivilDay day, Draft& draft) {
  const MeasureRecord& measure = *FindMeasure(draft.state(), mark.measure());
  const std::optional<Session> session = Schedule(measure).Find(day, mark.session());
  const bool was_absent = session.has_value() && MarkAt(measure.sessions(), session->ordinal) == kAbsent;
  JourneyEvent event;
  AttendanceRecorded& recorded = *event.mutable_attendance_recorded();
  *recorded.mutable_mark() = mark;
  recorded.set_ordinal(session.has_value() ? session->ordinal : -1);
  // A session outside the plan has no end of its own. Its day, as far as it has gone, is near enough.
  const absl::Time end = session.has_value() ? session->end : EndOfDay(day);
  recorded.set_session_end_us(Micros(std::min(end, draft.now())));
  draft.Emit(std::move(event));
  if (session.has_value() && mark.status() == ATTENDANCE_STATUS_ABSENT && !was_absent) {
    EmitMiss(mark, *session, draft);
  }
}

Reply Taken(bool unchanged) {
  auto taken = std::make_unique<MarkTaken>();
  taken->set_unchanged(unchanged);
  return taken;
}

}  // namespace

absl::StatusOr<Reply> RecordMark(const AttendanceMark& mark, Draft& draft) {
  RETURN_IF_ERROR(CheckFields(mark));
  ASSIGN_OR_RETURN(const absl::CivilDay day, DayFrom(mark.date(), "date"));
  const MeasureRecord* measure = FindMeasure(draft.state(), mark.measure());
  if (measure == nullptr) {
    return WithReason(absl::NotFoundError("the measure is neither planned nor running"), "MEASURE_NOT_FOUND");
  }
  if (!measure->has_start_date()) {
    return WithReason(absl::FailedPreconditionError("the measure has not started"), "MEASURE_NOT_RUNNING");
  }
  RETURN_IF_ERROR(CheckDay(day, *measure, draft));
  if (const std::optional<EarlierMark> earlier = EarlierOne(draft.context()); earlier.has_value()) {
    if (mark.revision() < earlier->revision) return Taken(true);  // Overtaken.
    const bool same = mark.status() == earlier->status && mark.minutes() == earlier->minutes;
    if (mark.revision() == earlier->revision) {
      if (same) return Taken(true);
      return WithReason(absl::AlreadyExistsError("this revision of the mark was recorded with other content"),
                        "REVISION_REUSED");
    }
  }
  Record(mark, day, draft);
  return Taken(false);
}

}  // namespace polku::follow_up
