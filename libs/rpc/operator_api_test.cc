// What an operator is told and may decide: two real services behind one server, one of which has dead letters.
#include "libs/rpc/operator_api.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/violation.h"
#include "libs/pipeline/testing/toy_world.h"
#include "libs/rpc/server.h"
#include "libs/rpc/status.h"

namespace polku::rpc {
namespace {

using namespace polku::common::v1;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Code = absl::StatusCode;
using Stub = OperatorService::Stub;

constexpr char kId[] = "0190a000-0000-7000-8000-000000000001";
constexpr char kOtherId[] = "0190a000-0000-7000-8000-000000000002";

class OperatorApiTest : public pipeline::ToyWorld {
 protected:
  void SetUp() override {
    ToyWorld::SetUp();
    std::vector<Served> served;
    for (pipeline::Pipeline* pipeline : {toy_.get(), mirror_.get()}) {
      gates_.push_back(std::make_unique<Gate>(pipeline, &*access_, OperatorPermissions(), &metrics_, GateLimits()));
      served.push_back({pipeline->service(), gates_.back().get(), &pipeline->database(), pipeline});
    }
    api_ = std::make_unique<OperatorApi>(std::move(served));
    server_ = *Server::Start({.permissions = OperatorPermissions()}, {api_.get()});
    stub_ = OperatorService::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
  }
  void TearDown() override {
    for (pipeline::Pipeline* pipeline : {toy_.get(), mirror_.get()}) pipeline->Stop();
    server_.reset();
    gates_.clear();
    ToyWorld::TearDown();
  }

  // From now on decisions are carried out, and what is viewed is kept in the audit.
  void Start() {
    for (pipeline::Pipeline* pipeline : {toy_.get(), mirror_.get()}) pipeline->Start(nullptr);
  }
  void Rest() {
    const SystemMonotonicClock clock;
    ASSERT_THAT(pipeline::WaitDrained({toy_.get(), mirror_.get()}, clock, absl::Seconds(30)), IsOk());
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, const std::string& role = "operator") {
    grpc::ClientContext context;
    context.AddMetadata("polku-organisation", "organisations/unit");
    context.AddMetadata("polku-role", role);
    context.AddMetadata("polku-user", "night");
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  absl::StatusOr<ListDeadLettersResponse> List(int page_size = 0, const std::string& token = "",
                                               const std::string& service = "mirror") {
    ListDeadLettersRequest request;
    request.set_service(service);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return Call(&Stub::ListDeadLetters, request);
  }
  absl::StatusOr<DeadLetter> Get(const std::string& name) {
    GetDeadLetterRequest request;
    request.set_name(name);
    return Call(&Stub::GetDeadLetter, request);
  }
  absl::StatusOr<JudgedDeadLetter> Replay(const std::string& name) {
    ReplayDeadLetterRequest request;
    request.set_name(name);
    request.set_request_id(kId);
    return Call(&Stub::ReplayDeadLetter, request);
  }
  absl::StatusOr<JudgedDeadLetter> Discard(const std::string& name, DiscardReason reason,
                                           const std::string& request_id = kOtherId) {
    DiscardDeadLetterRequest request;
    request.set_name(name);
    request.set_reason(reason);
    request.set_request_id(request_id);
    return Call(&Stub::DiscardDeadLetter, request);
  }

  absl::StatusOr<Access> access_ = Access::Development("127.0.0.1:0");
  prometheus::Registry metrics_;
  std::vector<std::unique_ptr<Gate>> gates_;
  std::unique_ptr<OperatorApi> api_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(OperatorApiTest, ListsTheDeadLettersOfTheServiceThatIsNamedByPages) {
  EXPECT_THAT(Call(&Stub::ListServices, ListServicesRequest())->services(), ElementsAre("toy", "mirror"));
  for (const char* key : {"counters/a", "counters/b", "counters/c"}) PublishRaw(AddedRow(key, 1, 666));
  Settle();
  const auto first = List(2);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->dead_letters_size(), 2);
  EXPECT_EQ(first->dead_letters(0).name(), "services/mirror/dead-letters/1");
  const auto second = List(2, first->next_page_token());
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->dead_letters_size(), 1);
  EXPECT_EQ(second->dead_letters(0).name(), "services/mirror/dead-letters/3");
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_EQ(List(0, "", "toy")->dead_letters_size(), 0);
  EXPECT_THAT(List(0, "", ""), StatusIs(Code::kInvalidArgument, HasSubstr("service")));
  EXPECT_EQ(ReasonOf(List(0, "", "other").status()), "SERVICE_NOT_HERE");
}

TEST_F(OperatorApiTest, ShowsPlaceReasonAndWhatWasUnderstood) {
  PublishRaw(AddedRow("counters/a", 1, 666));
  Settle();
  Start();
  const auto letter = Get("services/mirror/dead-letters/1");
  ASSERT_THAT(letter, IsOk());
  EXPECT_EQ(letter->source(), "toy");
  EXPECT_EQ(letter->key(), "counters/a");
  EXPECT_EQ(letter->version(), 1);
  EXPECT_EQ(letter->topic(), pipeline::TopicOf("toy"));
  EXPECT_EQ(letter->offset(), 0);
  EXPECT_EQ(letter->type(), "polku.toy.v1.Added");
  EXPECT_NE(letter->reason(), "");
  EXPECT_EQ(letter->attempts(), 1);
  EXPECT_EQ(letter->replay_problem(), "");
  ASSERT_EQ(letter->understood_size(), 2);
  EXPECT_EQ(letter->understood(0).field(), "counter");
  EXPECT_EQ(letter->understood(0).value(), "counters/a");
  EXPECT_EQ(letter->understood(1).value(), "666");
  EXPECT_THAT(Get("services/mirror/dead-letters/9"), StatusIs(Code::kNotFound));
  EXPECT_THAT(Get("services/mirror/dead-letters/x"), StatusIs(Code::kInvalidArgument, HasSubstr("name")));
  EXPECT_THAT(Get("services/other/dead-letters/1"), StatusIs(Code::kNotFound));
}

TEST_F(OperatorApiTest, TellsNoContentThatMaySayWhoSomebodyIs) {
  store::JournalRow named = AddedRow("counters/a", 1, 1);
  toy::v1::Added added;
  added.set_counter("Esimerkki Eeva");
  named.payload = added.SerializeAsString();
  PublishRaw(named);  // Understood, and refused for its key.
  store::JournalRow noise = AddedRow("counters/b", 1, 1);
  noise.payload = "Esimerkki Eeva";
  PublishRaw(noise);
  const std::vector<bus::Header> headers = {{"ce_source", "/polku/Esimerkki Eeva"}, {"ce_type", "Esimerkki Eeva"}};
  EXPECT_THAT((*bus_->NewProducer())->Publish({{pipeline::TopicOf("toy"), "Esimerkki Eeva", "Esimerkki", headers}}),
              ElementsAre(IsOk()));
  Settle();
  Start();
  const auto listed = List();
  ASSERT_THAT(listed, IsOk());
  ASSERT_EQ(listed->dead_letters_size(), 3);
  for (const DeadLetter& letter : listed->dead_letters()) {
    const auto shown = Get(letter.name());
    ASSERT_THAT(shown, IsOk());
    EXPECT_THAT(letter.ShortDebugString(), Not(HasSubstr("Esimerkki")));
    EXPECT_THAT(shown->ShortDebugString(), Not(HasSubstr("Esimerkki")));
    EXPECT_EQ(letter.topic(), pipeline::TopicOf("toy"));
  }
}

// A step may hold what no event may.
TEST_F(OperatorApiTest, ShowsNothingOfWhatAServiceLeftForItself) {
  toy::v1::AddRequest request = Add("counters/a", -1);
  store::DeadLetterRow row;
  row.record.source = "mirror";
  row.record.key = "counters/a";
  row.record.type = request.GetTypeName();
  row.record.payload = request.SerializeAsString();
  row.record.record_time = row.record.time = clock_.Now();
  row.reason = "amount: must not be negative";
  auto transaction = *mirror_db_->Begin();
  ASSERT_THAT(transaction->AddDeadLetters({row}), IsOk());
  ASSERT_THAT(transaction->Commit(), IsOk());
  transaction.reset();
  Start();
  const auto letter = Get("services/mirror/dead-letters/1");
  ASSERT_THAT(letter, IsOk());
  EXPECT_EQ(letter->type(), "polku.toy.v1.AddRequest");
  EXPECT_EQ(letter->understood_size(), 0);
}

TEST_F(OperatorApiTest, ReplaysAndDiscardsAndTheKeyGoesOn) {
  for (int64_t amount : {1, 666, 3}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  Settle();
  Start();
  const auto replayed = Replay("services/mirror/dead-letters/1");
  ASSERT_THAT(replayed, IsOk());
  EXPECT_TRUE(replayed->set_aside_again());
  EXPECT_TRUE(Replay("services/mirror/dead-letters/1")->set_aside_again());  // The same call once more.
  ASSERT_EQ(List()->dead_letters_size(), 1);
  EXPECT_EQ(List()->dead_letters(0).attempts(), 2);
  const std::string name = List()->dead_letters(0).name();
  EXPECT_THAT(Discard(name, DISCARD_REASON_UNSPECIFIED), StatusIs(Code::kInvalidArgument, HasSubstr("reason")));
  EXPECT_THAT(Discard(name, DISCARD_REASON_SENT_AGAIN, ""), StatusIs(Code::kInvalidArgument, HasSubstr("request_id")));
  ASSERT_THAT(Discard(name, DISCARD_REASON_SENT_AGAIN), IsOk());
  EXPECT_THAT(Discard(name, DISCARD_REASON_SENT_AGAIN, kId), StatusIs(Code::kNotFound));
  Rest();
  EXPECT_THAT(StateOf(*mirror_db_, "counters/a").seen(), ElementsAre(1, 3));
  const auto audit = (*mirror_db_->Read())->ReadAudit("counters/a", 10);
  ASSERT_THAT(audit, IsOkAndHolds(SizeIs(2)));
  EXPECT_EQ((*audit)[0].action, "DiscardDeadLetter");
  EXPECT_EQ((*audit)[0].outcome, "change:sent-again");
  EXPECT_EQ((*audit)[0].user, "night");
  EXPECT_EQ((*audit)[1].action, "ReplayDeadLetter");
  EXPECT_EQ((*audit)[1].request_id, kId);
}

TEST_F(OperatorApiTest, SaysWhyALetterCannotBeReplayed) {
  EXPECT_THAT((*bus_->NewProducer())->Publish({bus::Message{pipeline::TopicOf("toy"), "counters/a", "junk", {}}}),
              ElementsAre(IsOk()));
  Settle();
  Start();
  EXPECT_EQ(List()->dead_letters(0).replay_problem(), "its version is not known");
  const auto refused = Replay(List()->dead_letters(0).name());
  EXPECT_THAT(refused, StatusIs(Code::kFailedPrecondition));
  EXPECT_EQ(ReasonOf(refused.status()), "NOT_REPLAYABLE");
}

TEST_F(OperatorApiTest, TellsHowFarAServiceIsBehind) {
  for (int64_t amount : {1, 666, 3}) ASSERT_THAT(Run(Add("counters/a", amount)), IsOk());
  GetLagRequest request;
  request.set_service("toy");
  EXPECT_EQ(Call(&Stub::GetLag, request)->outbox_rows(), 3);
  ASSERT_THAT(toy_->RelayStep(), IsOk());
  request.set_service("mirror");
  const auto behind = [&] {
    int64_t sum = 0;
    const auto lag = Call(&Stub::GetLag, request);
    EXPECT_THAT(lag, IsOk());
    EXPECT_EQ(lag->partitions_size(), 3);
    for (const PartitionLag& partition : lag->partitions()) sum += partition.behind();
    return sum;
  };
  EXPECT_EQ(behind(), 3);
  EXPECT_FALSE(Call(&Stub::GetLag, request)->partitions(0).has_covered_until());
  Settle();
  EXPECT_EQ(behind(), 0);
  const auto lag = Call(&Stub::GetLag, request);
  EXPECT_EQ(lag->service(), "mirror");
  EXPECT_EQ(lag->dead_letters(), 1);
  EXPECT_EQ(lag->parked_keys(), 1);
  EXPECT_EQ(lag->bus_problem(), "");
  EXPECT_TRUE(lag->partitions(0).has_covered_until());
}

TEST_F(OperatorApiTest, IsForOperatorsOnly) {
  EXPECT_THAT(Call(&Stub::ListServices, ListServicesRequest(), "lead"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(Call(&Stub::ListDeadLetters, ListDeadLettersRequest(), "lead"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(Call(&Stub::GetDeadLetter, GetDeadLetterRequest(), "lead"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(Call(&Stub::ReplayDeadLetter, ReplayDeadLetterRequest(), "lead"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(Call(&Stub::DiscardDeadLetter, DiscardDeadLetterRequest(), "lead"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(Call(&Stub::GetLag, GetLagRequest(), "service"), StatusIs(Code::kPermissionDenied));
}

}  // namespace
}  // namespace polku::rpc
