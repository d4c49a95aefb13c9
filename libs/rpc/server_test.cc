#include "libs/rpc/server.h"

#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/rpc/status.h"
#include "polku/rpc_probe/v1/probe.grpc.pb.h"

namespace polku::rpc {
namespace {

using rpc_probe::v1::ChangeThingRequest;
using rpc_probe::v1::GetThingRequest;
using rpc_probe::v1::ProbeService;
using rpc_probe::v1::Thing;
using ::testing::AllOf;
using ::testing::HasSubstr;

class EchoApi final : public ProbeService::CallbackService {
 public:
  grpc::ServerUnaryReactor* ChangeThing(grpc::CallbackServerContext* context, const ChangeThingRequest* request,
                                        Thing* reply) override {
    reply->set_text(absl::StrCat(request->text().size()));
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  // Left open until the caller is cut off.
  grpc::ServerUnaryReactor* GetThing(grpc::CallbackServerContext*, const GetThingRequest*, Thing*) override {
    class Waiting final : public grpc::ServerUnaryReactor {
     public:
      explicit Waiting(std::atomic<int>* begun) { ++*begun; }
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
    };
    return new Waiting(&begun);
  }
  std::atomic<int> begun = 0;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.permissions = {{"polku.rpc_probe.v1.ProbeService/ChangeThing", {"referrer"}},
                            {"polku.rpc_probe.v1.ProbeService/WatchThing", {"lead"}},
                            {"polku.rpc_probe.v1.ProbeService/GetThing", {"lead"}}};
  }
  void Start() {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options_, {&api_});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    Connect();
  }
  // By a connection of its own.
  void Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    stub_ = ProbeService::NewStub(channel_);
  }
  absl::Status Change(const std::string& text, const std::string& header = "") {
    grpc::ClientContext context;
    if (!header.empty()) context.AddMetadata("x-large", header);
    ChangeThingRequest request;
    request.set_text(text);
    Thing reply;
    return FromGrpc(stub_->ChangeThing(&context, request, &reply));
  }
  // A call of any method, with Thing{text = 1} in place of its request and reply.
  grpc::Status Call(const char* method, const std::string& text, Thing& reply) {
    grpc::ClientContext context;
    const grpc::internal::RpcMethod rpc(method, grpc::internal::RpcMethod::NORMAL_RPC, channel_);
    Thing request;
    request.set_text(text);
    return grpc::internal::BlockingUnaryCall<Thing, Thing, google::protobuf::MessageLite,
                                             google::protobuf::MessageLite>(channel_.get(), rpc, &context, request,
                                                                            &reply);
  }
  grpc::StatusCode CodeOf(const char* method) {
    Thing reply;
    return Call(method, "", reply).error_code();
  }

  EchoApi api_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<ProbeService::Stub> stub_;
};

TEST_F(ServerTest, NamesTheAddressThatIsInUse) {
  Start();
  options_.listen = absl::StrCat("127.0.0.1:", server_->port());
  EXPECT_THAT(Server::Start(options_, {&api_}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(options_.listen)));
}

TEST_F(ServerTest, IsForLoopbackOnlyWithoutTls) {
  options_.listen = "0.0.0.0:0";
  EXPECT_THAT(Server::Start(options_, {&api_}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("loopback")));
}

TEST_F(ServerTest, DoesNotStartWithAMethodThatHasNoPermission) {
  options_.permissions.pop_back();
  EXPECT_THAT(Server::Start(options_, {&api_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ProbeService/GetThing")));
}

TEST_F(ServerTest, BoundsTheSizeOfARequest) {
  options_.receive_bytes_max = 1 << 20;
  Start();
  EXPECT_THAT(Change(std::string((1 << 20) - 4, 'a')), IsOk());  // One byte of tag, three of length.
  EXPECT_THAT(Change(std::string((1 << 20) - 3, 'a')),
              StatusIs(absl::StatusCode::kResourceExhausted, AllOf(HasSubstr("1048577"), HasSubstr("1048576"))));
}

TEST_F(ServerTest, BoundsTheHeadersOfACall) {
  Start();
  EXPECT_THAT(Change("a", std::string(4 << 10, 'a')), IsOk());
  EXPECT_THAT(Change("a", std::string(20 << 10, 'a')), StatusIs(absl::StatusCode::kResourceExhausted));
  // gRPC 1.51 may close the connection that such headers came by; others are served on.
  Connect();
  EXPECT_THAT(Change("a"), IsOk());
}

TEST_F(ServerTest, TellsItsHealthPerService) {
  Start();
  const auto health = [this](const std::string& service) {
    Thing reply;  // The request has the shape of Thing; the reply's only field is a number, 1 for "serving".
    const grpc::Status status = Call("/grpc.health.v1.Health/Check", service, reply);
    if (!status.ok()) return absl::StrCat("code ", status.error_code());
    return std::string(reply.SerializeAsString() == "\x08\x01" ? "serving" : "not serving");
  };
  EXPECT_EQ(health(""), "serving");
  EXPECT_EQ(health("polku.rpc_probe.v1.ProbeService"), "serving");
  EXPECT_EQ(health("polku.Gone"), absl::StrCat("code ", grpc::StatusCode::NOT_FOUND));
  server_->SetServing(false);
  EXPECT_EQ(health(""), "not serving");
  EXPECT_EQ(health("polku.rpc_probe.v1.ProbeService"), "not serving");
}

TEST_F(ServerTest, ShowsItsApiOnlyWhenAskedTo) {
  constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  Start();
  EXPECT_EQ(CodeOf(kReflection), grpc::StatusCode::UNIMPLEMENTED);
  options_.reflection = true;
  Start();
  EXPECT_NE(CodeOf(kReflection), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServerTest, CutsOffTheCallsThatOutlastTheGrace) {
  Start();
  absl::Status status;
  std::thread caller([&] {
    grpc::ClientContext context;
    Thing reply;
    status = FromGrpc(stub_->GetThing(&context, GetThingRequest(), &reply));
  });
  while (api_.begun == 0) std::this_thread::yield();
  server_->Shutdown(absl::Milliseconds(1));
  server_->Shutdown(absl::Milliseconds(1));
  caller.join();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(Change("a"), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace polku::rpc
