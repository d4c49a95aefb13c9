// How events change the aggregate `Client`, and the draft that rules write their events into.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

using Decision = pipeline::Decision<v1::ClientEvent>;

void Evolve(const v1::ClientEvent& event, v1::Client& state);

// The referral of that full name, also of one from before a merge or split; or null.
v1::Referral* FindReferral(v1::Client& state, absl::string_view name);
const v1::Referral* FindReferral(const v1::Client& state, absl::string_view name);

// The number of the next referral: none is given twice, also when a split has taken some away.
int NextReferralNumber(const v1::Client& state);

// Waits for the receiving unit's answer, or for what it has asked the referrer.
bool IsWaiting(const v1::Referral& referral);
// Waiting, accepted or in service.
bool IsOpen(const v1::Referral& referral);

// A decision in the making: the events so far, and the state as they leave it.
class Draft {
 public:
  Draft(const v1::Client& state, const pipeline::Context& context) : state_(state), context_(context) {}

  const v1::Client& state() const { return state_; }
  const pipeline::Context& context() const { return context_; }
  void Emit(v1::ClientEvent event) {
    Evolve(event, state_);
    decision_.events.push_back(std::move(event));
  }
  void AddStep(const std::string& key, std::unique_ptr<google::protobuf::Message> input) {
    decision_.steps.push_back({key, std::move(input)});
  }
  // An identity code's alias leads to `key` from now on, or to nobody when it is empty.
  void LeadIdentity(const std::string& keyed_hash, const std::string& key);
  // The decision, whose reply is the referral as it is now, as the caller may see it (ToReply).
  Decision ReplyWith(absl::string_view referral) &&;
  Decision NoReply() && { return std::move(decision_); }

 private:
  v1::Client state_;
  const pipeline::Context& context_;
  Decision decision_;
};

}  // namespace polku::referral
