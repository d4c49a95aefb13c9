// Some clients that are merged and split, for tests of the domain.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/base/hetu.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/client_domain.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/testing/client_fixture.h"

namespace polku::referral {

inline constexpr char kLost[] = "clients/0190a000-0000-7000-8000-000000000021";
inline constexpr char kKept[] = "clients/0190a000-0000-7000-8000-000000000022";
inline constexpr char kThird[] = "clients/0190a000-0000-7000-8000-000000000023";
inline constexpr char kOtherCode[] = "131052-9085";
inline constexpr HetuPolicy kTestCodes{.allow_test_codes = true};

inline std::string ReferralOf(const std::string& client, int n) { return absl::StrCat(client, "/referrals/", n); }

// Some clients, the steps between them in order, the aliases, and what was told.
class Region {
 public:
  template <class Message>
  absl::Status Give(const std::string& key, const Message& message) {
    v1::ClientInput input;
    const auto* descriptor = v1::ClientInput::descriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      if (descriptor->field(i)->message_type() != message.GetDescriptor()) continue;
      input.GetReflection()->MutableMessage(&input, descriptor->field(i))->CopyFrom(message);
    }
    return Handle(key, input);
  }
  // A peer's fact, decided at `time`.
  template <class Message>
  absl::Status Tell(const std::string& key, const Message& fact, absl::Time time) {
    fact_time_ = time;
    const absl::Status status = Give(key, fact);
    fact_time_.reset();
    return status;
  }
  // One step, a minute later; false when there is none.
  bool Step() {
    if (steps_.empty()) return false;
    pipeline::Step step = std::move(steps_.front());
    steps_.pop_front();
    now += absl::Minutes(1);
    if (!erased_[step.key]) {
      EXPECT_THAT(Give(step.key, *step.input), IsOk());
    }
    return true;
  }
  void Settle() {
    for (int i = 0; i < 100; ++i) {
      if (!Step()) return;
    }
    FAIL() << "does not come to rest";
  }

  absl::Status Submit(const std::string& key, const std::string& code, const std::string& need) {
    v1::SubmitReferralRequest request = GoodRequest();
    request.mutable_referral()->mutable_person()->set_identity_code(code);
    if (code.empty()) {
      *request.mutable_referral()->mutable_person()->mutable_birth_date() =
          pipeline::ToProtoDay(absl::CivilDay(1990, 1, 1));
    } else {
      aliases_.try_emplace(IdentityHash(kHashKey, *Hetu::Parse(code, kTestCodes)), key);
    }
    request.mutable_referral()->set_needs(0, need);
    request.mutable_referral()->mutable_person()->set_phone(absl::StrCat("+358 00 222", key.substr(key.size() - 1)));
    principal_ = {kReferrer, "system", "user-1", "referrer", "care"};
    const absl::Status status = Give(key, request);
    principal_ = {kUnit, "system", "user-2", "intake", "care"};
    return status;
  }
  absl::Status Accept(const std::string& referral) {
    v1::AcceptReferralRequest request;
    request.set_name(referral);
    request.set_pathway("kainuu-unemployed");
    return Give(*ClientOf(referral), request);
  }
  absl::Status Merge(const std::string& client, const std::string& into) {
    v1::MergeClientsRequest request;
    request.set_client(client);
    request.set_into(into);
    request.set_text("the identity papers were seen");
    return Give(client, request);
  }
  absl::Status Undo(const std::string& client, const std::string& merged) {
    v1::SplitClientRequest request;
    request.set_client(client);
    request.set_merged(merged);
    request.set_text("two persons after all");
    return Give(client, request);
  }

  const v1::Client& operator[](const std::string& key) { return states_[key]; }
  v1::Client& Mutable(const std::string& key) { return states_[key]; }
  bool IsErased(const std::string& key) { return erased_[key]; }
  std::string LeadsTo(const std::string& code) {
    return aliases_[IdentityHash(kHashKey, *Hetu::Parse(code, kTestCodes))];
  }
  const std::vector<v1::ClientEvent>& events() const { return events_; }
  const v1::ClientSummary& summary() const { return static_cast<const v1::ClientSummary&>(*reply_); }
  size_t steps() const { return steps_.size(); }

  absl::Time now = LocalTime(absl::CivilDay(2026, 11, 23), 600);

 private:
  std::optional<absl::Time> fact_time_;

  absl::Status Handle(const std::string& key, const v1::ClientInput& input) {
    pipeline::Context context;
    context.key = key;
    context.now = now;
    context.fact_time = fact_time_.value_or(now);
    context.principal = principal_;
    context.next_version = ++versions_[key] * 100;
    if (input.has_merge_clients() && !states_[input.merge_clients().into()].fingerprints().birth_date().empty()) {
      context.lookups = {{{std::string(input.merge_clients().into())}}};
    }
    static const auto& domain = *new ClientDomain(pathway::TestCatalogue(), kTestCodes, kHashKey);
    auto decision = domain.Decide(states_[key], input, context);
    if (!decision.ok()) return decision.status();
    for (const v1::ClientEvent& event : decision->events) domain.Evolve(event, states_[key]);
    events_ = decision->events;
    reply_ = std::move(decision->reply);
    erased_[key] = erased_[key] || decision->erase;
    for (pipeline::Step& step : decision->steps) steps_.push_back(std::move(step));
    for (const pipeline::AliasChange& change : decision->aliases) {
      std::string& leads = aliases_[change.keyed_hash];
      if (leads.empty() || leads == key) leads = change.key;
    }
    return absl::OkStatus();
  }

  pipeline::Principal principal_{kUnit, "system", "user-2", "intake", "care"};
  std::map<std::string, v1::Client> states_;
  std::map<std::string, int64_t> versions_;
  std::map<std::string, bool> erased_;
  std::map<std::string, std::string> aliases_;
  std::deque<pipeline::Step> steps_;
  std::vector<v1::ClientEvent> events_;
  std::unique_ptr<google::protobuf::Message> reply_;
};

class MergeTest : public ::testing::Test {
 protected:
  // Two records of one person: one with a code and an accepted referral, one without a code.
  void TwoRecords() {
    ASSERT_THAT(region_.Submit(kLost, kCode, "mental-health"), IsOk());
    ASSERT_THAT(region_.Accept(ReferralOf(kLost, 1)), IsOk());
    v1::GrantPermissionRequest grant;
    grant.set_client(kLost);
    grant.set_purpose("service-chain");
    grant.set_organisation("organisations/kela");
    grant.add_classes("plan");
    grant.set_denial(true);
    ASSERT_THAT(region_.Give(kLost, grant), IsOk());
    ASSERT_THAT(region_.Submit(kKept, "", "work-ability"), IsOk());
  }
  void MergeThem() {
    ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
    region_.Settle();
  }
  static follow_up::v1::JourneyOpened Opened(const std::string& client, int referral) {
    follow_up::v1::JourneyOpened opened;
    opened.set_client(client);
    opened.set_referral(ReferralOf(client, referral));
    return opened;
  }
  follow_up::v1::JourneyClosed Closed(const std::string& client) const {
    follow_up::v1::JourneyClosed closed;
    closed.set_client(client);
    *closed.mutable_close_time() = pipeline::ToProto(region_.now + absl::Hours(1));
    return closed;
  }
  static assessment::v1::SessionHeld Held(const std::string& client) {
    assessment::v1::SessionHeld held;
    held.set_session(absl::StrCat(client, "/sessions/1"));
    return held;
  }

  Region region_;
};

}  // namespace polku::referral
