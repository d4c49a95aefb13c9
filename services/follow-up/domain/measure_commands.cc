// StartMeasure, CompleteMeasure, EndMeasureEarly.
#include <memory>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::DayFrom;
using polku::pipeline::FromProto;

absl::Status NotFound() {
  return WithReason(absl::NotFoundError("the measure is neither planned nor running"), "MEASURE_NOT_FOUND");
}

absl::StatusOr<absl::CivilDay> PastDay(const google::type::Date& date, absl::string_view field, const Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay day, DayFrom(date, field));
  if (day > LocalDay(draft.now())) return InvalidField(field, "must not be in the future");
  return day;
}

// The reply shows the measure as it was before it left the state.
Reply Ended(Measure view, MeasurePhase phase, const google::type::Date& day, EndReason reason) {
  view.set_phase(phase);
  *view.mutable_end_date() = day;
  view.set_end_reason(reason);
  return std::make_unique<Measure>(std::move(view));
}

}  // namespace

absl::StatusOr<Reply> StartMeasure(const StartMeasureRequest& request, Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay day, PastDay(request.start_date(), "start_date", draft));
  const MeasureRecord* measure = FindMeasure(draft.state(), request.name());
  if (measure == nullptr) return NotFound();
  if (measure->phase() == MEASURE_PHASE_RUNNING && FromProto(measure->start_date()) == day) {
    return std::make_unique<Measure>(MeasureView(*measure));  // Said before.
  }
  if (measure->phase() != MEASURE_PHASE_PLANNED) {
    return WithReason(absl::FailedPreconditionError("the measure has started or ended already"), "MEASURE_NOT_PLANNED");
  }
  if (day > FromProto(measure->plan().end_date())) {
    return InvalidField("start_date", "must not be after the planned end");
  }
  JourneyEvent event;
  event.mutable_measure_started()->set_measure(request.name());
  *event.mutable_measure_started()->mutable_start_date() = request.start_date();
  const bool again = measure->start_voided();
  draft.Emit(std::move(event));
  if (again) RedrawRestarted(request.name(), draft);
  return std::make_unique<Measure>(MeasureView(*FindMeasure(draft.state(), request.name())));
}

absl::StatusOr<Reply> CompleteMeasure(const CompleteMeasureRequest& request, Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay day, PastDay(request.end_date(), "end_date", draft));
  const MeasureRecord* measure = FindMeasure(draft.state(), request.name());
  if (measure == nullptr) return NotFound();
  if (measure->phase() != MEASURE_PHASE_RUNNING) {
    return WithReason(absl::FailedPreconditionError("the measure is not running"), "MEASURE_NOT_RUNNING");
  }
  if (day < FromProto(measure->start_date())) return InvalidField("end_date", "must not be before the start");
  const Measure before = MeasureView(*measure);
  JourneyEvent event;
  event.mutable_measure_completed()->set_measure(request.name());
  *event.mutable_measure_completed()->mutable_end_date() = request.end_date();
  draft.Emit(std::move(event));
  return Ended(before, MEASURE_PHASE_COMPLETED, request.end_date(), END_REASON_UNSPECIFIED);
}

absl::StatusOr<Reply> EndMeasureEarly(const EndMeasureEarlyRequest& request, Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay day, PastDay(request.end_date(), "end_date", draft));
  if (request.reason() == END_REASON_UNSPECIFIED || !EndReason_IsValid(request.reason())) {
    return InvalidField("reason", "must be one of the listed reasons");
  }
  const MeasureRecord* measure = FindMeasure(draft.state(), request.name());
  if (measure == nullptr) return NotFound();
  if (HasEnded(*measure)) {
    return WithReason(absl::FailedPreconditionError("the measure has ended already"), "MEASURE_NOT_RUNNING");
  }
  if (measure->has_start_date() && day < FromProto(measure->start_date())) {
    return InvalidField("end_date", "must not be before the start");
  }
  const Measure before = MeasureView(*measure);
  JourneyEvent event;
  MeasureEndedEarly& ended = *event.mutable_measure_ended_early();
  ended.set_measure(request.name());
  *ended.mutable_end_date() = request.end_date();
  ended.set_reason(request.reason());
  draft.Emit(std::move(event));
  return Ended(before, MEASURE_PHASE_ENDED_EARLY, request.end_date(), request.reason());
}

}  // namespace polku::follow_up
