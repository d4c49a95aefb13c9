// How events change the aggregate `Client`, and the draft that rules write their events into.
#pragma once

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

using Decision = pipeline::Decision<v1::ClientEvent>;

void Evolve(const v1::ClientEvent& event, v1::Client& state);

// The referral of that full name, or null.
v1::Referral* FindReferral(v1::Client& state, absl::string_view name);
const v1::Referral* FindReferral(const v1::Client& state, absl::string_view name);

// A decision in the making: the events so far, and the state as they leave it.
class Draft {
 public:
  Draft(const v1::Client& state, const pipeline::Context& context) : state_(state), context_(context) {}

  const v1::Client& state() const { return state_; }
  void Emit(v1::ClientEvent event) {
    Evolve(event, state_);
    decision_.events.push_back(std::move(event));
  }
  // The decision, whose reply is the referral as it is now. Never carries the person.
  Decision ReplyWith(absl::string_view referral) &&;
  Decision NoReply() && { return std::move(decision_); }

 private:
  v1::Client state_;
  const pipeline::Context& context_;
  Decision decision_;
};

// The BSeR status code that the referrer sees: "2.0" created, "3.0" accepted, "4.0" declined,
// "7.0" completed. Source: code set businessStatus of the BSeR implementation guide.
absl::string_view BusinessStatus(v1::ReferralState state);

// The referral for a reply: with business status and etag, without the person.
// `version` is the aggregate's; the etag changes with any change to the client.
v1::Referral ToReply(const v1::Referral& referral, int64_t version);

}  // namespace polku::referral
