#include "services/assessment/domain/sessions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/base/calendar.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/assessment/domain/assessments.h"

namespace polku::assessment {
namespace {

using pipeline::FromProto;
using pipeline::ToProto;

// Bounds the aggregate; an assessment has a handful.
constexpr int kSessionsMax = 200;
// Below a mistyped year.
constexpr int kStartYearsAheadMax = 1;

absl::StatusOr<absl::Time> StartOf(const v1::ScheduleSessionRequest& request, const v1::Assessment& assessment,
                                   absl::Time now) {
  ASSIGN_OR_RETURN(const absl::Time start, pipeline::TimeFrom(request.start_time(), "start_time"));
  if (LocalDay(start) < LocalDay(FromProto(assessment.open_time()))) {
    return InvalidField("start_time", "is before the day on which the assessment opened");
  }
  const absl::CivilDay today = LocalDay(now);
  if (LocalDay(start) > absl::CivilDay(today.year() + kStartYearsAheadMax, today.month(), today.day())) {
    return InvalidField("start_time", absl::StrCat("is more than ", kStartYearsAheadMax, " year ahead"));
  }
  return start;
}

v1::SessionState StateAfter(v1::SessionOutcome outcome) {
  switch (outcome) {
    case v1::SESSION_OUTCOME_ATTENDED:
      return v1::SESSION_STATE_HELD;
    case v1::SESSION_OUTCOME_MISSED:
      return v1::SESSION_STATE_MISSED;
    case v1::SESSION_OUTCOME_CANCELLED_BY_CLIENT:
    case v1::SESSION_OUTCOME_CANCELLED_BY_UNIT:
      return v1::SESSION_STATE_CANCELLED;
    default:
      return v1::SESSION_STATE_UNSPECIFIED;
  }
}

template <class Fact>
void Fill(const v1::Session& session, Fact& fact) {
  fact.set_session(session.name());
  fact.set_assessment(session.assessment());
  *fact.mutable_start_time() = session.start_time();
}

// What others are told of a session that is recorded as it is.
v1::ClientAssessmentEvent FactOf(const v1::Session& session) {
  v1::ClientAssessmentEvent event;
  if (session.state() == v1::SESSION_STATE_HELD) {
    Fill(session, *event.mutable_session_held());
  } else if (session.state() == v1::SESSION_STATE_MISSED) {
    Fill(session, *event.mutable_session_missed());
  } else if (session.state() == v1::SESSION_STATE_CANCELLED) {
    event.mutable_session_cancelled()->set_session(session.name());
    event.mutable_session_cancelled()->set_assessment(session.assessment());
    *event.mutable_session_cancelled()->mutable_cancel_time() = session.record_time();
  } else {
    Fill(session, *event.mutable_session_scheduled());
  }
  return event;
}

void Put(const v1::Session& session, Draft& draft) {
  v1::ClientAssessmentEvent recorded;
  *recorded.mutable_session_recorded()->mutable_session() = session;
  draft.Emit(std::move(recorded));
  draft.Emit(FactOf(session));
}

void Record(v1::Session session, v1::SessionOutcome outcome, Draft& draft) {
  session.set_outcome(outcome);
  session.set_state(StateAfter(outcome));
  *session.mutable_record_time() = ToProto(draft.now());
  Put(session, draft);
}

}  // namespace

absl::StatusOr<Decision> ScheduleSession(const v1::ClientAssessment& state, const v1::ScheduleSessionRequest& request,
                                         const pathway::Catalogue& catalogue, const pipeline::Context& context) {
  const v1::Assessment* assessment = FindAssessment(state, request.assessment());
  RETURN_IF_ERROR(CheckOpen(assessment));
  if (state.sessions_size() >= kSessionsMax) {
    return WithReason(absl::FailedPreconditionError("schedule session: the client has too many"), "TOO_MANY_SESSIONS");
  }
  ASSIGN_OR_RETURN(const absl::Time start, StartOf(request, *assessment, context.now));
  // A session entered afterwards gets its time from now.
  const absl::CivilDay count_from = LocalDay(std::max(start, context.now));
  v1::Session session;
  session.set_name(absl::StrCat(context.key, "/sessions/", NextNumber(state.sessions())));
  session.set_assessment(assessment->name());
  session.set_state(v1::SESSION_STATE_SCHEDULED);
  *session.mutable_start_time() = ToProto(start);
  *session.mutable_record_due_time() =
      ToProto(EndOfDay(AddOfficeDays(count_from, StageOf(*assessment, catalogue).session_record_office_days())));
  Draft draft(state, context);
  Put(session, draft);
  return std::move(draft).ReplyWith(std::move(session));
}

absl::StatusOr<Decision> RecordSession(const v1::ClientAssessment& state, const v1::RecordSessionRequest& request,
                                       const pipeline::Context& context) {
  const v1::Session* session = FindSession(state, request.name());
  if (session == nullptr) return absl::NotFoundError("record session: no such session");
  const v1::SessionState after = StateAfter(request.outcome());
  if (after == v1::SESSION_STATE_UNSPECIFIED) return InvalidField("outcome", "must be given");
  if (after != v1::SESSION_STATE_CANCELLED && FromProto(session->start_time()) > context.now) {
    return WithReason(absl::FailedPreconditionError("record session: it has not begun"), "SESSION_NOT_BEGUN");
  }
  if (session->outcome() == request.outcome()) {
    return WithReason(absl::FailedPreconditionError("record session: it is recorded so already"), "SESSION_RECORDED");
  }
  Draft draft(state, context);
  Record(*session, request.outcome(), draft);
  v1::Session reply = *FindSession(draft.state(), request.name());
  return std::move(draft).ReplyWith(std::move(reply));
}

void CallOffSessions(const std::string& assessment, Draft& draft) {
  std::vector<v1::Session> to_come;
  for (const v1::Session& session : draft.state().sessions()) {
    if (session.assessment() == assessment && session.state() == v1::SESSION_STATE_SCHEDULED &&
        FromProto(session.start_time()) > draft.now()) {
      to_come.push_back(session);
    }
  }
  for (v1::Session& session : to_come) Record(std::move(session), v1::SESSION_OUTCOME_CANCELLED_BY_UNIT, draft);
}

}  // namespace polku::assessment
