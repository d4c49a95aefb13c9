#include "services/referral/domain/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/calendar.h"
#include "libs/base/hetu.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/client_domain.h"
#include "services/referral/domain/evolve_merge.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/testing/client_fixture.h"

namespace polku::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kLost[] = "clients/0190a000-0000-7000-8000-000000000021";
constexpr char kKept[] = "clients/0190a000-0000-7000-8000-000000000022";
constexpr char kThird[] = "clients/0190a000-0000-7000-8000-000000000023";
constexpr char kOtherCode[] = "131052-9085";
const HetuPolicy kTestCodes{.allow_test_codes = true};

std::string ReferralOf(const std::string& client, int n) { return absl::StrCat(client, "/referrals/", n); }

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

// What the bookkeeping of merges and splits leaves behind is no difference.
v1::Client Bare(v1::Client client) {
  client.clear_moved();
  client.clear_referrals_numbered();
  for (v1::Referral& referral : *client.mutable_referrals()) referral.clear_former_names();
  return client;
}

TEST_F(MergeTest, MakesOneClientOfTwoWithEverythingThatTheyHad) {
  TwoRecords();
  MergeThem();
  const v1::Client& kept = region_[kKept];
  ASSERT_THAT(kept.referrals(), SizeIs(2));
  EXPECT_EQ(kept.referrals(1).name(), ReferralOf(kKept, 2));
  EXPECT_THAT(kept.referrals(1).former_names(), ElementsAre(ReferralOf(kLost, 1)));
  EXPECT_EQ(kept.referrals(1).journey_client(), kLost);
  EXPECT_EQ(FindReferral(kept, ReferralOf(kLost, 1))->name(), ReferralOf(kKept, 2));
  // What the kept record says stays; what it did not know is taken over.
  EXPECT_EQ(kept.person().identity_code(), kCode);
  EXPECT_EQ(kept.person().phone(), "+358 00 2222");
  ASSERT_THAT(kept.permissions(), SizeIs(1));
  EXPECT_TRUE(kept.permissions(0).denial());
  EXPECT_EQ(kept.permissions(0).name(), absl::StrCat(kKept, "/permissions/1"));
  EXPECT_THAT(kept.awaited(), IsEmpty());
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  const v1::Client& lost = region_[kLost];
  EXPECT_EQ(lost.merged_into(), kKept);
  EXPECT_FALSE(lost.has_person());
  EXPECT_THAT(lost.referrals(), IsEmpty());
}

TEST_F(MergeTest, TellsTheOthersOnceTheOtherClientHasAgreed) {
  TwoRecords();
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  EXPECT_EQ(region_.summary().merging_into(), kKept);
  for (const auto& event : region_.events()) EXPECT_FALSE(event.has_client_merged());
  ASSERT_TRUE(region_.Step());
  ASSERT_TRUE(region_.Step());
  ASSERT_THAT(region_.events(), SizeIs(1));
  EXPECT_EQ(region_.events()[0].client_merged().client(), kLost);
  EXPECT_EQ(region_.events()[0].client_merged().into(), kKept);
  // The alias has moved with that, so nobody is found in between as somebody else.
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
}

TEST_F(MergeTest, KeepsBothCodesLeadingToTheOneClient) {
  ASSERT_THAT(region_.Submit(kLost, kCode, "mental-health"), IsOk());
  ASSERT_THAT(region_.Submit(kKept, kOtherCode, "work-ability"), IsOk());
  MergeThem();
  EXPECT_EQ(region_[kKept].person().identity_code(), kOtherCode);
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  EXPECT_EQ(region_.LeadsTo(kOtherCode), kKept);
}

TEST_F(MergeTest, TakesNoPermissionOverAgainstAWithdrawalOrDenialOfTheSamePurpose) {
  TwoRecords();
  const auto grant = [&](const char* client, const char* purpose, bool denial) {
    v1::GrantPermissionRequest request;
    request.set_client(client);
    request.set_purpose(purpose);
    request.set_organisation("organisations/kela");
    request.add_classes("plan");
    request.set_denial(denial);
    ASSERT_THAT(region_.Give(client, request), IsOk());
  };
  for (const char* purpose : {"denied", "withdrawn", "granted", "unknown"}) grant(kLost, purpose, false);
  grant(kKept, "denied", true);
  grant(kKept, "withdrawn", false);
  v1::WithdrawPermissionRequest withdraw;
  withdraw.set_name(absl::StrCat(kKept, "/permissions/2"));
  ASSERT_THAT(region_.Give(kKept, withdraw), IsOk());
  grant(kKept, "granted", false);
  MergeThem();
  std::vector<std::string> purposes;
  for (const v1::Permission& each : region_[kKept].permissions()) purposes.push_back(each.purpose());
  EXPECT_THAT(purposes, ElementsAre("denied", "withdrawn", "granted", "service-chain", "granted", "unknown"));
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  region_.Settle();
  EXPECT_THAT(region_[kLost].permissions(), SizeIs(5));
}

TEST_F(MergeTest, RefusesCommandsForAClientWhoIsAnotherOneAndSaysWhich) {
  TwoRecords();
  MergeThem();
  const absl::Status status = region_.Accept(ReferralOf(kLost, 1));
  EXPECT_EQ(ReasonOf(status), "CLIENT_MERGED");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(kKept)));
  EXPECT_EQ(ReasonOf(region_.Merge(kLost, kKept)), "CLIENT_MERGED");
}

TEST_F(MergeTest, RefusesWhatCannotBe) {
  TwoRecords();
  EXPECT_EQ(ViolationsOf(region_.Merge(kLost, kLost))[0].field, "into");
  EXPECT_EQ(ViolationsOf(region_.Merge(kLost, "clients/1"))[0].field, "into");
  EXPECT_THAT(region_.Merge(kLost, kThird), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(region_.Merge(kThird, kLost), StatusIs(absl::StatusCode::kNotFound));
  v1::MergeClientsRequest silent;
  silent.set_client(kLost);
  silent.set_into(kKept);
  EXPECT_EQ(ViolationsOf(region_.Give(kLost, silent))[0].field, "text");
  region_.Mutable(kLost).set_restricted(true);
  EXPECT_EQ(ReasonOf(region_.Merge(kLost, kKept)), "PROCESSING_RESTRICTED");
}

TEST_F(MergeTest, IsRefusedByAClientWhoCannotAndLeavesBothAsTheyWere) {
  TwoRecords();
  region_.Mutable(kKept).set_restricted(true);
  const v1::Client before = region_[kLost];
  MergeThem();
  EXPECT_EQ(region_[kLost].merge_refused(), "PROCESSING_RESTRICTED");
  v1::Client after = region_[kLost];
  after.clear_merge_refused();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(before, after));
  EXPECT_THAT(region_[kKept].awaited(), IsEmpty());
  EXPECT_EQ(region_.LeadsTo(kCode), kLost);
}

TEST_F(MergeTest, OfEachIntoTheOtherAtOnceEndsWithTwoClients) {
  TwoRecords();
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  ASSERT_THAT(region_.Merge(kKept, kLost), IsOk());
  region_.Settle();
  for (const char* client : {kLost, kKept}) {
    EXPECT_EQ(region_[client].merge_refused(), "CLIENT_MERGING");
    EXPECT_EQ(region_[client].merged_into(), "");
    EXPECT_THAT(region_[client].awaited(), IsEmpty());
  }
}

TEST_F(MergeTest, WaitsWithWhatWouldPullAClientAway) {
  TwoRecords();
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  v1::EraseClientRequest erase;
  erase.set_client(kLost);
  EXPECT_EQ(ReasonOf(region_.Give(kLost, erase)), "CLIENT_MERGING");
  ASSERT_TRUE(region_.Step());
  EXPECT_EQ(ReasonOf(region_.Merge(kKept, kLost)), "CLIENT_MERGING");
  EXPECT_EQ(ReasonOf(region_.Undo(kKept, kLost)), "CLIENT_MERGING");
}

TEST_F(MergeTest, CallsOffAnAgreementWhenSomebodyElseWasAskedSince) {
  TwoRecords();
  ASSERT_THAT(region_.Submit(kThird, kOtherCode, "life-situation"), IsOk());
  ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
  ASSERT_THAT(region_.Merge(kLost, kThird), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[kLost].merged_into(), kThird);
  EXPECT_THAT(region_[kKept].awaited(), IsEmpty());
  EXPECT_THAT(region_[kKept].referrals(), SizeIs(1));
  EXPECT_THAT(region_[kThird].referrals(), SizeIs(2));
}

// The facts of one client come in their order, anywhere between the steps of the merge.
TEST_F(MergeTest, EndsTheSameWhereverFactsComeBetweenItsSteps) {
  const absl::Time told = region_.now + absl::Minutes(30);
  const follow_up::v1::JourneyClosed closed = Closed(kLost);
  const std::vector<std::function<absl::Status()>> facts = {[&] { return region_.Tell(kLost, Opened(kLost, 1), told); },
                                                            [&] { return region_.Tell(kLost, Held(kLost), told); },
                                                            [&] { return region_.Tell(kLost, closed, told); }};
  std::string first_kept;
  std::string first_lost;
  int worlds = 0;
  // Before the command, and after 0 to 4 steps of what goes on then.
  for (int a = -1; a <= 4; ++a) {
    for (int b = a; b <= 4; ++b) {
      for (int c = b; c <= 4; ++c) {
        region_ = Region();
        TwoRecords();
        const int places[] = {a, b, c};
        for (int place = -1; place <= 4; ++place) {
          if (place == 0) {
            ASSERT_THAT(region_.Merge(kLost, kKept), IsOk());
          }
          if (place > 0) region_.Step();
          for (int i = 0; i < 3; ++i) {
            if (places[i] != place) continue;
            ASSERT_THAT(facts[i](), IsOk());
          }
        }
        region_.Settle();
        const std::string kept = region_[kKept].SerializeAsString();
        const std::string lost = region_[kLost].SerializeAsString();
        if (worlds++ == 0) {
          first_kept = kept;
          first_lost = lost;
          EXPECT_EQ(region_[kKept].referrals(1).state(), v1::REFERRAL_STATE_CLOSED);
          EXPECT_EQ(region_[kKept].referrals(0).state(), v1::REFERRAL_STATE_RECEIVED);
          EXPECT_EQ(NewestEvent(region_[kKept]).kind(), v1::ServiceEvent::KIND_COMPLETED);
        }
        EXPECT_EQ(kept, first_kept) << a << " " << b << " " << c << "\n" << region_[kKept].ShortDebugString();
        EXPECT_EQ(lost, first_lost) << a << " " << b << " " << c;
      }
    }
  }
  EXPECT_EQ(worlds, 56);
}

TEST_F(MergeTest, ClosesTheReferralsOfTheJourneyThatIsClosedAndNoOthers) {
  TwoRecords();
  ASSERT_THAT(region_.Accept(ReferralOf(kKept, 1)), IsOk());
  MergeThem();
  ASSERT_THAT(region_.Give(kKept, Closed(kKept)), IsOk());
  EXPECT_EQ(region_[kKept].referrals(0).state(), v1::REFERRAL_STATE_CLOSED);
  EXPECT_EQ(region_[kKept].referrals(1).state(), v1::REFERRAL_STATE_ACCEPTED);
  ASSERT_THAT(region_.Give(kLost, Closed(kLost)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[kKept].referrals(1).state(), v1::REFERRAL_STATE_CLOSED);
}

TEST_F(MergeTest, PassesOnWhatComesAlongAChainOfMerges) {
  TwoRecords();
  ASSERT_THAT(region_.Submit(kThird, kOtherCode, "life-situation"), IsOk());
  MergeThem();
  ASSERT_THAT(region_.Merge(kKept, kThird), IsOk());
  region_.Settle();
  EXPECT_EQ(region_.LeadsTo(kCode), kThird);
  ASSERT_THAT(region_[kThird].referrals(), SizeIs(3));
  EXPECT_THAT(FindReferral(region_[kThird], ReferralOf(kLost, 1))->former_names(), SizeIs(2));
  ASSERT_THAT(region_.Give(kLost, Opened(kLost, 1)), IsOk());
  region_.Settle();
  EXPECT_EQ(FindReferral(region_[kThird], ReferralOf(kLost, 1))->state(), v1::REFERRAL_STATE_IN_SERVICE);
}

TEST_F(MergeTest, IsUndoneByASplitAsIfItHadNeverBeen) {
  TwoRecords();
  ASSERT_THAT(region_.Give(kLost, Held(kLost)), IsOk());
  const v1::Client lost = region_[kLost];
  const v1::Client kept = region_[kKept];
  MergeThem();
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  EXPECT_EQ(region_.summary().split_off(), kLost);
  bool told = false;
  for (const auto& event : region_.events()) {
    if (!event.has_client_split()) continue;
    told = true;
    EXPECT_THAT(event.client_split().referrals(), ElementsAre(ReferralOf(kLost, 1)));
    EXPECT_EQ(event.client_split().from(), kKept);
  }
  EXPECT_TRUE(told);
  region_.Settle();
  EXPECT_EQ(Bare(region_[kLost]).ShortDebugString(), Bare(lost).ShortDebugString());
  v1::Client kept_after = Bare(region_[kKept]);
  ASSERT_THAT(kept_after.permissions(), SizeIs(1));  // Taken over once, and ended.
  EXPECT_TRUE(kept_after.permissions(0).has_withdraw_time());
  kept_after.clear_permissions();
  EXPECT_EQ(kept_after.ShortDebugString(), Bare(kept).ShortDebugString());
  EXPECT_EQ(region_.LeadsTo(kCode), kLost);
  // And again.
  MergeThem();
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  EXPECT_THAT(region_[kKept].referrals(), SizeIs(2));
}

TEST_F(MergeTest, KeepsWhatHasBeenToldBetweenAMergeAndItsUndoing) {
  TwoRecords();
  MergeThem();
  ASSERT_THAT(region_.Give(kLost, Opened(kLost, 1)), IsOk());
  ASSERT_THAT(region_.Submit(kKept, kCode, "musculoskeletal"), IsOk());
  v1::UpdateContactRequest contact;
  contact.set_client(kKept);
  contact.mutable_contact()->set_email("new@x.test");
  contact.mutable_update_mask()->add_paths("email");
  ASSERT_THAT(region_.Give(kKept, contact), IsOk());
  region_.Settle();
  ASSERT_THAT(region_.Undo(kKept, kLost), IsOk());
  // The journey goes on while the referral is on its way back.
  ASSERT_THAT(region_.Give(kLost, Held(kLost)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[kLost].referrals(0).state(), v1::REFERRAL_STATE_IN_SERVICE);
  EXPECT_EQ(region_[kLost].last_event().kind(), v1::ServiceEvent::KIND_COMPLETED);
  EXPECT_THAT(region_[kKept].referrals(), SizeIs(2));
  EXPECT_EQ(region_[kKept].person().email(), "new@x.test");
  EXPECT_EQ(region_[kKept].person().identity_code(), "");
  // No number is given twice.
  ASSERT_THAT(region_.Submit(kKept, "", "rehabilitation-examination"), IsOk());
  EXPECT_EQ(region_[kKept].referrals(2).name(), ReferralOf(kKept, 4));
}

TEST_F(MergeTest, IsNotUndoneForAClientWhoWasNeverMerged) {
  TwoRecords();
  EXPECT_THAT(region_.Undo(kKept, kLost), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MergeTest, ErasesAllThatTheClientWas) {
  TwoRecords();
  MergeThem();
  v1::WithdrawReferralRequest withdraw;
  withdraw.set_name(ReferralOf(kKept, 1));
  withdraw.set_reason(v1::WITHDRAW_REASON_NEED_HAS_CEASED);
  ASSERT_THAT(region_.Give(kKept, withdraw), IsOk());
  ASSERT_THAT(region_.Give(kLost, Closed(kLost)), IsOk());
  region_.Settle();
  region_.now += absl::Hours(24 * 366 * 12);
  v1::EraseClientRequest erase;
  erase.set_client(kKept);
  ASSERT_THAT(region_.Give(kKept, erase), IsOk());
  region_.Settle();
  EXPECT_TRUE(region_.IsErased(kKept));
  EXPECT_TRUE(region_.IsErased(kLost));
}

class SplitTest : public MergeTest {
 protected:
  // One record of two persons.
  void OneRecord() {
    ASSERT_THAT(region_.Submit(kKept, kCode, "work-ability"), IsOk());
    ASSERT_THAT(region_.Submit(kKept, kCode, "mental-health"), IsOk());
    ASSERT_THAT(region_.Accept(ReferralOf(kKept, 2)), IsOk());
  }
  static v1::SplitClientRequest Second() {
    v1::SplitClientRequest request;
    request.set_client(kKept);
    request.add_referrals(ReferralOf(kKept, 2));
    *request.mutable_person() = GoodRequest().referral().person();
    request.mutable_person()->clear_identity_code();
    *request.mutable_person()->mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1990, 1, 1));
    request.set_text("two persons of one name");
    return request;
  }
};

TEST_F(SplitTest, GivesReferralsToANewClient) {
  OneRecord();
  ASSERT_THAT(region_.Give(kKept, Second()), IsOk());
  const std::string other = region_.summary().split_off();
  EXPECT_EQ(ClientOf(other), other);
  region_.Settle();
  ASSERT_THAT(region_[kKept].referrals(), SizeIs(1));
  ASSERT_THAT(region_[other].referrals(), SizeIs(1));
  EXPECT_EQ(region_[other].referrals(0).name(), ReferralOf(other, 1));
  EXPECT_EQ(region_[other].referrals(0).journey_client(), kKept);
  EXPECT_EQ(region_[other].person().birth_date().year(), 1990);
  EXPECT_EQ(region_.LeadsTo(kCode), kKept);
  // The journey is still known by the old name.
  ASSERT_THAT(region_.Give(kKept, Opened(kKept, 2)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[other].referrals(0).state(), v1::REFERRAL_STATE_IN_SERVICE);
  ASSERT_THAT(region_.Give(kKept, Closed(kKept)), IsOk());
  region_.Settle();
  EXPECT_EQ(region_[other].referrals(0).state(), v1::REFERRAL_STATE_CLOSED);
  // And may come back.
  ASSERT_THAT(region_.Merge(other, kKept), IsOk());
  region_.Settle();
  EXPECT_EQ(FindReferral(region_[kKept], ReferralOf(kKept, 2))->name(), ReferralOf(kKept, 3));
  ASSERT_THAT(region_.Give(kKept, Closed(kKept)), IsOk());
  region_.Settle();
}

TEST_F(SplitTest, LetsTheCodeGoWithItsOwner) {
  OneRecord();
  v1::SplitClientRequest request = Second();
  request.mutable_person()->set_identity_code(kOtherCode);
  request.mutable_person()->clear_birth_date();
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, request))[0].field, "person.identity_code");
  request.mutable_person()->set_identity_code(kCode);
  ASSERT_THAT(region_.Give(kKept, request), IsOk());
  const std::string other = region_.summary().split_off();
  region_.Settle();
  EXPECT_EQ(region_.LeadsTo(kCode), other);
  EXPECT_EQ(region_[other].person().identity_code(), kCode);
  EXPECT_EQ(region_[kKept].person().identity_code(), "");
  EXPECT_TRUE(region_[kKept].person().has_birth_date());
}

TEST_F(SplitTest, RefusesWhatCannotBe) {
  OneRecord();
  v1::SplitClientRequest all = Second();
  all.add_referrals(ReferralOf(kKept, 1));
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, all))[0].field, "referrals");
  v1::SplitClientRequest unknown = Second();
  unknown.set_referrals(0, ReferralOf(kKept, 9));
  EXPECT_THAT(region_.Give(kKept, unknown), StatusIs(absl::StatusCode::kNotFound));
  v1::SplitClientRequest both = Second();
  both.set_merged(kLost);
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, both))[0].field, "merged");
  v1::SplitClientRequest nobody = Second();
  nobody.clear_person();
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, nobody))[0].field, "person");
  v1::SplitClientRequest silent = Second();
  silent.clear_text();
  EXPECT_EQ(ViolationsOf(region_.Give(kKept, silent))[0].field, "text");
  // A referral for the same need follows the first: the two go together.
  ASSERT_THAT(region_.Submit(kKept, kCode, "mental-health"), IsOk());
  EXPECT_EQ(ReasonOf(region_.Give(kKept, Second())), "REFERRAL_LINKED");
}

}  // namespace
}  // namespace polku::referral
