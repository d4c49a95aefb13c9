// polkuctl health: whether servers answer and say that they serve. Anybody whom TLS lets in may ask.
#include "tools/polkuctl/health_command.h"

#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

namespace polku::polkuctl {
namespace {

constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
// A HealthCheckResponse with its one field: SERVING. No package has the generated code; the request, for the whole
// server, is empty.
constexpr char kServing[] = "\x08\x01";

std::string TextOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string text;
  for (const grpc::Slice& slice : slices) text.append(slice.begin(), slice.end());
  return text;
}

absl::Status AskHealth(Session& session, const std::string& server) {
  grpc::GenericStub stub(session.ChannelTo(server));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(session.Now() + absl::Seconds(session.timeout_s)));
  const grpc::Slice empty;
  const grpc::ByteBuffer request(&empty, 1);
  grpc::ByteBuffer reply;
  grpc::Status status;
  absl::Notification done;
  stub.UnaryCall(&context, kMethod, {}, &request, &reply, [&](grpc::Status told) {
    status = std::move(told);
    done.Notify();
  });
  done.WaitForNotification();
  if (!status.ok()) return rpc::FromGrpc(status);
  return TextOf(reply) == kServing ? absl::OkStatus() : absl::UnavailableError("it does not serve now");
}

void RunHealth(Session& session) {
  for (const std::string& server : session.AllServers()) {
    const absl::Status status = AskHealth(session, server);
    if (status.ok()) {
      session.out << server << " serves\n";
    } else {
      session.Fail(absl::Status(status.code(), absl::StrCat(server, ": ", status.message())));
    }
  }
}

}  // namespace

void AddHealthCommand(CLI::App& app, Session& session) {
  CLI::App* health = AddCommand(app, "health", "Whether every server answers and serves.", "health");
  health->callback([&session] { RunHealth(session); });
}

}  // namespace polku::polkuctl
