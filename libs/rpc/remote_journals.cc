#include "libs/rpc/remote_journals.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "grpc/support/time.h"
#include "grpcpp/grpcpp.h"

namespace polku::rpc {
namespace {

using polku::common::v1::JournalEntry;
using polku::common::v1::JournalService;

constexpr int kAnswerSeconds = 5;
constexpr int kAnswerBytesMax = 256 << 20;  // 1000 events of the largest size are rare, and must not stop a client.

}  // namespace

RemoteJournals::RemoteJournals(const std::map<std::string, std::string>& addresses) {
  for (const auto& [service, address] : addresses) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
    stubs_[service] =
        JournalService::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
}

absl::StatusOr<std::vector<JournalEntry>> RemoteJournals::Read(absl::string_view service, absl::string_view key,
                                                               int64_t after, int limit) {
  const auto stub = stubs_.find(service);
  if (stub == stubs_.end()) return absl::NotFoundError(absl::StrCat("peers: no address of ", service));
  grpc::ClientContext context;
  context.set_deadline(gpr_time_from_seconds(kAnswerSeconds, GPR_TIMESPAN));
  context.AddMetadata("polku-organisation", "organisations/polku");
  context.AddMetadata("polku-role", "service");
  context.AddMetadata("polku-system", "polku");
  polku::common::v1::ReadJournalRequest request;
  request.set_service(std::string(service));
  request.set_key(std::string(key));
  request.set_after_version(after);
  request.set_page_size(limit);
  polku::common::v1::ReadJournalResponse response;
  const grpc::Status status = stub->second->ReadJournal(&context, request, &response);
  if (!status.ok()) {
    return absl::UnavailableError(absl::StrCat("journal of ", service, ": ", status.error_message()));
  }
  return std::vector<JournalEntry>(std::make_move_iterator(response.mutable_entries()->begin()),
                                   std::make_move_iterator(response.mutable_entries()->end()));
}

}  // namespace polku::rpc
