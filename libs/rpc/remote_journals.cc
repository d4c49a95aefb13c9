#include "libs/rpc/remote_journals.h"

#include <iterator>
#include <utility>

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

RemoteJournals::RemoteJournals(std::map<std::string, std::string> addresses, const Certificates* certificates)
    : addresses_(std::move(addresses)), certificates_(certificates) {}

void RemoteJournals::Connect() {
  for (const auto& [service, address] : addresses_) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    stubs_[service] = JournalService::NewStub(grpc::CreateCustomChannel(
        address, certificates_ == nullptr ? grpc::InsecureChannelCredentials() : certificates_->ForPeers(), arguments));
  }
}

std::shared_ptr<RemoteJournals::Stub> RemoteJournals::StubOf(absl::string_view service) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<const TlsTexts> texts = certificates_ == nullptr ? nullptr : certificates_->texts();
  if (stubs_.empty() || texts != texts_) {
    texts_ = std::move(texts);
    Connect();
  }
  const auto stub = stubs_.find(service);
  return stub == stubs_.end() ? nullptr : stub->second;
}

absl::StatusOr<std::vector<JournalEntry>> RemoteJournals::Read(absl::string_view service, absl::string_view key,
                                                               int64_t after, int limit) {
  const std::shared_ptr<Stub> stub = StubOf(service);
  if (stub == nullptr) return absl::NotFoundError(absl::StrCat("peers: no address of ", service));
  grpc::ClientContext context;
  context.set_deadline(gpr_time_from_seconds(kAnswerSeconds, GPR_TIMESPAN));
  context.AddMetadata("polku-role", "service");
  if (certificates_ == nullptr) {  // Which say the rest.
    context.AddMetadata("polku-organisation", "organisations/polku");
    context.AddMetadata("polku-system", "polku");
  }
  polku::common::v1::ReadJournalRequest request;
  request.set_service(std::string(service));
  request.set_key(std::string(key));
  request.set_after_version(after);
  request.set_page_size(limit);
  polku::common::v1::ReadJournalResponse response;
  const grpc::Status status = stub->ReadJournal(&context, request, &response);
  if (!status.ok()) {
    return absl::UnavailableError(absl::StrCat("journal of ", service, ": ", status.error_message()));
  }
  return std::vector<JournalEntry>(std::make_move_iterator(response.mutable_entries()->begin()),
                                   std::make_move_iterator(response.mutable_entries()->end()));
}

}  // namespace polku::rpc
