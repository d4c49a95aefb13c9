#include "tools/demo/comparison.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/pipeline/proto_time.h"

namespace polku::demo {
namespace {

using follow_up::v1::Interruption;
using follow_up::v1::InterruptionState;

constexpr int kPageSize = 200;

// Reads all pages; a page that fails is noted with the caller and ends the list.
std::vector<Interruption> ListAll(InterruptionState state, Caller& caller) {
  std::vector<Interruption> all;
  std::string token;
  do {
    follow_up::v1::ListInterruptionsRequest request;
    request.set_state(state);
    request.set_page_size(kPageSize);
    request.set_page_token(token);
    token.clear();
    caller.Call(&FollowUps::ListInterruptions, kLead, "list interruptions", std::move(request),
                [&](const follow_up::v1::ListInterruptionsResponse& page) {
                  all.insert(all.end(), page.interruptions().begin(), page.interruptions().end());
                  token = page.next_page_token();
                });
    caller.WaitForAll();
  } while (!token.empty());
  return all;
}

void CountReferrals(Found& found, Caller& caller) {
  std::string token;
  do {
    referral::v1::ListReferralsRequest request;
    request.set_page_size(kPageSize);
    request.set_page_token(token);
    token.clear();
    caller.Call(&Referrals::ListReferrals, kIntake, "list referrals", std::move(request),
                [&](const referral::v1::ListReferralsResponse& page) {
                  for (const referral::v1::Referral& referral : page.referrals()) {
                    ++found.referrals;
                    const bool opened = referral.state() == referral::v1::REFERRAL_STATE_IN_SERVICE ||
                                        referral.state() == referral::v1::REFERRAL_STATE_CLOSED;
                    found.journeys += opened ? 1 : 0;
                  }
                  token = page.next_page_token();
                });
    caller.WaitForAll();
  } while (!token.empty());
}

Break BreakOf(const Interruption& interruption, const Office& office) {
  Break found;
  found.client = office.NumberOf(ClientOf(interruption.name()).value_or(""));
  found.rule = interruption.rule();
  found.retracted = interruption.state() == follow_up::v1::INTERRUPTION_STATE_RETRACTED;
  if (!interruption.measure().empty()) {
    (void)absl::SimpleAtoi(LastSegment(interruption.measure()), &found.measure);
  }
  found.counted_from = LocalDay(pipeline::FromProto(interruption.counted_from()));
  return found;
}

}  // namespace

Found AskWhatWasFound(const Office& office, Caller& caller) {
  Found found;
  for (const InterruptionState state :
       {follow_up::v1::INTERRUPTION_STATE_OPEN, follow_up::v1::INTERRUPTION_STATE_RESOLVED,
        follow_up::v1::INTERRUPTION_STATE_RETRACTED}) {
    for (const Interruption& interruption : ListAll(state, caller)) {
      if (!office.outreach_subjects().contains(interruption.name())) {
        found.without_outreach.push_back(interruption.name());
      }
      found.breaks.push_back(BreakOf(interruption, office));
    }
  }
  std::sort(found.breaks.begin(), found.breaks.end());
  CountReferrals(found, caller);
  return found;
}

// Multisets: a break that is found twice is one too many.
Comparison Compare(const std::vector<Client>& script, const std::vector<Break>& found) {
  std::vector<Break> expected;
  for (const Client& client : script) expected.insert(expected.end(), client.breaks.begin(), client.breaks.end());
  std::sort(expected.begin(), expected.end());
  Comparison comparison;
  std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(),
                      std::back_inserter(comparison.missing));
  std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(),
                      std::back_inserter(comparison.surplus));
  for (const Break& each : expected) {
    if (each.retracted) continue;
    ++comparison.expected[each.rule];
    ++comparison.all_expected;
  }
  for (const Break& each : found) {
    if (each.retracted) {
      ++comparison.all_retracted;
      continue;
    }
    ++comparison.found[each.rule];
    ++comparison.all_found;
  }
  return comparison;
}

}  // namespace polku::demo
