// From an open interruption to somebody who is asked to call: the client's budget of a day, the breaker, the request.
#include <memory>
#include <utility>

#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/breaker.h"
#include "services/follow-up/domain/evidence.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/outreach_hold.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using polku::pipeline::ToProto;

bool IsWithinBudget(const Draft& draft) {
  const JourneyRecord& journey = draft.state();
  return journey.outreach_day() != DayNumberOf(LocalDay(draft.now())) ||
         journey.outreach_count() < draft.rules().outreach_client_day_max();
}

void AskBreaker(const InterruptionRecord& open, Draft& draft) {
  JourneyEvent event;
  OutreachAsked& asked = *event.mutable_outreach_asked();
  asked.set_interruption(open.interruption());
  asked.set_rule(open.rule());
  *asked.mutable_ask_time() = ToProto(draft.now());
  draft.AddStep({kOutreachBreaker, std::make_unique<OutreachAsked>(asked)});
  draft.Emit(std::move(event));
}

void Request(const InterruptionRecord& open, Draft& draft) {
  JourneyEvent event;
  OutreachRequested& outreach = *event.mutable_outreach_requested();
  outreach.set_interruption(open.interruption());
  outreach.set_rule(open.rule());
  outreach.set_measure(open.measure());
  *outreach.mutable_request_time() = ToProto(draft.now());
  *outreach.mutable_due_time() =
      ToProto(EndOfOfficeDay(LocalDay(draft.now()), draft.rules().outreach_first_attempt_office_days()));
  outreach.set_next_step_required(NeedsNextStep(open.rule()));
  draft.Emit(std::move(event));
}

}  // namespace

void AskForOutreach(Draft& draft) {
  for (int i = 0; i < draft.state().interruptions_size(); ++i) {
    const InterruptionRecord open = draft.state().interruptions(i);
    const bool waits = open.ladder_from_us() != 0 || OutreachWaits(draft.state(), open.rule());
    if (waits || IsForReview(draft.state(), open) || open.stage() == OUTREACH_STAGE_ASKED) continue;
    if (open.stage() == OUTREACH_STAGE_LET_THROUGH) {
      Request(open, draft);
    } else if (IsWithinBudget(draft)) {
      AskBreaker(open, draft);
    }
  }
}

void TakeLetThrough(const OutreachLetThrough& let, Draft& draft) {
  for (const InterruptionRecord& open : draft.state().interruptions()) {
    if (open.interruption() != let.interruption() || open.stage() != OUTREACH_STAGE_ASKED) continue;
    if (!OutreachWaits(draft.state(), open.rule())) return Request(InterruptionRecord(open), draft);
    JourneyEvent event;
    *event.mutable_outreach_let_through() = let;
    return draft.Emit(std::move(event));
  }
}

int64_t BudgetReturnsUs(const JourneyRecord& journey) {
  for (const InterruptionRecord& open : journey.interruptions()) {
    if (WaitOf(journey, open) != OUTREACH_WAIT_CLIENT_BUDGET) continue;
    return Micros(EndOfDay(DayOfNumber(journey.outreach_day())));
  }
  return 0;
}

}  // namespace polku::follow_up
