// When nobody is to be asked to call the client: a person has said so until a day, or the referral service has
// restricted the client's processing. Breaks are found all the same, and asked about once it is over.
#pragma once

#include "services/follow-up/domain/draft.h"

namespace polku::follow_up {

// Whether outreach by that rule waits. A person's hold does not keep back R12: it asks for a decision, not for a call.
bool OutreachWaits(const polku::follow_up::v1::JourneyRecord& journey, polku::follow_up::v1::Rule rule);

// Whether it was broken before the go-live and nobody has looked at it yet.
bool IsForReview(const polku::follow_up::v1::JourneyRecord& journey,
                 const polku::follow_up::v1::InterruptionRecord& open);
// Why the outreach of an open interruption is not asked for; unspecified once it is.
polku::follow_up::v1::OutreachWait WaitOf(const polku::follow_up::v1::JourneyRecord& journey,
                                          const polku::follow_up::v1::InterruptionRecord& open);

// Asks the breaker for what nothing else holds back, or asks people once it has agreed (outreach.cc).
void AskForOutreach(Draft& draft);
// The breaker's yes.
void TakeLetThrough(const polku::follow_up::v1::OutreachLetThrough& let, Draft& draft);
// Other rules have just come into force: where they have used up a running ladder's rung in the past, the next one is
// called now, and each rung behind it has its own time from there, so that none is passed over (ladder.cc).
void MoveLadders(Draft& draft);
// When outreach that waits for the client's budget can go on; 0 = none does.
int64_t BudgetReturnsUs(const polku::follow_up::v1::JourneyRecord& journey);

// Before anything else is taken: a hold whose day has come ends at that instant, however late the look.
void EndHoldThatIsOver(Draft& draft);

}  // namespace polku::follow_up
