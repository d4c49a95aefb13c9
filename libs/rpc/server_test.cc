#include "libs/rpc/server.h"

#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
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
  options_.limits.receive_bytes_max = 1 << 20;
  Start();
  EXPECT_THAT(Change(std::string((1 << 20) - 4, 'a')), IsOk());  // One byte of tag, three of length.
  EXPECT_THAT(Change(std::string((1 << 20) - 3, 'a')),
              StatusIs(absl::StatusCode::kResourceExhausted, AllOf(HasSubstr("1048577"), HasSubstr("1048576"))));
}

// What the buffers of all connections may take together is less than this one request.
TEST_F(ServerTest, BoundsTheMemoryOfItsConnections) {
  options_.limits.receive_bytes_max = 64 << 20;
  Start();
  const std::string large(16 << 20, 'a');
  EXPECT_THAT(Change(large), IsOk());
  options_.limits.memory_bytes_max = 1 << 20;
  Start();
  const absl::Status refused = Change(large);
  EXPECT_FALSE(refused.ok());
  Connect();
  EXPECT_THAT(Change("a"), IsOk());
}

TEST_F(ServerTest, BoundsTheHeadersOfACall) {
  Start();
  EXPECT_THAT(Change("a", std::string(4 << 10, 'a')), IsOk());
  EXPECT_THAT(Change("a", std::string(20 << 10, 'a')), StatusIs(absl::StatusCode::kResourceExhausted));
  // gRPC 1.51 may close the connection that such headers came by; others are served on.
  Connect();
  EXPECT_THAT(Change("a"), IsOk());
}

// The calls that are too many wait for the others, which never end here.
TEST_F(ServerTest, BoundsTheCallsOfAConnection) {
  options_.limits.streams_max = 2;
  Start();
  const auto open = [this](grpc::ClientContext& context) {
    return std::thread([this, &context] {
      Thing reply;
      stub_->GetThing(&context, GetThingRequest(), &reply);
    });
  };
  grpc::ClientContext first, second;
  std::thread one = open(first);
  std::thread two = open(second);
  while (api_.begun < 2) std::this_thread::yield();
  grpc::ClientContext third;
  third.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  Thing reply;
  EXPECT_EQ(stub_->GetThing(&third, GetThingRequest(), &reply).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(api_.begun, 2);
  Connect();
  EXPECT_THAT(Change("a"), IsOk());  // On another connection.
  first.TryCancel();
  second.TryCancel();
  one.join();
  two.join();
}

// Bytes to the server's port, by hand; what it answers until it closes the connection.
class RawConnection {
 public:
  explicit RawConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    POLKU_CHECK(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~RawConnection() { close(socket_); }
  // False once the other end is gone.
  bool Send(const std::string& bytes) {
    return send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  std::string ReadToEnd() {
    std::string all;
    char some[4096];
    for (ssize_t size = 0; (size = recv(socket_, some, sizeof(some), 0)) > 0;) all.append(some, size);
    return all;
  }

 private:
  const int socket_;
};

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string kSettings(std::string("\0\0\0\4\0\0\0\0\0", 9));
const std::string kPing(std::string("\0\0\10\6\0\0\0\0\0", 9) + "12345678");

TEST_F(ServerTest, ClosesAConnectionThatDoesNotGetOn) {
  options_.limits.handshake_max = absl::Milliseconds(100);
  Start();
  RawConnection silent(server_->port());
  silent.ReadToEnd();  // Ends.
  RawConnection slow(server_->port());
  slow.Send(kPreface);
  slow.ReadToEnd();
  EXPECT_THAT(Change("a"), IsOk());
}

TEST_F(ServerTest, CutsOffWhoPingsTooOften) {
  Start();
  RawConnection flood(server_->port());
  flood.Send(kPreface + kSettings);
  for (int i = 0; i < 1000 && flood.Send(kPing); ++i) continue;
  EXPECT_THAT(flood.ReadToEnd(), HasSubstr("too_many_pings"));
  EXPECT_THAT(Change("a"), IsOk());
}

TEST_F(ServerTest, ClosesAConnectionThatIsIdle) {
  options_.limits.connection_idle_max = absl::Milliseconds(100);
  Start();
  RawConnection idle(server_->port());
  idle.Send(kPreface + kSettings);
  idle.ReadToEnd();
}

// However busy: new certificates and new instances get their turn.
TEST_F(ServerTest, ClosesAConnectionThatIsOldAndCutsOffItsCalls) {
  options_.limits.connection_age_max = absl::Milliseconds(100);
  options_.limits.connection_age_grace = absl::Milliseconds(100);
  Start();
  grpc::ClientContext context;
  Thing reply;
  EXPECT_EQ(stub_->GetThing(&context, GetThingRequest(), &reply).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(api_.begun, 1);
  EXPECT_THAT(Change("a"), IsOk());  // By a new one.
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
