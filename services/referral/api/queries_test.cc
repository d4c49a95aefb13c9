#include "services/referral/api/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "services/referral/api/grpc_api.h"
#include "services/referral/domain/client_domain.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/index.h"
#include "services/referral/service.h"

namespace polku::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Client(int n) { return absl::StrCat("clients/0190a000-0000-7000-8000-00000000000", n); }
std::string Name(int client, int n) { return absl::StrCat(Client(client), "/referrals/", n); }

class ReferralQueries : public ::testing::Test {
 protected:
  void SetUp() override {
    store::SqliteOptions options;
    options.base = StoreOptions();
    options.path = folder_.path() + "/referral.db";
    options.key_path = folder_.path() + "/referral.keys";
    options.random = &random_;
    auto database = store::OpenSqlite(options);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    // Two referrals at the same instant, an older and a newer one.
    Save(1, {{"organisations/a", 20}, {"organisations/b", 30}});
    Save(2, {{"organisations/a", 20}, {"organisations/a", 10}});
    auto reader = database_->Read();
    ASSERT_THAT(reader, IsOk());
    reader_ = *std::move(reader);
  }

  void Save(int client, const std::vector<std::pair<std::string, int>>& referrer_and_seconds,
            bool non_disclosure = false) {
    v1::Client state;
    state.set_name(Client(client));
    state.mutable_person()->set_family_name("Canary");
    state.mutable_person()->set_non_disclosure(non_disclosure);
    state.mutable_person()->set_municipality("205");
    state.mutable_person()->set_postal_address("Street 1");
    int n = 0;
    for (const auto& [referrer, seconds] : referrer_and_seconds) {
      v1::Referral& referral = *state.add_referrals();
      referral.set_name(Name(client, ++n));
      referral.set_referrer(referrer);
      referral.set_receiving_unit("organisations/unit");
      referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
      referral.add_needs("work-ability");
      referral.add_needs("mental-health");
      referral.set_state(n == 1 ? v1::REFERRAL_STATE_RECEIVED : v1::REFERRAL_STATE_ACCEPTED);
      *referral.mutable_create_time() = pipeline::ToProto(absl::UnixEpoch() + absl::Seconds(seconds));
    }
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    store::AggregateWrite write;
    write.aggregate.key = Client(client);
    write.aggregate.version = 7;
    write.aggregate.schema = 1;
    write.aggregate.state = state.SerializeAsString();
    ASSERT_THAT((*transaction)->Save({&write, 1}), IsOk());
    Upsert(state, **transaction);
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }
  void Upsert(const v1::Client& state, store::Transaction& transaction) {
    for (const pipeline::IndexRow& row : domain_.Index(state)) {
      store::Row whole = row.key;
      whole.insert(whole.end(), row.values.begin(), row.values.end());
      ASSERT_THAT(transaction.Upsert(*row.shape, {&whole, 1}), IsOk());
    }
  }
  // The index rows of `state` alone, and a reader that sees them.
  void SaveRows(const v1::Client& state) {
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    Upsert(state, **transaction);
    ASSERT_THAT((*transaction)->Commit(), IsOk());
    auto reader = database_->Read();
    ASSERT_THAT(reader, IsOk());
    reader_ = *std::move(reader);
  }

  // Replaces the stored state of a client as `change` leaves it; later queries see it.
  template <class Change>
  void ChangeState(int client, const Change& change) {
    const std::vector<std::string> keys = {Client(client)};
    auto stored = reader_->Load(keys);
    ASSERT_THAT(stored, IsOk());
    v1::Client state;
    ASSERT_TRUE(state.ParseFromString(stored->front().state));
    change(state);
    store::AggregateWrite write{stored->front().version, stored->front()};
    write.aggregate.state = state.SerializeAsString();
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    ASSERT_THAT((*transaction)->Save({&write, 1}), IsOk());
    ASSERT_THAT((*transaction)->Commit(), IsOk());
    auto reader = database_->Read();
    ASSERT_THAT(reader, IsOk());
    reader_ = *std::move(reader);
  }

  absl::StatusOr<v1::Referral> Get(const std::string& name) {
    rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
    v1::GetReferralRequest request;
    request.set_name(name);
    auto referral = GetReferral(scope, request);
    viewed_ = scope.viewed;
    return referral;
  }
  // The names on the page that `request` asks for; `next_` is the token of the page after it.
  std::vector<std::string> List(const v1::ListReferralsRequest& request) {
    rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
    const auto response = ListReferrals(scope, request);
    EXPECT_THAT(response, IsOk());
    std::vector<std::string> names;
    for (const v1::Referral& referral : response->referrals()) names.push_back(referral.name());
    next_ = response->next_page_token();
    page_ = *response;
    return names;
  }

  const testing::TemporaryFolder folder_;
  SystemRandom random_;
  const ClientDomain domain_{pathway::TestCatalogue(), HetuPolicy{}};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Reader> reader_;
  pipeline::Principal principal_{.organisation = "organisations/a", .role = "referrer"};
  const ManualClock clock_{absl::UnixEpoch()};
  const rpc::Pager pager_{std::string(32, 'k')};
  std::vector<std::string> viewed_;
  std::string next_;
  v1::ListReferralsResponse page_;
};

TEST_F(ReferralQueries, ShowsTheReferrerItsReferralAndLeavesATrace) {
  const auto referral = Get(Name(1, 1));
  ASSERT_THAT(referral, IsOk());
  EXPECT_EQ(referral->business_status(), "2.0");
  EXPECT_EQ(referral->etag(), "7");
  EXPECT_EQ(referral->person().family_name(), "Canary");
  EXPECT_EQ(referral->person().postal_address(), "");
  EXPECT_THAT(viewed_, ElementsAre(Name(1, 1)));
}

TEST_F(ReferralQueries, HidesOtherOrganisationsReferralsFromAReferrer) {
  // The three answers are the same in every word.
  for (const std::string& name : {Name(1, 2), Name(1, 9), Name(9, 1)}) {
    EXPECT_THAT(Get(name), StatusIs(absl::StatusCode::kNotFound, "no such client or referral")) << name;
  }
  EXPECT_THAT(viewed_, ElementsAre());
}

TEST_F(ReferralQueries, ShowsIntakeThePerson) {
  principal_.role = "intake";
  const auto referral = Get(Name(1, 2));
  ASSERT_THAT(referral, IsOk());
  EXPECT_EQ(referral->person().family_name(), "Canary");
  EXPECT_EQ(referral->person().municipality(), "205");
}

TEST_F(ReferralQueries, HidesProtectedWhereaboutsFromAllButIntake) {
  Save(3, {{"organisations/a", 40}}, /*non_disclosure=*/true);
  auto reader = database_->Read();
  ASSERT_THAT(reader, IsOk());
  reader_ = *std::move(reader);
  for (const char* role : {"referrer", "coordinator", "assessor"}) {
    principal_.role = role;
    const auto referral = Get(Name(3, 1));
    ASSERT_THAT(referral, IsOk()) << role;
    EXPECT_EQ(referral->person().municipality(), "") << role;
    EXPECT_EQ(referral->person().postal_address(), "") << role;
  }
  principal_.role = "intake";
  EXPECT_EQ(Get(Name(3, 1))->person().municipality(), "205");
  EXPECT_EQ(Get(Name(3, 1))->person().postal_address(), "Street 1");
}

TEST_F(ReferralQueries, ShowsARestrictedClientToIntakeAlone) {
  ChangeState(1, [](v1::Client& state) { state.set_restricted(true); });
  for (const char* role : {"referrer", "coordinator", "assessor"}) {
    principal_.role = role;
    EXPECT_EQ(ReasonOf(Get(Name(1, 1)).status()), "PROCESSING_RESTRICTED") << role;
  }
  EXPECT_THAT(viewed_, ElementsAre());
  principal_.role = "intake";
  EXPECT_THAT(Get(Name(1, 1)), IsOk());
}

TEST_F(ReferralQueries, HeedsADenialExceptForThoseWhoHaveTheReferral) {
  ChangeState(1, [](v1::Client& state) {
    for (const char* organisation : {"organisations/a", "organisations/c", "organisations/unit"}) {
      v1::Permission& denial = *state.add_permissions();
      denial.set_denial(true);
      denial.set_organisation(organisation);
      denial.add_classes("referral");
      denial.mutable_valid_from()->set_year(1970);
      denial.mutable_valid_from()->set_month(1);
      denial.mutable_valid_from()->set_day(1);
    }
  });
  EXPECT_THAT(Get(Name(1, 1)), IsOk());  // Its own.
  principal_ = {.organisation = "organisations/unit", .role = "intake"};
  EXPECT_THAT(Get(Name(1, 1)), IsOk());
  principal_ = {.organisation = "organisations/c", .role = "coordinator"};
  EXPECT_EQ(ReasonOf(Get(Name(1, 1)).status()), "CLIENT_DENIES");
}

TEST_F(ReferralQueries, FindsAClientByTheIdentityCodeAndLeavesATrace) {
  const HetuPolicy policy{.allow_test_codes = true};
  const auto find = [&](const std::string& code) {
    auto reader = database_->Read();
    rpc::ReadScope scope{**reader, principal_, clock_, pager_};
    v1::FindClientRequest request;
    request.set_identity_code(code);
    auto record = FindClient(scope, request, policy, database_->hash_key());
    viewed_ = scope.viewed;
    return record;
  };
  {
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    const std::string hash = IdentityHash(database_->hash_key(), *Hetu::Parse("010516B903X", policy));
    ASSERT_THAT((*transaction)->AddAlias({"hetu", hash, Client(1)}), IsOk());
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }
  principal_.role = "intake";
  const auto record = find("010516B903X");
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(record->name(), Client(1));
  EXPECT_EQ(record->person().family_name(), "Canary");
  EXPECT_THAT(record->referrals(), ElementsAre(Name(1, 1), Name(1, 2)));
  EXPECT_THAT(viewed_, ElementsAre(Client(1)));
  EXPECT_THAT(find("131052-9085"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(find("010516B903Y"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("identity_code")));
  EXPECT_THAT(viewed_, ElementsAre());
}

TEST_F(ReferralQueries, FindsAReferralByTheNameItHadBeforeAMergeOrASplit) {
  v1::Client merged;
  merged.set_name(Client(7));
  merged.set_merged_into(Client(8));
  v1::Client between;
  between.set_name(Client(8));
  v1::MovedReferral& moved = *between.add_moved();
  moved.add_names(Name(7, 1));
  moved.add_names(Name(8, 4));
  moved.set_to(Name(9, 1));
  v1::Client owner;
  owner.set_name(Client(9));
  v1::Referral& referral = *owner.add_referrals();
  referral.set_name(Name(9, 1));
  referral.add_former_names(Name(7, 1));
  referral.add_former_names(Name(8, 4));
  referral.set_referrer("organisations/a");
  auto transaction = database_->Begin();
  ASSERT_THAT(transaction, IsOk());
  for (const v1::Client& state : {merged, between, owner}) {
    store::AggregateWrite write;
    write.aggregate.key = state.name();
    write.aggregate.version = 1;
    write.aggregate.schema = 1;
    write.aggregate.state = state.SerializeAsString();
    ASSERT_THAT((*transaction)->Save({&write, 1}), IsOk());
  }
  ASSERT_THAT((*transaction)->Commit(), IsOk());
  reader_ = *database_->Read();
  for (const std::string& name : {Name(7, 1), Name(8, 4), Name(9, 1)}) {
    const auto found = Get(name);
    ASSERT_THAT(found, IsOk()) << name;
    EXPECT_EQ(found->name(), Name(9, 1));
    EXPECT_THAT(viewed_, ElementsAre(Name(9, 1)));
  }
  EXPECT_THAT(Get(Name(7, 2)), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReferralQueries, CountsTheQueueOfAUnit) {
  rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
  v1::GetUnitCapacityRequest request;
  request.set_unit("organisations/unit");
  const auto capacity = GetUnitCapacity(scope, request, pathway::TestCatalogue(), absl::UnixEpoch());
  ASSERT_THAT(capacity, IsOk());
  EXPECT_FALSE(capacity->told());
  EXPECT_EQ(capacity->waiting(), 2);
  EXPECT_EQ(capacity->in_service(), 2);
  request.set_unit("unit");
  EXPECT_THAT(GetUnitCapacity(scope, request, pathway::TestCatalogue(), absl::UnixEpoch()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unit")));
}

TEST_F(ReferralQueries, RefusesAnotherKindOfName) {
  EXPECT_THAT(Get(Client(1)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")));
}

TEST_F(ReferralQueries, ListsNewestFirstInPagesWithoutLossAtEqualInstants) {
  principal_.role = "intake";
  v1::ListReferralsRequest request;
  request.set_page_size(2);
  EXPECT_THAT(List(request), ElementsAre(Name(1, 2), Name(2, 1)));
  request.set_page_token(next_);
  EXPECT_THAT(List(request), ElementsAre(Name(1, 1), Name(2, 2)));
  EXPECT_EQ(next_, "");
}

TEST_F(ReferralQueries, ListsOnlyWhatIsAskedForAndAllowed) {
  EXPECT_THAT(List({}), ElementsAre(Name(2, 1), Name(1, 1), Name(2, 2)));
  v1::ListReferralsRequest request;
  request.set_state(v1::REFERRAL_STATE_ACCEPTED);
  request.set_receiving_unit("organisations/unit");
  EXPECT_THAT(List(request), ElementsAre(Name(2, 2)));
  request.set_receiving_unit("organisations/other");
  EXPECT_THAT(List(request), ElementsAre());
}

TEST_F(ReferralQueries, FindsPeopleByTheHashOfTheirBirthDate) {
  v1::Client state;
  state.set_name(Client(5));
  state.mutable_fingerprints()->set_birth_date("0011223344556677");
  state.mutable_fingerprints()->add_family_name("aa");
  state.mutable_fingerprints()->add_family_name("bb");
  state.mutable_fingerprints()->add_given_name("cc");
  state.mutable_fingerprints()->set_has_identity_code(true);
  SaveRows(state);
  const auto rows = reader_->Query(LookupQueries().at("persons_born"), {state.fingerprints().birth_date()});
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(FingerprintsFrom(rows->front(), "0011223344556677").DebugString(), state.fingerprints().DebugString());
}

TEST_F(ReferralQueries, ListsTheStatusThatTheReferrerHears) {
  v1::Client state;
  state.set_name(Client(5));
  v1::Referral& referral = *state.add_referrals();
  referral.set_name(Name(5, 1));
  referral.set_referrer("organisations/a");
  referral.set_state(v1::REFERRAL_STATE_IN_SERVICE);
  *referral.mutable_create_time() = *referral.mutable_answer_time() = pipeline::ToProto(absl::FromUnixSeconds(100));
  state.mutable_last_event()->set_kind(v1::ServiceEvent::KIND_UNATTENDED);
  state.mutable_last_event()->mutable_time()->set_seconds(101);
  SaveRows(state);
  ASSERT_EQ(List({}).front(), Name(5, 1));
  EXPECT_EQ(page_.referrals(0).business_status(), "5.1.2");
}

TEST_F(ReferralQueries, ListsWithoutThePerson) {
  List({});
  const v1::Referral& referral = page_.referrals(1);
  EXPECT_EQ(referral.segment(), common::v1::SEGMENT_UNEMPLOYED);
  EXPECT_THAT(referral.needs(), ElementsAre("work-ability", "mental-health"));
  EXPECT_EQ(referral.create_time().seconds(), 20);
  EXPECT_FALSE(referral.has_answer_time());
  EXPECT_EQ(referral.business_status(), "2.0");
  EXPECT_THAT(page_.DebugString(), Not(HasSubstr("Canary")));
}

class WatchReferrals : public ReferralQueries {
 protected:
  // What a stream sends until it is at rest.
  std::vector<v1::WatchReferralsResponse> Drain(ReferralWatch& watch) {
    auto reader = database_->Read();
    EXPECT_THAT(reader, IsOk());
    rpc::ReadScope scope{**reader, principal_, clock_, pager_};
    std::vector<v1::WatchReferralsResponse> all;
    while (true) {
      std::vector<v1::WatchReferralsResponse> found;
      const auto more = watch(scope, found);
      EXPECT_THAT(more, IsOk());
      all.insert(all.end(), found.begin(), found.end());
      if (!more.ok() || !*more) return all;
    }
  }
  std::vector<std::string> NamesOf(const std::vector<v1::WatchReferralsResponse>& sent) {
    std::vector<std::string> names;
    for (const auto& response : sent) {
      if (response.has_referral()) names.push_back(response.referral().name());
    }
    return names;
  }
  // Journals `event` of a client whose index rows stay as they are.
  void Journal(int client, const google::protobuf::Message& event) {
    auto transaction = database_->Begin();
    ASSERT_THAT(transaction, IsOk());
    store::JournalRow row;
    row.key = Client(client);
    row.version = ++versions_[client];
    row.type = event.GetDescriptor()->full_name();
    row.payload = event.SerializeAsString();
    ASSERT_THAT((*transaction)->AppendJournal({&row, 1}), IsOk());
    store::AggregateWrite write;
    write.expected_version = row.version == 8 ? 7 : row.version - 1;
    write.aggregate.key = row.key;
    write.aggregate.version = row.version;
    write.aggregate.schema = 1;
    ASSERT_THAT((*transaction)->Save({&write, 1}), IsOk());
    ASSERT_THAT((*transaction)->Commit(), IsOk());
  }
  v1::ReferralDeclined Declined(const std::string& name) {
    v1::ReferralDeclined event;
    event.set_referral(name);
    return event;
  }

  std::map<int, int64_t> versions_ = {{1, 7}, {2, 7}};
};

TEST_F(WatchReferrals, SendsTheListThenOnlyWhatChangedOfTheOwnReferrals) {
  ReferralWatch watch("");
  const auto list = Drain(watch);
  EXPECT_THAT(NamesOf(list), ElementsAre(Name(1, 1), Name(2, 1), Name(2, 2)));
  EXPECT_TRUE(list.back().caught_up());
  EXPECT_THAT(Drain(watch), ElementsAre());
  Journal(2, Declined(Name(2, 2)));
  Journal(1, Declined(Name(1, 2)));  // Another organisation's, of the same client as one of ours.
  const auto changes = Drain(watch);
  EXPECT_THAT(NamesOf(changes), ElementsAre(Name(2, 2)));
  EXPECT_TRUE(changes.back().caught_up());
  EXPECT_FALSE(changes.back().referral().has_person());
}

TEST_F(WatchReferrals, TellsNothingOfARestrictedClientUntilItIsFree) {
  ChangeState(2, [](v1::Client& state) { state.set_restricted(true); });
  ReferralWatch watch("");
  EXPECT_THAT(NamesOf(Drain(watch)), ElementsAre(Name(1, 1)));
  v1::ProcessingRestricted freed;
  freed.set_client(Client(2));
  Journal(2, freed);  // The state that it leaves is not restricted.
  EXPECT_THAT(NamesOf(Drain(watch)), ElementsAre(Name(2, 1), Name(2, 2)));
}

TEST_F(WatchReferrals, SendsAReferralThatChangedUnderTheNameItHadBeforeAMerge) {
  v1::Client state;
  state.set_name(Client(2));
  v1::Referral& referral = *state.add_referrals();
  referral.set_name(Name(2, 3));
  referral.add_former_names(Name(7, 1));
  referral.add_former_names(Name(8, 1));
  referral.set_referrer("organisations/a");
  SaveRows(state);
  ReferralWatch watch("");
  Drain(watch);
  Journal(2, Declined(Name(7, 1)));
  const auto changes = Drain(watch);
  EXPECT_THAT(NamesOf(changes), ElementsAre(Name(2, 3)));
  EXPECT_THAT(changes[0].referral().former_names(), ElementsAre(Name(7, 1), Name(8, 1)));
}

TEST_F(WatchReferrals, GoesOnBehindItsTokenAfterARestart) {
  ReferralWatch first("");
  const std::string token = Drain(first).back().resume_token();
  Journal(1, Declined(Name(1, 1)));
  ReferralWatch second(token);
  const auto missed = Drain(second);
  EXPECT_THAT(NamesOf(missed), ElementsAre(Name(1, 1)));
  ReferralWatch third(missed.back().resume_token());
  EXPECT_THAT(Drain(third), ElementsAre());
}

TEST_F(WatchReferrals, ResumesInTheMiddleOfTheList) {
  ReferralWatch first("");
  const std::string token = Drain(first)[0].resume_token();
  Journal(1, Declined(Name(1, 1)));  // Listed before it changed.
  ReferralWatch second(token);
  EXPECT_THAT(NamesOf(Drain(second)), ElementsAre(Name(2, 1), Name(2, 2), Name(1, 1)));
}

TEST_F(WatchReferrals, RefusesADamagedTokenOrAnotherOrganisations) {
  ReferralWatch own("");
  const std::string token = Drain(own).back().resume_token();
  principal_.organisation = "organisations/b";
  rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
  std::vector<v1::WatchReferralsResponse> found;
  ReferralWatch stolen(token);
  EXPECT_THAT(stolen(scope, found), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("resume_token")));
  ReferralWatch damaged("x");
  EXPECT_THAT(damaged(scope, found), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("resume_token")));
}

TEST_F(ReferralQueries, RefusesThePageTokenOfAnotherListOrOrganisation) {
  v1::ListReferralsRequest request;
  request.set_page_size(1);
  List(request);
  request.set_page_token(next_);
  principal_.organisation = "organisations/b";
  rpc::ReadScope scope{*reader_, principal_, clock_, pager_};
  EXPECT_THAT(ListReferrals(scope, request), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
}

TEST(TargetOf, LeadsTheSameCodeToTheSameAliasAndNeverShowsIt) {
  SeededRandom random(1);
  const std::string key(32, 'k');
  const HetuPolicy policy{.allow_test_codes = true};
  const absl::Time now = absl::FromUnixSeconds(1800000000);
  v1::SubmitReferralRequest request;
  EXPECT_FALSE(TargetOf(request, policy, key, now, random).alias.has_value());
  request.mutable_referral()->mutable_person()->set_identity_code("010516B903X");
  const rpc::WriteTarget first = TargetOf(request, policy, key, now, random);
  const rpc::WriteTarget second = TargetOf(request, policy, key, now, random);
  ASSERT_TRUE(first.alias.has_value());
  EXPECT_EQ(first.alias->keyed_hash, second.alias->keyed_hash);
  EXPECT_EQ(first.alias->keyed_hash.size(), 64u);
  EXPECT_NE(first.key, second.key);
  EXPECT_TRUE(ClientOf(first.key).has_value());
  // A code that is none must not claim an alias.
  request.mutable_referral()->mutable_person()->set_identity_code("010516B903Y");
  EXPECT_FALSE(TargetOf(request, policy, key, now, random).alias.has_value());
}

}  // namespace
}  // namespace polku::referral
