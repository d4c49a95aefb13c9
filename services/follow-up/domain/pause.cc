// Agreed pauses: AgreePause, EndPause, and R6, the pause that goes on behind its resume date.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/findings.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/sessions.h"
#include "services/follow-up/domain/spells.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pathway::v1::RuleSet;
using polku::pipeline::DayFrom;
using polku::pipeline::FromProto;

constexpr int kPausesMax = 100;

// Whether a mark says that the client was there between the resume date and the limit. A presence
// outside the plan counts whenever it was: only the latest one is known.
bool CameBack(const MeasureRecord& measure, const Finding& finding) {
  if (measure.last_unplanned_us() > finding.counted_from_us) return true;
  if (!measure.has_start_date() || measure.sessions().empty()) return false;
  bool came = false;
  Schedule(measure).Visit([&](const Session& session) {
    const char mark = MarkAt(measure.sessions(), session.ordinal);
    const int64_t end = Micros(session.end);
    came = IsPresent(mark) && end > finding.counted_from_us && end <= finding.due_us;
    return !came && static_cast<size_t>(session.ordinal) < measure.sessions().size();
  });
  return came;
}

// Another pause holds when this one is over: that one's resume date is asked about.
bool GoesOnInAnother(const JourneyRecord& journey, const PauseRecord& pause, int64_t due_us) {
  return std::any_of(journey.pauses().begin(), journey.pauses().end(), [&](const PauseRecord& other) {
    const bool bears = other.measure().empty() || other.measure() == pause.measure();
    return bears && other.from_us() < due_us && other.to_us() > pause.to_us();
  });
}

// Nobody is late before the first session behind the pause could have been marked. A measure that starts when the
// limit is over is none to come back to.
int64_t FirstMarkUs(const JourneyRecord& journey, const MeasureRecord& measure, int64_t resume_us, int64_t limit_us,
                    const RuleSet& rules) {
  if (!measure.has_start_date() || Micros(StartOfDay(FromProto(measure.start_date()))) >= limit_us) return 0;
  const int64_t end = NextSessionEndUs(journey, measure, resume_us);
  return end == 0 ? 0 : end + ReportingIntervalUs(measure, rules);
}

std::optional<Finding> Overrun(const JourneyRecord& journey, const MeasureRecord* measure, const PauseRecord& pause,
                               const RuleSet& rules) {
  const int days = rules.pause_overrun_office_days();
  Finding finding{RULE_PAUSE_OVERRUN, pause.measure(), pause.to_us(),
                  Micros(EndOfOfficeDay(LocalDay(At(pause.to_us())), days))};
  // Asked about once; after a resolution only if a next step was agreed, and then by that day.
  const Floor* floor = FindFloor(journey, RULE_PAUSE_OVERRUN, pause.measure());
  if (floor != nullptr && floor->counted_from_us() >= finding.due_us &&
      floor->not_before_us() <= floor->counted_from_us()) {
    return std::nullopt;
  }
  finding =
      Behind(measure == nullptr ? SpellsOf(journey) : SpellsOf(journey, *measure), days, AboveFloor(journey, finding));
  int64_t first_mark_us = 0;
  for (const MeasureRecord& each : journey.measures()) {
    if (measure != nullptr && &each != measure) continue;
    const int64_t mark_us = FirstMarkUs(journey, each, pause.to_us(), finding.due_us, rules);
    if (HasEnded(each) && Micros(StartOfDay(FromProto(each.end_date()))) < std::max(finding.due_us, mark_us)) {
      if (measure != nullptr) return std::nullopt;
      continue;
    }
    if (mark_us != 0 && (first_mark_us == 0 || mark_us < first_mark_us)) first_mark_us = mark_us;
  }
  finding.due_us = std::max(finding.due_us, first_mark_us);
  if (GoesOnInAnother(journey, pause, finding.due_us)) return std::nullopt;
  for (const MeasureRecord& each : journey.measures()) {
    if ((measure == nullptr || &each == measure) && CameBack(each, finding)) return std::nullopt;
  }
  return finding;
}

absl::Status CheckDays(const AgreePauseRequest& request, const Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay start, DayFrom(request.start_date(), "start_date"));
  ASSIGN_OR_RETURN(const absl::CivilDay resume, DayFrom(request.resume_date(), "resume_date"));
  if (resume <= start) return InvalidField("resume_date", "must be after start_date");
  const int days_max = draft.rules().pause_days_max();
  if (resume - start <= days_max) return absl::OkStatus();
  return InvalidField("resume_date", absl::StrCat("must be at most ", days_max, " days after start_date"));
}

absl::Status CheckMeasure(const AgreePauseRequest& request, const Draft& draft) {
  if (request.measure().empty()) return absl::OkStatus();
  if (!IsResourceName(request.measure(), "clients/*/measures/*")) {
    return InvalidField("measure", "must be a name like \"clients/*/measures/*\", or empty");
  }
  const MeasureRecord* measure = FindMeasure(draft.state(), request.measure());
  if (measure != nullptr && !HasEnded(*measure)) return absl::OkStatus();
  return WithReason(absl::NotFoundError("the measure is neither planned nor running"), "MEASURE_NOT_FOUND");
}

const PauseRecord* FindPause(const JourneyRecord& journey, absl::string_view name) {
  for (const PauseRecord& each : journey.pauses()) {
    if (each.pause() == name) return &each;
  }
  return nullptr;
}

}  // namespace

std::optional<Finding> PauseOverrun(const JourneyRecord& journey, const MeasureRecord* measure, const RuleSet& rules) {
  std::optional<Finding> first;
  for (const PauseRecord& pause : journey.pauses()) {
    if (pause.ended() || pause.measure() != (measure == nullptr ? "" : measure->plan().measure())) continue;
    const std::optional<Finding> finding = Overrun(journey, measure, pause, rules);
    if (!finding.has_value()) continue;
    // By instants alone, so that it does not matter which pause was told first.
    const auto clock = [](const Finding& each) { return std::pair(each.due_us, each.counted_from_us); };
    if (!first.has_value() || clock(*finding) < clock(*first)) first = finding;
  }
  return first;
}

bool SamePauseOverruns(const JourneyRecord& journey, const JourneyRecord& other, const RuleSet& rules) {
  const auto& pauses = journey.pauses();
  return std::all_of(pauses.begin(), pauses.end(), [&](const PauseRecord& pause) {
    if (pause.ended() || !pause.measure().empty()) return true;
    return SameLimit(Overrun(journey, nullptr, pause, rules), Overrun(other, nullptr, pause, rules));
  });
}

absl::StatusOr<Reply> AgreePause(const AgreePauseRequest& request, Draft& draft) {
  RETURN_IF_ERROR(RequireNamedUser("agree on a pause", draft.context()));
  RETURN_IF_ERROR(CheckDays(request, draft));
  if (request.reason() == PAUSE_REASON_UNSPECIFIED || !PauseReason_IsValid(request.reason())) {
    return InvalidField("reason", "must be one of the listed reasons");
  }
  RETURN_IF_ERROR(CheckMeasure(request, draft));
  if (draft.state().pauses_size() >= kPausesMax) {
    return WithReason(absl::FailedPreconditionError("the client has too many pauses"), "TOO_MANY_PAUSES");
  }
  JourneyEvent event;
  PauseAgreed& agreed = *event.mutable_pause_agreed();
  agreed.set_pause(absl::StrCat(request.client(), "/pauses/", draft.state().pauses_numbered() + 1));
  agreed.set_measure(request.measure());
  *agreed.mutable_start_date() = request.start_date();
  *agreed.mutable_resume_date() = request.resume_date();
  *agreed.mutable_agree_time() = pipeline::ToProto(draft.now());
  agreed.set_reason(request.reason());
  draft.Emit(std::move(event));
  return std::make_unique<Pause>(PauseView(*draft.state().pauses().rbegin()));
}

absl::StatusOr<Reply> EndPause(const EndPauseRequest& request, Draft& draft) {
  RETURN_IF_ERROR(RequireNamedUser("end a pause", draft.context()));
  ASSIGN_OR_RETURN(const absl::CivilDay end, DayFrom(request.end_date(), "end_date"));
  const PauseRecord* pause = FindPause(draft.state(), request.name());
  if (pause == nullptr) return WithReason(absl::NotFoundError("there is no such pause"), "PAUSE_NOT_FOUND");
  if (pause->ended()) {
    if (Micros(StartOfDay(end)) == pause->to_us()) return std::make_unique<Pause>(PauseView(*pause));  // Said before.
    return WithReason(absl::FailedPreconditionError("the pause has been ended already"), "PAUSE_ENDED");
  }
  if (end < LocalDay(At(pause->from_us())) || end > LocalDay(At(pause->to_us()))) {
    return InvalidField("end_date", "must be between the start and the resume date of the pause");
  }
  if (end > LocalDay(draft.now())) return InvalidField("end_date", "must not be in the future");
  JourneyEvent event;
  event.mutable_pause_ended()->set_pause(request.name());
  *event.mutable_pause_ended()->mutable_end_date() = request.end_date();
  draft.Emit(std::move(event));
  return std::make_unique<Pause>(PauseView(*FindPause(draft.state(), request.name())));
}

}  // namespace polku::follow_up
