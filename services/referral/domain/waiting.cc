#include "services/referral/domain/waiting.h"

#include <string>
#include <utility>
#include <vector>

#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"

namespace polku::referral {
namespace {

struct Limit {
  v1::ReferralOverdue::Level level;
  absl::Time due;
};

std::optional<Limit> NextLimit(const v1::Referral& referral, const AnswerPolicy& policy) {
  if (!referral.has_waiting_since() || policy.reminder_office_days == 0) return std::nullopt;
  const absl::CivilDay since = LocalDay(pipeline::FromProto(referral.waiting_since()));
  switch (referral.overdue()) {
    case v1::ReferralOverdue::LEVEL_UNSPECIFIED:
      return Limit{v1::ReferralOverdue::LEVEL_REMINDER, EndOfDay(AddOfficeDays(since, policy.reminder_office_days))};
    case v1::ReferralOverdue::LEVEL_REMINDER:
      return Limit{v1::ReferralOverdue::LEVEL_ESCALATION,
                   EndOfDay(AddOfficeDays(since, policy.escalation_office_days))};
    default:
      return std::nullopt;
  }
}

void TellOverdue(const std::string& name, const AnswerPolicy& policy, Draft& draft) {
  while (true) {
    const v1::Referral& referral = *FindReferral(draft.state(), name);
    const std::optional<Limit> limit = NextLimit(referral, policy);
    if (!limit.has_value() || limit->due > draft.context().now) return;
    v1::ClientEvent event;
    v1::ReferralOverdue& overdue = *event.mutable_referral_overdue();
    overdue.set_referral(name);
    overdue.set_receiving_unit(referral.receiving_unit());
    overdue.set_level(limit->level);
    *overdue.mutable_waiting_since() = referral.waiting_since();
    *overdue.mutable_due_time() = pipeline::ToProto(limit->due);
    draft.Emit(std::move(event));
  }
}

}  // namespace

AnswerPolicy AnswerPolicyOf(const pathway::Catalogue& catalogue) {
  const auto rule_sets = catalogue.rule_sets();
  if (rule_sets.empty()) return {};
  return {rule_sets.back()->referral_reminder_office_days(), rule_sets.back()->referral_escalation_office_days()};
}

std::optional<absl::Time> NextOverdue(const v1::Client& state, const AnswerPolicy& policy) {
  std::optional<absl::Time> next;
  if (state.restricted()) return next;
  for (const v1::Referral& referral : state.referrals()) {
    const std::optional<Limit> limit = NextLimit(referral, policy);
    if (limit.has_value() && (!next.has_value() || limit->due < *next)) next = limit->due;
  }
  return next;
}

void TellOverdue(const AnswerPolicy& policy, Draft& draft) {
  if (draft.state().restricted()) return;
  std::vector<std::string> names;
  for (const v1::Referral& referral : draft.state().referrals()) names.push_back(referral.name());
  for (const std::string& name : names) TellOverdue(name, policy, draft);
}

}  // namespace polku::referral
