// A merge and its undoing on the real corridor and store, with the process ending anywhere in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/pipeline.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "prometheus/registry.h"
#include "services/referral/api/grpc_api.h"
#include "services/referral/api/queries.h"
#include "services/referral/domain/client_domain.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/index.h"
#include "services/referral/service.h"

namespace polku::referral {
namespace {

using ::testing::SizeIs;

struct Crash {};

constexpr char kLost[] = "clients/0190a000-0000-7000-8000-000000000021";
constexpr char kKept[] = "clients/0190a000-0000-7000-8000-000000000022";
constexpr char kCode[] = "010516B903X";
constexpr char kRequest[] = "0190a000-0000-7000-8000-0000000000ff";
const HetuPolicy kTestCodes{.allow_test_codes = true};

class MergeRestart : public ::testing::Test {
 protected:
  void TearDown() override { pipeline::SetCrashHook({}); }

  void Begin(int world) {
    folder_ = absl::StrCat(scratch_.path(), "/", world);
    std::filesystem::create_directories(folder_);
    Open();
    ASSERT_THAT(Submit(kLost, kCode), IsOk());
    ASSERT_THAT(Submit(kKept, ""), IsOk());
  }
  void Open() {
    bus::EmbeddedBusOptions bus;
    bus.path = folder_ + "/bus.db";
    bus.clock = &clock_;
    bus_ = *bus::OpenEmbeddedBus(bus);
    for (const char* service : {"referral", "assessment", "follow-up"}) {
      ASSERT_THAT(bus_->EnsureTopics({{pipeline::TopicOf(service), 1}}), IsOk());
    }
    store::SqliteOptions sqlite;
    sqlite.base = StoreOptions();
    sqlite.path = folder_ + "/referral.db";
    sqlite.key_path = folder_ + "/referral.keys";
    sqlite.ledger_path = folder_ + "/referral.erasures";
    sqlite.random = &random_;
    database_ = *store::OpenSqlite(sqlite);
    pipeline::Definition definition;
    definition.service = "referral";
    definition.queries = LookupQueries();
    definition.kinds.push_back(std::make_unique<pipeline::KindOf<ClientDomain>>(
        "clients/", ClientDomain(catalogue_, kTestCodes, database_->hash_key())));
    registry_ = std::make_unique<prometheus::Registry>();
    pipeline::Limits limits;
    limits.steps_per_batch_max = 1;
    pipeline_ = *pipeline::Pipeline::Create(std::move(definition),
                                            {&clock_, database_.get(), bus_.get(), registry_.get(), nullptr}, limits);
  }
  void Close() {
    pipeline_.reset();
    database_.reset();
    bus_.reset();
  }

  // OK, the domain's refusal, or kUnknown when nobody answered.
  absl::Status Run(std::unique_ptr<google::protobuf::Message> request, rpc::WriteTarget target,
                   const std::string& request_id) {
    pipeline::Command command;
    command.method = request->GetTypeName();
    command.request = std::move(request);
    command.key = target.key;
    command.alias = target.alias;
    command.request_id = request_id;
    command.principal = {"organisations/unit", "system", "user", "intake", "care"};
    auto answer = std::make_shared<absl::Status>(absl::UnknownError("not answered"));
    pipeline_->Submit(std::move(command), [answer](const auto& reply) { *answer = reply.status(); });
    Settle();
    return *answer;
  }
  void Settle() {
    for (int i = 0; i < 100; ++i) {
      const auto worked = pipeline_->Step();
      ASSERT_THAT(worked, IsOk());
      ASSERT_THAT(pipeline_->RelayStep(), IsOk());
      if (!*worked && *pipeline_->Drained()) return;
    }
    FAIL() << "does not come to rest";
  }
  absl::Status Submit(const std::string& client, const std::string& code) {
    auto request = std::make_unique<v1::SubmitReferralRequest>();
    v1::Referral& referral = *request->mutable_referral();
    referral.set_receiving_unit("organisations/unit");
    referral.set_segment(common::v1::SEGMENT_UNEMPLOYED);
    referral.add_needs("work-ability");
    v1::Person& person = *referral.mutable_person();
    person.set_identity_code(code);
    person.set_family_name("Canary");
    person.set_given_names("Eeva");
    person.set_municipality("205");
    if (code.empty()) person.mutable_birth_date()->set_year(1990);
    if (code.empty()) person.mutable_birth_date()->set_month(1);
    if (code.empty()) person.mutable_birth_date()->set_day(1);
    rpc::WriteTarget target = TargetOf(*request, kTestCodes, database_->hash_key(), clock_.Now(), random_);
    target.key = client;
    return Run(std::move(request), std::move(target), "");
  }
  absl::Status Merge() {
    auto request = std::make_unique<v1::MergeClientsRequest>();
    request->set_client(kLost);
    request->set_into(kKept);
    request->set_text("papers");
    request->set_request_id(kRequest);
    return Run(std::move(request), {}, kRequest);
  }
  absl::Status Undo() {
    auto request = std::make_unique<v1::SplitClientRequest>();
    request->set_client(kKept);
    request->set_merged(kLost);
    request->set_text("two persons");
    request->set_request_id(kRequest);
    return Run(std::move(request), {}, kRequest);
  }
  v1::Client StateOf(const std::string& client) {
    v1::Client state;
    const std::vector<std::string> keys = {client};
    state.ParseFromString((*(*database_->Read())->Load(keys))[0].state);
    return state;
  }
  std::string LeadsTo(const std::string& code) {
    const std::string hash = IdentityHash(database_->hash_key(), *Hetu::Parse(code, kTestCodes));
    const auto found = *(*database_->Read())->FindAliases({{std::string(kHetuAlias), hash, ""}});
    return found.empty() ? "" : found[0].key;
  }
  int Told(const std::string& client, const std::string& type) {
    const auto rows = *(*database_->Read())->ReadJournal(client, 0, 1000);
    return static_cast<int>(std::count_if(rows.begin(), rows.end(), [&](const auto& row) { return row.type == type; }));
  }
  // As a caller does: until somebody answers, with the same request id.
  template <class Fn>
  bool CrashesAt(int place, const Fn& command) {
    int passed = 0;
    pipeline::SetCrashHook([&passed, place](absl::string_view) {
      if (passed++ == place) throw Crash();
    });
    bool crashed = false;
    try {
      EXPECT_THAT(command(), IsOk());
    } catch (const Crash&) {
      crashed = true;
    }
    pipeline::SetCrashHook({});
    Close();
    Open();
    EXPECT_THAT(command(), IsOk());
    return crashed;
  }

  testing::TemporaryFolder scratch_;
  std::string folder_;
  ManualClock clock_{absl::FromUnixSeconds(1'795'000'000)};
  SeededRandom random_{1};
  const pathway::Catalogue catalogue_ = pathway::TestCatalogue();
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
};

TEST_F(MergeRestart, EndsAsOneClientWhereverTheProcessEnds) {
  int place = 0;
  for (bool crashed = true; crashed; ++place) {
    Begin(place);
    crashed = CrashesAt(place, [this] { return Merge(); });
    EXPECT_EQ(StateOf(kLost).merged_into(), kKept) << place;
    EXPECT_THAT(StateOf(kKept).referrals(), SizeIs(2)) << place;
    EXPECT_EQ(StateOf(kKept).person().identity_code(), kCode) << place;
    EXPECT_EQ(LeadsTo(kCode), kKept) << place;
    EXPECT_EQ(Told(kLost, "polku.referral.v1.ClientMerged"), 1) << place;
    // The next referral with that code is the kept client's.
    ASSERT_THAT(Submit("clients/0190a000-0000-7000-8000-000000000023", kCode), IsOk());
    EXPECT_THAT(StateOf(kKept).referrals(), SizeIs(3)) << place;
    Close();
  }
  EXPECT_GT(place, 4);
}

TEST_F(MergeRestart, EndsAsTwoAgainWhereverTheProcessEnds) {
  int place = 0;
  for (bool crashed = true; crashed; ++place) {
    Begin(place);
    ASSERT_THAT(Merge(), IsOk());
    crashed = CrashesAt(place, [this] { return Undo(); });
    EXPECT_EQ(StateOf(kLost).merged_into(), "") << place;
    EXPECT_THAT(StateOf(kLost).referrals(), SizeIs(1)) << place;
    EXPECT_THAT(StateOf(kKept).referrals(), SizeIs(1)) << place;
    EXPECT_EQ(LeadsTo(kCode), kLost) << place;
    EXPECT_EQ(Told(kKept, "polku.referral.v1.ClientSplit"), 1) << place;
    Close();
  }
  EXPECT_GT(place, 2);
}

}  // namespace
}  // namespace polku::referral
