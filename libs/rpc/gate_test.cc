// The gate behind a real gRPC server on a free loopback port; the corridor is a queue that the test answers.
#include "libs/rpc/gate.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"
#include "libs/rpc/disclose.h"
#include "libs/rpc/server.h"
#include "libs/rpc/status.h"
#include "libs/rpc/testing/box.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"
#include "polku/rpc_probe/v1/probe.grpc.pb.h"
#include "prometheus/text_serializer.h"

namespace polku::rpc {
namespace {

using rpc_probe::v1::ChangeThingRequest;
using rpc_probe::v1::GetThingRequest;
using rpc_probe::v1::ProbeService;
using rpc_probe::v1::Thing;
using rpc_probe::v1::WatchThingRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kId[] = "0190a000-0000-7000-8000-000000000001";
constexpr char kService[] = "service=\"polku.rpc_probe.v1.ProbeService\"}";
constexpr char kTrace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

// Tells how often it was read.
class CountingClock final : public ManualClock {
 public:
  using ManualClock::ManualClock;
  absl::Time Now() const override {
    const absl::Time now = ManualClock::Now();
    ++reads_;
    return now;
  }
  int reads() const { return reads_; }

 private:
  mutable std::atomic<int> reads_ = 0;
};

class ProbeApi final : public ProbeService::CallbackService {
 public:
  using Query = std::function<absl::StatusOr<Thing>(ReadScope&, const GetThingRequest&)>;

  grpc::ServerUnaryReactor* ChangeThing(grpc::CallbackServerContext* context, const ChangeThingRequest* request,
                                        Thing* reply) override {
    if (request->text() == "bad text") return gate->Refuse(context, request, InvalidField("text", "bad"));
    return gate->Write(context, request, reply, {.key = "clients/C", .alias = {{"hetu", "hash"}}});
  }
  grpc::ServerUnaryReactor* GetThing(grpc::CallbackServerContext* context, const GetThingRequest* request,
                                     Thing* reply) override {
    return gate->Read(context, request, reply, query);
  }

  grpc::ServerWriteReactor<Thing>* WatchThing(grpc::CallbackServerContext* context,
                                              const WatchThingRequest* request) override {
    return gate->Watch<WatchThingRequest, Thing>(context, request, watch);
  }

  Gate* gate = nullptr;
  Query query;
  std::function<absl::StatusOr<bool>(ReadScope&, std::vector<Thing>&)> watch;
};

struct Submitted {
  pipeline::Command command;
  pipeline::Done done;
};
struct Audited {
  std::vector<store::AuditRow> rows;
  std::function<void(absl::Status)> done;
};

class GateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogSink([](const std::string&) {});
    store::SqliteOptions database;
    database.base.service = "probe";
    database.path = folder_.path() + "/probe.db";
    database.key_path = folder_.path() + "/probe.keys";
    database.random = &random_;
    database_ = *store::OpenSqlite(database);
    Open();
  }
  void TearDown() override {
    Close();
    SetLogSink({});
  }

  void Open() {
    access_ = *Access::Development("127.0.0.1:0");
    GateOptions options;
    options.submit = [this](pipeline::Command command, pipeline::Done done) {
      submitted_.Put({std::move(command), std::move(done)});
    };
    options.audit = [this](std::vector<store::AuditRow> rows, std::function<void(absl::Status)> done) {
      audited_.Put({std::move(rows), std::move(done)});
    };
    options.database = database_.get();
    options.clock = &clock_;
    options.access = &*access_;
    options.permissions = {{"polku.rpc_probe.v1.ProbeService/ChangeThing", {"referrer"}},
                           {"polku.rpc_probe.v1.ProbeService/GetThing", {"referrer", "lead"}},
                           {"polku.rpc_probe.v1.ProbeService/WatchThing", {"referrer"}}};
    options.metrics = &registry_;
    options.limits = limits_;
    options.random = &random_;
    gate_ = std::make_unique<Gate>(options);
    api_.gate = gate_.get();
    server_ = *Server::Start({.permissions = options.permissions}, {&api_});
    stub_ = ProbeService::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
  }
  void Close() {
    server_.reset();
    gate_.reset();
  }

  std::unique_ptr<grpc::ClientContext> Caller(const std::string& role = "referrer") {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("polku-organisation", "organisations/kela");
    context->AddMetadata("polku-role", role);
    context->AddMetadata("polku-user", "user-1");
    return context;
  }

  absl::Status Change(grpc::ClientContext& context, const std::string& request_id = kId,
                      const std::string& text = "new") {
    ChangeThingRequest request;
    request.set_text(text);
    request.set_request_id(request_id);
    return FromGrpc(stub_->ChangeThing(&context, request, &reply_));
  }
  absl::Status Get(grpc::ClientContext& context) {
    GetThingRequest request;
    request.set_name("clients/C");
    return FromGrpc(stub_->GetThing(&context, request, &reply_));
  }
  // The answer of the test's corridor to the next command, on a thread of its own as in the service.
  std::thread Answer(std::function<void(Submitted)> answer) {
    return std::thread([this, answer = std::move(answer)] { answer(submitted_.Take()); });
  }
  std::string Metrics() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  polku::testing::TemporaryFolder folder_;
  SeededRandom random_{1};
  CountingClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::unique_ptr<store::Database> database_;
  std::optional<Access> access_;
  prometheus::Registry registry_;
  GateLimits limits_;
  Box<Submitted> submitted_;
  Box<Audited> audited_;
  std::unique_ptr<Gate> gate_;
  ProbeApi api_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<ProbeService::Stub> stub_;
  Thing reply_;
};

std::unique_ptr<Thing> ThingOf(const std::string& text) {
  auto thing = std::make_unique<Thing>();
  thing->set_text(text);
  return thing;
}

TEST_F(GateTest, TellsTheCallerOfATooLargeRequestBothSizes) {
  Close();
  limits_.request_bytes_max = 1000;
  Open();
  const size_t frame = 2 * 1 + 2 + 1 + strlen(kId);  // Two tags, the lengths of text and id, the id.
  std::thread corridor = Answer([](Submitted submitted) { submitted.done(std::make_unique<Thing>()); });
  EXPECT_THAT(Change(*Caller(), kId, std::string(1000 - frame, 'a')), IsOk());
  corridor.join();
  const absl::Status refused = Change(*Caller(), kId, std::string(1001 - frame, 'a'));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, "the request has 1001 bytes, the limit is 1000"));
  EXPECT_EQ(ReasonOf(refused), "REQUEST_TOO_LARGE");
  EXPECT_EQ(submitted_.size(), 0u);
}

TEST_F(GateTest, AsksWhoCallsBeforeItTellsSizes) {
  Close();
  limits_.request_bytes_max = 1000;
  Open();
  EXPECT_THAT(Change(*Caller("lead"), kId, std::string(2000, 'a')), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(GateTest, SendsACommandIntoTheCorridorAndItsReplyBack) {
  pipeline::Command seen;
  std::thread corridor = Answer([&](Submitted submitted) {
    seen = std::move(submitted.command);
    submitted.done(ThingOf("changed"));
  });
  auto context = Caller();
  context->AddMetadata("traceparent", kTrace);
  context->AddMetadata("polku-purpose", "care");
  EXPECT_THAT(Change(*context), IsOk());
  corridor.join();
  EXPECT_EQ(reply_.text(), "changed");
  EXPECT_EQ(seen.method, "polku.rpc_probe.v1.ProbeService/ChangeThing");
  EXPECT_EQ(static_cast<const ChangeThingRequest&>(*seen.request).text(), "new");
  EXPECT_EQ(seen.key, "clients/C");
  EXPECT_EQ(seen.alias->keyed_hash, "hash");
  EXPECT_EQ(seen.request_id, kId);
  EXPECT_EQ(seen.principal.organisation, "organisations/kela");
  EXPECT_EQ(seen.principal.purpose, "care");
  EXPECT_EQ(seen.traceparent, kTrace);
}

TEST_F(GateTest, GivesTheDomainsRefusalWithItsDetails) {
  std::thread corridor = Answer([](Submitted submitted) {
    submitted.done(WithReason(absl::FailedPreconditionError("closed"), "JOURNEY_CLOSED"));
  });
  auto context = Caller();
  const absl::Status status = Change(*context);
  corridor.join();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "closed"));
  EXPECT_EQ(ReasonOf(status), "JOURNEY_CLOSED");
}

TEST_F(GateTest, NeedsARequestIdThatIsAUuid) {
  for (const char* id : {"", "x", "0190A000-0000-7000-8000-000000000001"}) {
    auto context = Caller();
    const absl::Status status = Change(*context, id);
    ASSERT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ViolationsOf(status).at(0).field, "request_id");
  }
  EXPECT_EQ(submitted_.size(), 0u);
}

TEST_F(GateTest, RefusesACallerItDoesNotKnow) {
  grpc::ClientContext nobody;
  EXPECT_THAT(Change(nobody), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("polku-organisation")));
  EXPECT_EQ(submitted_.size(), 0u);
}

TEST_F(GateTest, DeniesARoleWithoutARowAndLeavesAnAuditRow) {
  auto context = Caller("lead");
  const absl::Status status = Change(*context);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ReasonOf(status), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(submitted_.size(), 0u);
  const Audited audited = audited_.Take();
  ASSERT_EQ(audited.rows.size(), 1u);
  EXPECT_EQ(audited.rows[0].outcome, "denied");
  EXPECT_EQ(audited.rows[0].action, "ChangeThing");
  EXPECT_EQ(audited.rows[0].role, "lead");
  EXPECT_EQ(audited.rows[0].user, "user-1");
  EXPECT_EQ(audited.rows[0].time, clock_.Now());
}

TEST_F(GateTest, RefusesBeforeTheTargetIsKnownOnlyWhomItMayTell) {
  auto context = Caller();
  EXPECT_THAT(Change(*context, kId, "bad text"), StatusIs(absl::StatusCode::kInvalidArgument, "text: bad"));
  auto stranger = Caller("lead");
  EXPECT_THAT(Change(*stranger, kId, "bad text"), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(GateTest, BoundsTheDeadlineOfACommand) {
  const auto left_when_caller_gives = [this](std::optional<std::chrono::seconds> given) {
    absl::Duration left;
    std::thread corridor = Answer([&](Submitted submitted) {
      left = submitted.command.deadline - clock_.Now();
      submitted.done(ThingOf(""));
    });
    auto context = Caller();
    if (given.has_value()) context->set_deadline(std::chrono::system_clock::now() + *given);
    EXPECT_THAT(Change(*context), IsOk());
    corridor.join();
    return left;
  };
  EXPECT_EQ(left_when_caller_gives(std::nullopt), absl::Seconds(10));
  EXPECT_EQ(left_when_caller_gives(std::chrono::seconds(1000)), absl::Seconds(30));
  const absl::Duration left = left_when_caller_gives(std::chrono::seconds(20));
  EXPECT_LT(left, absl::Seconds(21));  // On the wire gRPC rounds it up.
  EXPECT_GT(left, absl::Seconds(10));
}

TEST_F(GateTest, MakesATraceWhenTheCallerGivesNoneOrAMalformedOne) {
  for (const char* given : {"", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "01-x"}) {
    std::string trace;
    std::thread corridor = Answer([&](Submitted submitted) {
      trace = submitted.command.traceparent;
      submitted.done(ThingOf(""));
    });
    auto context = Caller();
    context->AddMetadata("traceparent", given);
    EXPECT_THAT(Change(*context), IsOk());
    corridor.join();
    EXPECT_THAT(trace, ::testing::MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-00")) << given;
  }
}

TEST_F(GateTest, AnswersACallWhoseCallbackIsDropped) {
  std::thread corridor = Answer([](Submitted) {});
  auto context = Caller();
  EXPECT_THAT(Change(*context), StatusIs(absl::StatusCode::kUnavailable));
  corridor.join();
}

TEST_F(GateTest, AnswersOnceHoweverOftenTheCorridorDoes) {
  std::thread corridor = Answer([](Submitted submitted) {
    submitted.done(absl::AbortedError("first"));
    submitted.done(absl::AbortedError("second"));
  });
  auto context = Caller();
  EXPECT_THAT(Change(*context), StatusIs(absl::StatusCode::kAborted, "first"));
  corridor.join();
  EXPECT_THAT(Metrics(), HasSubstr(absl::StrCat("{code=\"ABORTED\",method=\"ChangeThing\",", kService, " 1\n")));
}

TEST_F(GateTest, MayAnswerACallerThatIsGone) {
  auto context = Caller();
  std::thread client([&] { EXPECT_THAT(Change(*context), StatusIs(absl::StatusCode::kCancelled)); });
  Submitted submitted = submitted_.Take();
  context->TryCancel();
  client.join();
  submitted.done(ThingOf("late"));
}

TEST_F(GateTest, RefusesAReplyOfAnotherTypeAsABugOfOurs) {
  std::thread corridor = Answer([](Submitted submitted) { submitted.done(std::make_unique<GetThingRequest>()); });
  auto context = Caller();
  EXPECT_THAT(Change(*context), StatusIs(absl::StatusCode::kInternal));
  corridor.join();
}

TEST_F(GateTest, RunsAQueryOnASnapshotAndKeepsWhatWasViewedBeforeTheReply) {
  api_.query = [](ReadScope& scope, const GetThingRequest& request) -> absl::StatusOr<Thing> {
    EXPECT_EQ(scope.principal.organisation, "organisations/kela");
    EXPECT_THAT(scope.reader.Query("SELECT 1", {}), IsOk());
    scope.Viewed(request.name());
    return *ThingOf("seen");
  };
  std::thread corridor([this] {
    Audited audited = audited_.Take();
    EXPECT_EQ(audited.rows.size(), 1u);
    EXPECT_EQ(audited.rows[0].outcome, "view");
    EXPECT_EQ(audited.rows[0].resource, "clients/C");
    EXPECT_EQ(audited.rows[0].action, "GetThing");
    audited.done(absl::OkStatus());
  });
  auto context = Caller();
  EXPECT_THAT(Get(*context), IsOk());
  corridor.join();
  EXPECT_EQ(reply_.text(), "seen");
}

TEST_F(GateTest, ShowsNothingWhenTheViewCannotBeKept) {
  api_.query = [](ReadScope& scope, const GetThingRequest& request) -> absl::StatusOr<Thing> {
    scope.Viewed(request.name());
    return *ThingOf("seen");
  };
  std::thread corridor([this] { audited_.Take().done(absl::UnavailableError("disk away")); });
  auto context = Caller();
  EXPECT_THAT(Get(*context), StatusIs(absl::StatusCode::kUnavailable, "disk away"));
  corridor.join();
  EXPECT_EQ(reply_.text(), "");
}

TEST_F(GateTest, AuditsADisclosureThatAQueryRefuses) {
  api_.query = [](ReadScope& scope, const GetThingRequest& request) -> absl::StatusOr<Thing> {
    return Disclose(scope.principal, request.name(), DataClass::kReferral, {.own_referral = false});
  };
  auto context = Caller();
  EXPECT_THAT(Get(*context), StatusIs(absl::StatusCode::kNotFound));
  const Audited audited = audited_.Take();
  EXPECT_EQ(audited.rows[0].outcome, "denied");
  EXPECT_EQ(audited.rows[0].resource, "clients/C");
}

TEST_F(GateTest, RefusesQueriesOverTheLimitWithATimeToComeBack) {
  Close();
  limits_.read_threads = 1;
  limits_.read_queue_max = 1;
  Open();
  Box<int> running;
  Box<int> release;
  api_.query = [&](ReadScope&, const GetThingRequest&) -> absl::StatusOr<Thing> {
    running.Put(1);
    release.Take();
    return Thing();
  };
  std::vector<std::thread> callers;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<absl::Status> answers;
  const auto call = [&] {
    callers.emplace_back([&] {
      auto context = Caller();
      Thing reply;
      const absl::Status status = FromGrpc(stub_->GetThing(context.get(), GetThingRequest(), &reply));
      const std::lock_guard<std::mutex> lock(mutex);
      answers.push_back(status);
      changed.notify_all();
    });
  };
  call();
  running.Take();  // The one thread is busy, so of three more one waits and two are refused.
  for (int i = 0; i < 3; ++i) call();
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return answers.size() == 2; });
    for (const absl::Status& status : answers) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
      EXPECT_EQ(RetryDelayOf(status), limits_.retry_delay);
    }
  }
  release.Put(1);
  release.Put(1);
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(answers[2], IsOk());
  EXPECT_THAT(answers[3], IsOk());
}

TEST_F(GateTest, RunsNoQueryOnceItsDeadlineHasPassed) {
  Close();
  limits_.read_threads = 1;
  Open();
  Box<int> running;
  Box<int> release;
  std::atomic<int> ran = 0;
  api_.query = [&](ReadScope&, const GetThingRequest&) -> absl::StatusOr<Thing> {
    ++ran;
    running.Put(1);
    release.Take();
    return Thing();
  };
  const auto get = [this](absl::Status* status) {
    auto context = Caller();
    Thing reply;
    *status = FromGrpc(stub_->GetThing(context.get(), GetThingRequest(), &reply));
  };
  absl::Status first;
  absl::Status second;
  std::thread first_caller([&] { get(&first); });
  running.Take();
  const int reads = clock_.reads();
  std::thread second_caller([&] { get(&second); });
  // The gate reads the clock when it admits a call.
  while (clock_.reads() == reads) std::this_thread::yield();
  clock_.Advance(absl::Seconds(11));
  release.Put(1);
  first_caller.join();
  second_caller.join();
  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(ran, 1);
}

TEST_F(GateTest, HasEverySeriesFromTheStart) {
  const std::string text = Metrics();
  EXPECT_THAT(text, AllOf(HasSubstr("polku_rpc_requests_total{code=\"OK\",method=\"ChangeThing\",service="
                                    "\"polku.rpc_probe.v1.ProbeService\"} 0"),
                          HasSubstr("code=\"UNAUTHENTICATED\",method=\"GetThing\""),
                          HasSubstr("polku_rpc_duration_seconds_count{method=\"GetThing\"")));
}

TEST_F(GateTest, CountsEachAnswerByItsCode) {
  grpc::ClientContext nobody;
  EXPECT_FALSE(Change(nobody).ok());
  std::thread corridor = Answer([](Submitted submitted) { submitted.done(ThingOf("")); });
  auto context = Caller();
  EXPECT_THAT(Change(*context), IsOk());
  corridor.join();
  const std::string text = Metrics();
  EXPECT_THAT(text, HasSubstr(absl::StrCat("{code=\"UNAUTHENTICATED\",method=\"ChangeThing\",", kService, " 1\n")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("{code=\"OK\",method=\"ChangeThing\",", kService, " 1\n")));
  EXPECT_THAT(text, HasSubstr(absl::StrCat("_duration_seconds_count{method=\"ChangeThing\",", kService, " 2\n")));
}

// A stream that sends the texts of a box as they come.
class GateWatchTest : public GateTest {
 protected:
  void SetUp() override {
    limits_.watch_poll_interval = absl::Milliseconds(1);
    limits_.watch_streams_max = 2;
    GateTest::SetUp();
    api_.watch = [this](ReadScope& scope, std::vector<Thing>& found) -> absl::StatusOr<bool> {
      EXPECT_EQ(scope.principal.organisation, "organisations/kela");
      while (texts_.size() > 0) found.push_back(*ThingOf(texts_.Take()));
      return false;
    };
  }
  std::unique_ptr<grpc::ClientReader<Thing>> Watch(grpc::ClientContext& context) {
    return stub_->WatchThing(&context, WatchThingRequest());
  }

  Box<std::string> texts_;
};

TEST_F(GateWatchTest, SendsWhatComesInOrderUntilTheCallerLeaves) {
  auto context = Caller();
  auto stream = Watch(*context);
  Thing thing;
  for (const char* text : {"a", "b", "c"}) {
    texts_.Put(text);
    ASSERT_TRUE(stream->Read(&thing));
    EXPECT_EQ(thing.text(), text);
  }
  EXPECT_EQ(audited_.Take().rows.at(0).outcome, "view");
  context->TryCancel();
  EXPECT_FALSE(stream->Read(&thing));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(GateWatchTest, EndsAllStreamsAndBeginsNoneWhenTheServiceStops) {
  auto context = Caller();
  auto stream = Watch(*context);
  Thing thing;
  texts_.Put("a");
  ASSERT_TRUE(stream->Read(&thing));
  gate_->EndWatches();
  EXPECT_FALSE(stream->Read(&thing));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  auto late = Caller();
  auto refused = Watch(*late);
  EXPECT_FALSE(refused->Read(&thing));
  EXPECT_EQ(refused->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GateWatchTest, EndsAtTheCallersDeadline) {
  auto context = Caller();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  auto stream = Watch(*context);
  Thing thing;
  EXPECT_FALSE(stream->Read(&thing));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(GateWatchTest, EndsAStreamThatIsOldWithoutAnError) {
  Close();
  limits_.watch_max = absl::Milliseconds(20);
  Open();
  auto context = Caller();
  EXPECT_TRUE(Watch(*context)->Finish().ok());
}

TEST_F(GateWatchTest, RefusesTooManyStreamsAndRolesWithoutARow) {
  api_.watch = [sent = false](ReadScope&, std::vector<Thing>& found) mutable -> absl::StatusOr<bool> {
    if (!sent) found.push_back(*ThingOf("open"));
    sent = true;
    return false;
  };
  Thing thing;
  auto lead = Caller("lead");
  auto denied = Watch(*lead);
  EXPECT_FALSE(denied->Read(&thing));
  EXPECT_EQ(denied->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<Thing>>> streams;
  for (int i = 0; i < 2; ++i) {
    contexts.push_back(Caller());
    streams.push_back(Watch(*contexts.back()));
    ASSERT_TRUE(streams.back()->Read(&thing));
  }
  auto context = Caller();
  auto third = Watch(*context);
  EXPECT_FALSE(third->Read(&thing));
  const grpc::Status status = third->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(FromGrpc(status)), "TOO_MANY_STREAMS");
  for (auto& each : contexts) each->TryCancel();
  for (auto& each : streams) EXPECT_EQ(each->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(GateWatchTest, EndsWithTheErrorOfTheQuery) {
  api_.watch = [](ReadScope&, std::vector<Thing>&) -> absl::StatusOr<bool> { return InvalidField("token", "bad"); };
  auto context = Caller();
  auto stream = Watch(*context);
  Thing thing;
  EXPECT_FALSE(stream->Read(&thing));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace polku::rpc
