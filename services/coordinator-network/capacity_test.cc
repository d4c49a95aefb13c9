// Places under contention, and a hand-over of forty clients, on the real corridor and store; the process ends anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "prometheus/registry.h"
#include "services/coordinator-network/domain/client_domain.h"
#include "services/coordinator-network/domain/coordinator_domain.h"
#include "services/coordinator-network/lookups.h"
#include "services/coordinator-network/service.h"

namespace polku::coordinator_network {
namespace {

struct Crash {};

constexpr int kForty = 40;

std::string Client(int n) { return absl::StrFormat("clients/0190a000-0000-7000-8000-%012d", n); }
std::string Name(const std::string& id) { return absl::StrCat("coordinators/", id); }

class Capacity : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { pipeline::SetCrashHook({}); }

  void Open() {
    bus::EmbeddedBusOptions bus;
    bus.path = folder_.path() + "/bus.db";
    bus.clock = &clock_;
    bus_ = *bus::OpenEmbeddedBus(bus);
    for (const char* service : {"referral", "assessment", "follow-up", "coordinator-network"}) {
      ASSERT_THAT(bus_->EnsureTopics({{pipeline::TopicOf(service), 1}}), IsOk());
    }
    store::SqliteOptions sqlite;
    sqlite.base = StoreOptions();
    sqlite.path = folder_.path() + "/network.db";
    sqlite.key_path = folder_.path() + "/network.keys";
    sqlite.random = &random_;
    database_ = *store::OpenSqlite(sqlite);
    pipeline::Definition definition;
    definition.service = "coordinator-network";
    definition.subscriptions = {"referral", "assessment", "follow-up"};
    definition.queries = LookupQueries();
    definition.kinds.push_back(std::make_unique<pipeline::KindOf<ClientDomain>>("clients/", ClientDomain({})));
    definition.kinds.push_back(
        std::make_unique<pipeline::KindOf<CoordinatorDomain>>("coordinators/", CoordinatorDomain({})));
    registry_ = std::make_unique<prometheus::Registry>();
    pipeline::Limits limits;
    limits.steps_per_batch_max = 7;
    pipeline_ = *pipeline::Pipeline::Create(std::move(definition),
                                            {&clock_, database_.get(), bus_.get(), registry_.get(), nullptr}, limits);
  }
  void Close() {
    pipeline_.reset();
    database_.reset();
    bus_.reset();
  }
  void Settle() {
    for (int i = 0; i < 1000; ++i) {
      const auto worked = pipeline_->Step();
      ASSERT_THAT(worked, IsOk());
      ASSERT_THAT(pipeline_->RelayStep(), IsOk());
      if (!*worked && *pipeline_->Drained()) return;
    }
    FAIL() << "does not come to rest";
  }

  // Queued with others; its outcome is kUnknown until it is answered.
  template <class Request>
  std::shared_ptr<absl::Status> Queue(const std::string& key, Request request) {
    pipeline::Command command;
    command.method = Request::descriptor()->full_name();
    command.key = key;
    command.request_id = request.request_id().empty() ? absl::StrCat("r", ++requests_) : request.request_id();
    command.request = std::make_unique<Request>(std::move(request));
    command.principal = {"organisations/unit", "system", "user", "lead", "care"};
    auto answer = std::make_shared<absl::Status>(absl::UnknownError("not answered"));
    pipeline_->Submit(std::move(command), [answer](const auto& reply) { *answer = reply.status(); });
    return answer;
  }
  void Register(const std::string& id, int capacity, const std::string& municipality = "205") {
    v1::RegisterCoordinatorRequest request;
    request.set_coordinator_id(id);
    v1::Coordinator& profile = *request.mutable_coordinator();
    profile.set_organisation("organisations/unit");
    profile.add_municipalities(municipality);
    profile.add_languages("fi");
    profile.add_segments(common::v1::SEGMENT_UNEMPLOYED);
    profile.set_capacity(capacity);
    const auto answer = Queue(Name(id), std::move(request));
    Settle();
    ASSERT_THAT(*answer, IsOk());
  }
  std::shared_ptr<absl::Status> QueueAccept(const std::string& id, const std::string& client) {
    v1::AcceptAssignmentRequest request;
    request.set_coordinator(Name(id));
    request.set_client(client);
    return Queue(Name(id), std::move(request));
  }
  // The fact as the referral service or follow-up publishes it.
  template <class Fact>
  void Publish(const std::string& source, const std::string& client, const Fact& fact) {
    store::JournalRow row;
    row.key = client;
    row.version = ++versions_[source + client];
    row.public_version = row.version;
    row.type = Fact::descriptor()->full_name();
    row.payload = fact.SerializeAsString();
    row.time = clock_.Now();
    for (const absl::Status& sent : (*bus_->NewProducer())->Publish({pipeline::EncodeEvent(source, 1, row)})) {
      ASSERT_THAT(sent, IsOk());
    }
  }
  void Refer(const std::string& client) {
    referral::v1::ReferralAccepted fact;
    fact.set_referral(absl::StrCat(client, "/referrals/1"));
    fact.set_receiving_unit("organisations/unit");
    fact.set_segment(common::v1::SEGMENT_UNEMPLOYED);
    fact.set_municipality("205");
    fact.set_language("fi");
    *fact.mutable_accept_time() = pipeline::ToProto(clock_.Now());
    Publish("referral", client, fact);
  }
  void Interrupt(const std::string& client) {
    follow_up::v1::OutreachRequested fact;
    fact.set_interruption(absl::StrCat(client, "/interruptions/1"));
    fact.set_rule(follow_up::v1::RULE_NO_CONTACT);
    *fact.mutable_due_time() = pipeline::ToProto(clock_.Now() + absl::Hours(24));
    Publish("follow-up", client, fact);
  }

  template <class State>
  State StateOf(const std::string& key) {
    State state;
    const std::vector<std::string> keys = {key};
    state.ParseFromString((*(*database_->Read())->Load(keys))[0].state);
    return state;
  }
  v1::ClientSupport Support(const std::string& client) { return StateOf<v1::ClientSupport>(client); }
  std::vector<store::Row> Query(const std::string& sql, const std::vector<store::Value>& values = {}) {
    return *(*database_->Read())->Query(sql, values);
  }
  // Each place is one of a client whom this coordinator has taken, and the other way round.
  void ExpectPlacesAndClientsAgree(const std::vector<std::string>& ids, int clients) {
    std::map<std::string, std::set<std::string>> taken;
    for (int n = 1; n <= clients; ++n) {
      const v1::Assignment assignment = Support(Client(n)).assignment();
      if (assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED) taken[assignment.coordinator()].insert(Client(n));
    }
    for (const std::string& id : ids) {
      const auto record = StateOf<v1::CoordinatorRecord>(Name(id));
      std::set<std::string> places;
      for (const v1::Place& place : record.places()) places.insert(place.client());
      EXPECT_EQ(places, taken[Name(id)]) << id;
      EXPECT_LE(record.places_size(), record.coordinator().capacity()) << id;
    }
  }
  // `id` has taken clients 1 to `count`, each with an outreach to be made.
  void TakeAll(const std::string& id, int count) {
    for (int n = 1; n <= count; ++n) Refer(Client(n));
    Settle();
    for (int n = 1; n <= count; ++n) QueueAccept(id, Client(n));
    Settle();
    for (int n = 1; n <= count; ++n) Interrupt(Client(n));
    Settle();
    ASSERT_EQ(StateOf<v1::CoordinatorRecord>(Name(id)).places_size(), count);
  }
  v1::HandOverRequest GiveAll(const std::string& from, const std::string& to) {
    v1::HandOverRequest request;
    request.set_from(Name(from));
    if (!to.empty()) request.set_to(Name(to));
    request.set_reason("leaves");
    request.set_request_id("give-all");
    return request;
  }
  int TakenBy(const std::string& id, int clients) {
    int taken = 0;
    for (int n = 1; n <= clients; ++n) taken += Support(Client(n)).assignment().coordinator() == Name(id) ? 1 : 0;
    return taken;
  }

  testing::TemporaryFolder folder_;
  ManualClock clock_{absl::FromUnixSeconds(1'795'000'000)};
  SeededRandom random_{1};
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::map<std::string, int64_t> versions_;
  int requests_ = 0;
};

// Ten are proposed to one coordinator, who has three places; all are accepted in one breath.
TEST_F(Capacity, IsNeverExceededByAcceptancesOfOneBatch) {
  Register("a", 10);
  for (int n = 1; n <= 10; ++n) Refer(Client(n));
  Settle();
  v1::UpdateCoordinatorRequest fewer;
  *fewer.mutable_coordinator() = StateOf<v1::CoordinatorRecord>(Name("a")).coordinator();
  fewer.mutable_coordinator()->set_capacity(3);
  const auto updated = Queue(Name("a"), fewer);
  Settle();
  ASSERT_THAT(*updated, IsOk());
  std::vector<std::shared_ptr<absl::Status>> answers;
  for (int n = 1; n <= 10; ++n) answers.push_back(QueueAccept("a", Client(n)));
  Settle();
  EXPECT_EQ(std::count_if(answers.begin(), answers.end(), [](const auto& each) { return each->ok(); }), 3);
  for (const auto& each : answers) {
    if (!each->ok()) {
      EXPECT_EQ(ReasonOf(*each), "CAPACITY_USED_UP");
    }
  }
  ExpectPlacesAndClientsAgree({"a"}, 10);
}

// The lead moves a client to somebody else while the first coordinator accepts, in either order.
TEST_F(Capacity, IsGivenBackWhenTheClientWentElsewhereMeanwhile) {
  Register("a", 10);
  Register("b", 10, "999");
  for (int n = 1; n <= 6; ++n) Refer(Client(n));
  Settle();
  for (int n = 1; n <= 6; ++n) {
    const auto move = [&] {
      v1::AssignCoordinatorRequest request;
      request.set_client(Client(n));
      request.set_coordinator(Name("b"));
      request.set_reason("knows the client");
      Queue(Client(n), request);
    };
    if (n % 2 == 0) move();
    QueueAccept("a", Client(n));
    if (n % 2 != 0) move();
  }
  Settle();
  ExpectPlacesAndClientsAgree({"a", "b"}, 6);
  for (int n = 1; n <= 6; ++n) QueueAccept("b", Client(n));
  Settle();
  ExpectPlacesAndClientsAgree({"a", "b"}, 6);
  EXPECT_EQ(TakenBy("a", 6) + TakenBy("b", 6), 6);
}

TEST_F(Capacity, HandsOverFortyClientsInStepsWhoseProgressCanBeSeen) {
  Register("a", kForty);
  TakeAll("a", kForty);
  Register("b", 100);
  const auto begun = Queue(Name("a"), GiveAll("a", "b"));
  ASSERT_THAT(pipeline_->Step(), IsOk());
  EXPECT_THAT(*begun, IsOk());
  std::vector<int64_t> left;
  while (*pipeline_->Step()) {
    const auto rows = Query("SELECT COUNT(*) FROM assignment WHERE coordinator = $1", {Name("a")});
    left.push_back(std::get<int64_t>(rows[0][0]));
  }
  EXPECT_TRUE(std::is_sorted(left.rbegin(), left.rend()));
  EXPECT_GT(std::set<int64_t>(left.begin(), left.end()).size(), 3u);
  Settle();
  EXPECT_EQ(TakenBy("b", kForty), kForty);
  EXPECT_EQ(Query("SELECT task FROM task WHERE coordinator = $1", {Name("b")}).size(), size_t{kForty});
  EXPECT_TRUE(Query("SELECT task FROM task WHERE coordinator = $1", {Name("a")}).empty());
  ExpectPlacesAndClientsAgree({"a", "b"}, kForty);
}

// Two takers with ten places each: twenty stay, and the lead is told of each of them.
TEST_F(Capacity, LeavesClientsWhoFindNoPlaceWithTheirGiverAndTellsTheLead) {
  Register("a", kForty);
  TakeAll("a", kForty);
  Register("b", 10);
  Register("c", 10);
  Queue(Name("a"), GiveAll("a", ""));
  Settle();
  EXPECT_EQ(TakenBy("a", kForty), 20);
  ExpectPlacesAndClientsAgree({"a", "b", "c"}, kForty);
  int told = 0;
  for (int n = 1; n <= kForty; ++n) {
    const v1::ClientSupport support = Support(Client(n));
    for (const v1::Task& task : support.tasks()) told += task.kind() == v1::TASK_KIND_HAND_OVER ? 1 : 0;
  }
  EXPECT_EQ(told, 20);
}

// At every fifth point at which the process may end, until there is none that it has not reached.
TEST_F(Capacity, HandsOverEveryClientOnceWhereverTheProcessEnds) {
  Register("a", kForty);
  TakeAll("a", kForty);
  Register("b", 100);
  std::string from = "a";
  std::string to = "b";
  bool crashed = true;
  int crashes = 0;
  for (int place = 0; crashed; place += 5) {
    SCOPED_TRACE(place);
    int passed = 0;
    pipeline::SetCrashHook([&](absl::string_view) {
      if (passed++ == place) throw Crash();
    });
    v1::HandOverRequest request = GiveAll(from, to);
    request.set_request_id(absl::StrCat("give-all-", place));
    crashed = false;
    try {
      Queue(Name(from), request);
      Settle();
    } catch (const Crash&) {
      crashed = true;
      ++crashes;
    }
    pipeline::SetCrashHook({});
    Close();
    Open();
    const auto again = Queue(Name(from), request);  // As a caller does who got no answer.
    Settle();
    EXPECT_THAT(*again, IsOk());
    EXPECT_EQ(TakenBy(to, kForty), kForty);
    EXPECT_EQ(Query("SELECT task FROM task WHERE coordinator = $1", {Name(to)}).size(), size_t{kForty});
    ExpectPlacesAndClientsAgree({"a", "b"}, kForty);
    std::swap(from, to);
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_GT(crashes, 10);
}

TEST_F(Capacity, OfNobodyMakesATaskForTheLeadThatGoesAwayWithAProposal) {
  Refer(Client(1));
  Settle();
  EXPECT_EQ(Support(Client(1)).assignment().state(), v1::ASSIGNMENT_STATE_NOBODY_AVAILABLE);
  ASSERT_EQ(Query("SELECT task FROM task WHERE coordinator = $1", {Name("lead")}).size(), 1u);
  Register("a", 1);
  v1::AssignCoordinatorRequest request;
  request.set_client(Client(1));
  Queue(Client(1), request);
  Settle();
  EXPECT_TRUE(Query("SELECT task FROM task WHERE coordinator = $1", {Name("lead")}).empty());
  EXPECT_EQ(Support(Client(1)).assignment().coordinator(), Name("a"));
}

}  // namespace
}  // namespace polku::coordinator_network
