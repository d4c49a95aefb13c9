// Rule R7: a referral that the receiving unit does not answer is reminded of, then told to the network lead.
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"

namespace polku::referral {

// Office days of Finland, counted from the day after the clock started. A level is reached when its last day is
// over. Numbers: the newest rule set, for no pathway is known yet.
struct AnswerPolicy {
  int reminder_office_days = 0;  // 0: nothing is told.
  int escalation_office_days = 0;
};

AnswerPolicy AnswerPolicyOf(const pathway::Catalogue& catalogue);

// The next instant at which a referral becomes overdue by one level more; none while no clock runs.
std::optional<absl::Time> NextOverdue(const v1::Client& state, const AnswerPolicy& policy);

// Tells ReferralOverdue of every level reached by now, each once a clock.
void TellOverdue(const AnswerPolicy& policy, Draft& draft);

}  // namespace polku::referral
