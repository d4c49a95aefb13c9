#include "services/follow-up/domain/outreach_hold.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/journey.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/views.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

void Release(int64_t time_us, Draft& draft) {
  JourneyEvent event;
  event.mutable_outreach_released()->set_client(draft.state().client());
  *event.mutable_outreach_released()->mutable_release_time() = pipeline::ToProto(At(time_us));
  draft.Emit(std::move(event));
}

absl::Status CheckUntil(const HoldOutreachRequest& request, const Draft& draft) {
  ASSIGN_OR_RETURN(const absl::CivilDay until, pipeline::DayFrom(request.until_date(), "until_date"));
  const absl::CivilDay today = LocalDay(draft.now());
  if (until <= today) return InvalidField("until_date", "must be after today");
  const int days_max = draft.rules().outreach_hold_days_max();
  if (until - today <= days_max) return absl::OkStatus();
  return InvalidField("until_date", absl::StrCat("must be at most ", days_max, " days from today"));
}

}  // namespace

bool OutreachWaits(const JourneyRecord& journey, Rule rule) {
  return journey.restricted() || (journey.outreach_held_until_us() != 0 && rule != RULE_CHANGED_CIRCUMSTANCE);
}

bool IsForReview(const JourneyRecord& journey, const InterruptionRecord& open) {
  return open.due_us() <= journey.watch_from_us() && !open.reviewed();
}

OutreachWait WaitOf(const JourneyRecord& journey, const InterruptionRecord& open) {
  if (open.ladder_from_us() != 0) return OUTREACH_WAIT_UNSPECIFIED;
  // Also of a held one: the breaker owes it an answer.
  if (open.stage() == OUTREACH_STAGE_ASKED) return OUTREACH_WAIT_BREAKER;
  if (IsForReview(journey, open)) return OUTREACH_WAIT_REVIEW;
  return OutreachWaits(journey, open.rule()) ? OUTREACH_WAIT_HELD : OUTREACH_WAIT_CLIENT_BUDGET;
}

void EndHoldThatIsOver(Draft& draft) {
  const int64_t until_us = draft.state().outreach_held_until_us();
  if (until_us != 0 && until_us <= draft.now_us()) Release(until_us, draft);
}

absl::StatusOr<Reply> HoldOutreach(const HoldOutreachRequest& request, Draft& draft) {
  RETURN_IF_ERROR(RequireNamedUser("hold back outreach", draft.context()));
  RETURN_IF_ERROR(CheckUntil(request, draft));
  if (request.reason() == OUTREACH_HOLD_REASON_UNSPECIFIED || !OutreachHoldReason_IsValid(request.reason())) {
    return InvalidField("reason", "must be one of the listed reasons");
  }
  JourneyEvent event;
  OutreachHeld& held = *event.mutable_outreach_held();
  held.set_client(request.client());
  *held.mutable_until_date() = request.until_date();
  held.set_reason(request.reason());
  *held.mutable_hold_time() = pipeline::ToProto(draft.now());
  draft.Emit(std::move(event));
  return std::make_unique<OutreachHold>(OutreachHoldView(draft.state()));
}

absl::StatusOr<Reply> ReleaseOutreach(const ReleaseOutreachRequest&, Draft& draft) {
  if (draft.state().outreach_held_until_us() == 0) {
    return WithReason(absl::FailedPreconditionError("no outreach of the client is held back"), "OUTREACH_NOT_HELD");
  }
  Release(draft.now_us(), draft);
  return std::make_unique<OutreachHold>(OutreachHoldView(draft.state()));
}

}  // namespace polku::follow_up
