// One client of the domain under test, and the corridor's part in small.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/calendar.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/client_domain.h"

namespace polku::referral {

inline constexpr char kClient[] = "clients/0190a000-0000-7000-8000-000000000001";
inline constexpr char kReferral[] = "clients/0190a000-0000-7000-8000-000000000001/referrals/1";
inline constexpr char kHashKey[] = "01234567890123456789012345678901";
inline constexpr char kUnit[] = "organisations/kainuu-intake";
inline constexpr char kReferrer[] = "organisations/employment-area";
// Individual number 903: nobody's for life.
inline constexpr char kCode[] = "010516B903X";
// Whatever of the person must not get out of the sealed rows.
inline const std::vector<std::string> kCanaries = {kCode,           "Canaryfamily", "Canarygiven", "+358 00 9876",
                                                   "canary@x.test", "Canarystreet", "Canaryreason"};

inline v1::SubmitReferralRequest GoodRequest() {
  v1::SubmitReferralRequest request;
  v1::Referral& referral = *request.mutable_referral();
  referral.set_receiving_unit(kUnit);
  referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
  referral.add_needs("work-ability");
  referral.set_reason("Canaryreason");
  v1::Person& person = *referral.mutable_person();
  person.set_identity_code(kCode);
  person.set_family_name("Canaryfamily");
  person.set_given_names("Canarygiven");
  person.set_municipality("205");
  person.set_language("fi");
  person.set_phone("+358 00 9876");
  person.set_email("canary@x.test");
  person.set_postal_address("Canarystreet 1");
  return request;
}

class ClientDomainTest : public ::testing::Test {
 protected:
  // The input of the concrete message `request`, by an organisation and role.
  template <class Request>
  absl::Status Do(const std::string& organisation, const std::string& role, const Request& request) {
    context_.principal = {organisation, "system", "user-3", role, "care"};
    return Take(request);
  }
  // A fact, a step or a tick.
  template <class Message>
  absl::Status Take(const Message& message) {
    v1::ClientInput input;
    const auto* descriptor = v1::ClientInput::descriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      if (descriptor->field(i)->message_type() != Message::descriptor()) continue;
      input.GetReflection()->MutableMessage(&input, descriptor->field(i))->CopyFrom(message);
    }
    return Handle(input).status();
  }
  // Decides and folds, as the corridor does.
  absl::StatusOr<pipeline::Decision<v1::ClientEvent>> Handle(const v1::ClientInput& input) {
    context_.key = kClient;
    context_.now = now_;
    context_.fact_time = now_;
    context_.lookups = lookups_;
    context_.next_version = version_ + 1;
    auto decision = domain_.Decide(state_, input, context_);
    if (decision.ok()) {
      for (const v1::ClientEvent& event : decision->events) domain_.Evolve(event, state_);
      version_ += static_cast<int64_t>(decision->events.size());
      events_ = decision->events;
      if (const auto* reply = dynamic_cast<const v1::Referral*>(decision->reply.get()); reply != nullptr) {
        reply_ = *reply;
      }
    }
    return decision;
  }
  absl::Status Submit(const v1::SubmitReferralRequest& request) {
    context_.principal = {kReferrer, "system", "user-1", "referrer", "care"};
    v1::ClientInput input;
    *input.mutable_submit_referral() = request;
    return Handle(input).status();
  }
  absl::Status Accept(const std::string& pathway = "kainuu-unemployed", int version = 0,
                      const std::string& organisation = kUnit) {
    context_.principal = {organisation, "system", "user-2", "intake", "care"};
    v1::ClientInput input;
    input.mutable_accept_referral()->set_name(kReferral);
    input.mutable_accept_referral()->set_pathway(pathway);
    input.mutable_accept_referral()->set_pathway_version(version);
    input.mutable_accept_referral()->set_text("welcome");
    return Handle(input).status();
  }
  absl::Status Decline(v1::DeclineReason reason, const std::string& text = "") {
    context_.principal = {kUnit, "system", "user-2", "intake", "care"};
    v1::ClientInput input;
    input.mutable_decline_referral()->set_name(kReferral);
    input.mutable_decline_referral()->set_reason(reason);
    input.mutable_decline_referral()->set_text(text);
    return Handle(input).status();
  }
  absl::Status Opened(const std::string& referral = kReferral) {
    v1::ClientInput input;
    input.mutable_journey_opened()->set_client(kClient);
    input.mutable_journey_opened()->set_referral(referral);
    *input.mutable_journey_opened()->mutable_open_time() = pipeline::ToProto(now_);
    return Handle(input).status();
  }
  absl::Status Closed(absl::Time close_time) {
    v1::ClientInput input;
    input.mutable_journey_closed()->set_client(kClient);
    *input.mutable_journey_closed()->mutable_close_time() = pipeline::ToProto(close_time);
    return Handle(input).status();
  }
  v1::ReferralState StateOf() const { return state_.referrals(0).state(); }

  const ClientDomain domain_{pathway::TestCatalogue(), HetuPolicy{.allow_test_codes = true}, kHashKey};
  absl::Time now_ = LocalTime(absl::CivilDay(2026, 11, 23), 600);
  pipeline::Context context_;
  v1::Client state_;
  int64_t version_ = 0;
  std::vector<v1::ClientEvent> events_;  // Of the last decision.
  v1::Referral reply_;
  std::vector<std::vector<store::Row>> lookups_;  // For the next decisions.
};

}  // namespace polku::referral
