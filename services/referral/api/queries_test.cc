#include "services/referral/api/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/proto_time.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "services/referral/api/grpc_api.h"
#include "services/referral/domain/client_domain.h"
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
