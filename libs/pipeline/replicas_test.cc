// Several programs of one service on one database: each input is handled once, whoever handles it, and what a program
// leaves another takes up.
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pipeline/inbox.h"
#include "libs/pipeline/testing/toy_world.h"
#include "libs/store/postgres/postgres_database.h"
#include "libs/store/postgres/testing/server.h"

namespace polku::pipeline {
namespace {

using store::postgres::ServerForTests;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Reply = absl::StatusOr<std::unique_ptr<google::protobuf::Message>>;

// Lets a test do something between what a corridor has read and the transaction that follows.
class StoppableDatabase final : public store::Database {
 public:
  explicit StoppableDatabase(std::unique_ptr<store::Database> real) : real_(std::move(real)) {}
  absl::StatusOr<std::unique_ptr<store::Transaction>> Begin() override {
    if (before_begin) std::exchange(before_begin, nullptr)();
    return real_->Begin();
  }
  absl::StatusOr<std::unique_ptr<store::Reader>> Read() override { return real_->Read(); }
  bool shared() const override { return real_->shared(); }
  int64_t epoch() const override { return real_->epoch(); }
  absl::string_view hash_key() const override { return real_->hash_key(); }
  absl::Status RecordErasures(absl::Span<const store::Erasure> erasures) override {
    return real_->RecordErasures(erasures);
  }
  absl::Status DestroyKeys(absl::Span<const std::string> owners) override { return real_->DestroyKeys(owners); }

  std::function<void()> before_begin;

 private:
  const std::unique_ptr<store::Database> real_;
};

// One of the programs of a service.
struct Program {
  std::unique_ptr<StoppableDatabase> database;
  prometheus::Registry metrics;
  std::unique_ptr<Pipeline> pipeline;
};

class ReplicasTest : public ::testing::Test {
 protected:
  ReplicasTest() {
    bus::EmbeddedBusOptions bus_options;
    bus_options.path = folder_.path() + "/bus.db";
    bus_options.clock = &clock_;
    bus_ = *bus::OpenEmbeddedBus(bus_options);
    EXPECT_THAT(bus_->EnsureTopics({{TopicOf("toy"), 4}}), IsOk());
    for (const char* service : {"toy", "mirror"}) {
      server_.CreateDatabase(NameOf(service));
      databases_.push_back(Open(service));
    }
    journals_.Add("toy", databases_[0].get());
    limits_.lease_lasts = absl::Milliseconds(400);
    limits_.shared_tell = limits_.shared_look = absl::ZeroDuration();
  }
  ~ReplicasTest() override {
    databases_.clear();
    for (const char* service : {"toy", "mirror"}) server_.DropDatabase(NameOf(service));
  }

  std::string NameOf(const std::string& service) const { return absl::StrCat("replicas_", service); }
  std::unique_ptr<store::Database> Open(const std::string& service) {
    store::PostgresOptions options;
    options.base.service = service;
    options.base.sealed_prefixes = {"clients/"};
    options.base.migrations = {
        {1, "total",
         "CREATE TABLE total (counter TEXT PRIMARY KEY, total BIGINT NOT NULL, reminders BIGINT NOT NULL)"}};
    options.target = server_.Target(NameOf(service));
    options.key_path = folder_.path() + "/" + service + ".keys";
    options.ledger_path = folder_.path() + "/" + service + ".erasures";
    options.random = &random_;
    return *store::OpenPostgres(options);
  }
  std::unique_ptr<Program> Make(const std::string& service, std::unique_ptr<AggregateKind> kind,
                                std::vector<std::string> subscriptions) {
    auto program = std::make_unique<Program>();
    program->database = std::make_unique<StoppableDatabase>(Open(service));
    Definition definition;
    definition.service = service;
    definition.kinds.push_back(std::move(kind));
    definition.queries["total_of"] = "SELECT total FROM total WHERE counter = $1";
    definition.subscriptions = std::move(subscriptions);
    program->pipeline = *Pipeline::Create(
        std::move(definition), {&clock_, program->database.get(), bus_.get(), &program->metrics, &journals_}, limits_);
    return program;
  }
  std::unique_ptr<Program> Toy() {
    return Make("toy", std::make_unique<KindOf<toy::CounterDomain>>("clients/", toy::CounterDomain()), {});
  }
  std::unique_ptr<Program> Mirror() {
    return Make("mirror", std::make_unique<KindOf<toy::MirrorDomain>>("clients/", toy::MirrorDomain()), {"toy"});
  }

  static toy::v1::AddRequest Add(const std::string& counter, int64_t amount) {
    toy::v1::AddRequest request;
    request.set_counter(counter);
    request.set_amount(amount);
    return request;
  }
  static void Submit(Program& program, const toy::v1::AddRequest& request, const std::string& request_id, Done done) {
    Command command;
    command.method = "toy/Add";
    command.request = std::make_unique<toy::v1::AddRequest>(request);
    command.request_id = request_id;
    command.principal.organisation = "organisations/test";
    program.pipeline->Submit(std::move(command), std::move(done));
  }
  // Queues it and steps the program once.
  static void Run(Program& program, const toy::v1::AddRequest& request) {
    absl::Status answer = absl::UnknownError("not answered");
    Submit(program, request, "", [&answer](const Reply& reply) { answer = reply.status(); });
    EXPECT_THAT(program.pipeline->Step(), IsOk());
    EXPECT_THAT(answer, IsOk());
  }
  // Steps the program until `done`.
  static void StepUntil(Program& program, const std::function<bool()>& done) {
    const SystemMonotonicClock clock;
    while (!done() && clock.Elapsed() < absl::Seconds(30)) ASSERT_THAT(program.pipeline->Step(), IsOk());
    EXPECT_TRUE(done());
  }
  toy::v1::Counter StateOf(int database, const std::string& key) {
    toy::v1::Counter counter;
    counter.ParseFromString((*(*databases_[database]->Read())->Load({key}))[0].state);
    return counter;
  }
  int64_t Waiting(int database) {
    return static_cast<int64_t>((*databases_[database]->Read())->ReadOutbox(10)->size());
  }

  ServerForTests& server_ = ServerForTests::Get();
  testing::TemporaryFolder folder_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  SystemRandom random_;
  Limits limits_;
  InProcessJournals journals_;
  std::unique_ptr<bus::Bus> bus_;
  std::vector<std::unique_ptr<store::Database>> databases_;  // To look into: toy, mirror.
};

TEST_F(ReplicasTest, EachCommandIsAppliedOnceByWhicheverProgramAndTheirPeersSeeOneHistory) {
  std::vector<std::unique_ptr<Program>> programs;
  for (int i = 0; i < 2; ++i) programs.push_back(Toy());
  for (int i = 0; i < 2; ++i) programs.push_back(Mirror());
  for (const auto& program : programs) {
    program->pipeline->Start([](const absl::Status& status) { ADD_FAILURE() << status; });
  }
  constexpr int kCallers = 4;
  constexpr int kCommands = 60;
  constexpr int kCounters = 7;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kCommands; ++i) {
        const int number = caller * kCommands + i;
        toy::v1::AddRequest request = Add(absl::StrCat("clients/c", number % kCounters), 1000 + number);
        if (number % 5 == 0) request.set_forward_to("clients/sum");
        // To both programs at once, as a caller does who has lost patience; again and again until both have answered.
        std::atomic<int> answered = 0;
        std::array<std::atomic<bool>, 2> asked{};
        while (answered < 2) {
          for (int to = 0; to < 2; ++to) {
            if (asked[to].exchange(true)) continue;
            Submit(*programs[to], request, absl::StrCat("request-", number), [&, to](const Reply& reply) {
              asked[to] = reply.ok();
              if (reply.ok()) ++answered;
            });
          }
          std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  std::vector<Pipeline*> pipelines;
  for (const auto& program : programs) pipelines.push_back(program->pipeline.get());
  EXPECT_THAT(WaitDrained(pipelines, SystemMonotonicClock(), absl::Seconds(60)), IsOk());
  for (const auto& program : programs) program->pipeline->Stop();
  for (int counter = 0; counter < kCounters; ++counter) {
    const std::string key = absl::StrCat("clients/c", counter);
    const toy::v1::Counter state = StateOf(0, key);
    const std::set<int64_t> seen(state.seen().begin(), state.seen().end());
    std::set<int64_t> expected;
    for (int number = counter; number < kCallers * kCommands; number += kCounters) expected.insert(1000 + number);
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(static_cast<size_t>(state.seen_size()), expected.size()) << key << " has something twice";
    EXPECT_EQ(StateOf(1, key).SerializeAsString(), state.SerializeAsString());
  }
  EXPECT_EQ(StateOf(0, "clients/sum").seen_size(), kCallers * kCommands / 5);
  EXPECT_EQ(StateOf(1, "clients/sum").SerializeAsString(), StateOf(0, "clients/sum").SerializeAsString());
  EXPECT_THAT((*databases_[1]->Read())->ReadDeadLetters(10), IsOkAndHolds(IsEmpty()));
}

// Both programs have the same command at once, the first one is a moment ahead: the state that it makes would refuse
// it.
TEST_F(ReplicasTest, ARequestThatAnotherProgramIsJustAnsweringGetsThatAnswer) {
  const auto first = Toy();
  const auto second = Toy();
  Run(*first, Add("clients/a", 1));
  // Answers cannot be kept for now; they can be looked for.
  PGconn* session = PQconnectdb(server_.Target(NameOf("toy")).c_str());
  PQclear(PQexec(session, "BEGIN; LOCK TABLE request IN SHARE MODE"));
  const auto waiting = [&] {
    return server_.Run(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = 'replicas_toy' AND wait_event_type = 'Lock'");
  };
  std::array<Reply, 2> replies = {absl::UnknownError("not answered"), absl::UnknownError("not answered")};
  std::vector<std::thread> steps;
  for (Program* program : {first.get(), second.get()}) {
    Reply& answer = replies[steps.size()];
    Submit(*program, Add("clients/a", toy::kOnceOnly), "request", [&answer](const Reply& reply) {
      answer = reply.ok() ? Reply(absl::WrapUnique((*reply)->New())) : Reply(reply.status());
      if (reply.ok()) (*answer)->CopyFrom(**reply);
    });
    steps.emplace_back([program] { EXPECT_THAT(program->pipeline->Step(), IsOk()); });
    const std::string wanted = absl::StrCat(steps.size());
    const SystemMonotonicClock clock;
    while (waiting() != wanted && clock.Elapsed() < absl::Seconds(5)) std::this_thread::yield();
    EXPECT_EQ(waiting(), wanted);
  }
  PQclear(PQexec(session, "COMMIT"));
  PQfinish(session);
  for (std::thread& step : steps) step.join();
  ASSERT_THAT(replies[0], IsOk());
  ASSERT_THAT(replies[1], IsOk());
  EXPECT_EQ((*replies[0])->SerializeAsString(), (*replies[1])->SerializeAsString());
  EXPECT_EQ(StateOf(0, "clients/a").seen_size(), 2);
}

TEST_F(ReplicasTest, OneProgramHandlesWhatIsStoredAndAnotherWhenItStandsStill) {
  const auto first = Toy();
  const auto second = Toy();
  ASSERT_THAT(first->pipeline->Step(), IsOk());
  ASSERT_THAT(second->pipeline->Step(), IsOk());
  toy::v1::AddRequest request = Add("clients/a", 1);
  request.set_remind_us(absl::ToUnixMicros(clock_.Now() + absl::Seconds(1)));
  request.set_forward_to("clients/b");
  Run(*second, request);
  clock_.Advance(absl::Seconds(2));
  // The first has the lease, and does not stand still yet.
  ASSERT_THAT(second->pipeline->Step(), IsOk());
  ASSERT_THAT(second->pipeline->RelayStep(), IsOkAndHolds(false));
  EXPECT_EQ(StateOf(0, "clients/a").reminders(), 0);
  EXPECT_EQ(StateOf(0, "clients/b").total(), 0);
  StepUntil(*first, [&] { return StateOf(0, "clients/a").reminders() == 1 && StateOf(0, "clients/b").total() == 1; });
  ASSERT_THAT(first->pipeline->RelayStep(), IsOkAndHolds(true));
  ASSERT_THAT(first->pipeline->RelayStep(), IsOkAndHolds(true));
  EXPECT_EQ(Waiting(0), 0);
  // Now it does.
  Run(*second, request);
  clock_.Advance(absl::Seconds(2));
  StepUntil(*second, [&] { return StateOf(0, "clients/a").reminders() == 2 && StateOf(0, "clients/b").total() == 2; });
  EXPECT_THAT(second->pipeline->RelayStep(), IsOkAndHolds(true));
  EXPECT_EQ(StateOf(0, "clients/a").total(), 2);
}

TEST_F(ReplicasTest, AStepThatAnotherProgramHasDoneMeanwhileIsNotDoneAgain) {
  const auto first = Toy();
  const auto second = Toy();
  ASSERT_THAT(first->pipeline->Step(), IsOk());
  toy::v1::AddRequest request = Add("clients/a", 1);
  request.set_forward_to("clients/b");
  Run(*first, request);
  // The first tells and takes the lease, reads the step, and stands still; then the second does everything.
  first->database->before_begin = [&] {
    first->database->before_begin = [&] { StepUntil(*second, [&] { return StateOf(0, "clients/b").total() == 1; }); };
  };
  bool answered = false;
  Submit(*first, Add("clients/c", 5), "", [&answered](const Reply& reply) { answered = reply.ok(); });
  ASSERT_THAT(first->pipeline->Step(), IsOk());
  EXPECT_EQ(first->database->before_begin, nullptr);
  EXPECT_TRUE(answered) << "a command does not hang on the lease";
  EXPECT_EQ(StateOf(0, "clients/b").total(), 1);
  EXPECT_EQ(StateOf(0, "clients/b").seen_size(), 1);
}

TEST_F(ReplicasTest, CoverageIsThatOfAllPartitionsWhoeverReadsThem) {
  const auto join = [this](store::Database& database) {
    return *Inbox::Create("mirror", {"toy"}, {}, *bus_, database, clock_, /*read_ahead=*/false);
  };
  const auto read = [](Inbox& inbox) {
    for (int i = 0; i < 3; ++i) inbox.Committed(*inbox.Fill(10, 1 << 20));
  };
  const auto tell = [this](const Inbox& from, Inbox& to) {
    auto transaction = *databases_[1]->Begin();
    ASSERT_THAT(transaction->SaveCoverage(from.coverage()), IsOk());
    ASSERT_THAT(transaction->Commit(), IsOk());
    to.LearnCoverage(*(*databases_[1]->Read())->ReadPositions());
  };
  const auto first = join(*databases_[1]);
  const auto second = join(*databases_[1]);
  read(*first);
  EXPECT_THAT(first->coverage(), SizeIs(2));
  EXPECT_TRUE(first->caught_up());
  EXPECT_EQ(first->covered_until(), absl::InfinitePast());
  const absl::Time then = clock_.Now();
  read(*second);
  tell(*second, *first);
  EXPECT_EQ(first->covered_until(), then);
  clock_.Advance(absl::Hours(1));
  read(*first);
  EXPECT_EQ(first->covered_until(), then) << "the others stand still";
  read(*second);
  tell(*second, *first);
  EXPECT_EQ(first->covered_until(), clock_.Now());
}

// What the reader before has set aside counts at once for the one that gets its partition.
TEST_F(ReplicasTest, WhoTakesAPartitionOverKnowsWhichKeysWaitBehindADeadLetter) {
  const auto publish = [this](int64_t version, int64_t amount) {
    toy::v1::Added added;
    added.set_counter("clients/a");
    added.set_amount(amount);
    const store::JournalRow row{"clients/a",  version, version, "polku.toy.v1.Added", added.SerializeAsString(),
                                clock_.Now(), ""};
    EXPECT_THAT((*bus_->NewProducer())->Publish({EncodeEvent("toy", 1, row)}), ::testing::ElementsAre(IsOk()));
  };
  auto first = Mirror();
  publish(1, 666);
  StepUntil(*first, [&] { return (*databases_[1]->Read())->ReadDeadLetters(10)->size() == 1; });
  limits_.shared_look = absl::Hours(1);  // It is not left to chance whether the next look comes in time.
  auto second = Mirror();
  ASSERT_THAT(second->pipeline->Step(), IsOk());
  first = nullptr;
  publish(2, 2);
  StepUntil(*second, [&] { return (*databases_[1]->Read())->ListParkedKeys(10)->size() == 1; });
  EXPECT_EQ(StateOf(1, "clients/a").total(), 0);
  limits_.shared_look = absl::ZeroDuration();
  second = Mirror();
  // Decided by a program that does not read the partition, or does: the one that reads it goes on.
  const auto third = Mirror();
  absl::Status judged = absl::UnknownError("not asked");
  const int64_t letter = (*(*databases_[1]->Read())->ReadDeadLetters(1))[0].record.id;
  Judgement judgement;
  judgement.id = letter;
  judgement.verdict = Judgement::Verdict::kDiscard;
  third->pipeline->Judge(std::move(judgement), [&](const auto& answer) { judged = answer.status(); });
  StepUntil(*third, [&] { return judged.ok(); });
  const auto done = [&] { return StateOf(1, "clients/a").total() == 2; };
  const SystemMonotonicClock clock;
  while (!done() && clock.Elapsed() < absl::Seconds(30)) {
    ASSERT_THAT(second->pipeline->Step(), IsOk());
    ASSERT_THAT(third->pipeline->Step(), IsOk());
  }
  EXPECT_TRUE(done());
}

}  // namespace
}  // namespace polku::pipeline

// Where the tests cannot run they must not look as if they had.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (polku::store::postgres::ServerForTests::IsInstalled()) return RUN_ALL_TESTS();
  constexpr int kSkipped = 77;
  std::fprintf(stderr, "NOT RUN: PostgreSQL is not installed (tools/dev setup installs it)\n");
  return std::getenv("CI") == nullptr ? kSkipped : 1;
}
