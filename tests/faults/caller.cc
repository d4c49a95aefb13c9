#include "tests/faults/caller.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/base/ids.h"

namespace polku::faults {
namespace {

constexpr int kReconnectMillis = 100;
constexpr int kReconnectMillisMax = 500;
constexpr int kConnectMillisMax = 2000;

}  // namespace

Channels::Channels(const Fleet& fleet) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMillis);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMillisMax);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMillisMax);
  for (size_t service = 0; service < kServices.size(); ++service) {
    for (int replica = 0; replica < fleet.replicas(); ++replica) {
      channels_[service].push_back(
          grpc::CreateCustomChannel(fleet.address(fleet.ProgramOf(static_cast<int>(service), replica)),
                                    grpc::InsecureChannelCredentials(), arguments));
    }
  }
  poller_ = std::thread([this] {
    void* tag = nullptr;
    bool ok = false;
    while (idle_.Next(&tag, &ok)) continue;
  });
}

Channels::~Channels() {
  idle_.Shutdown();
  poller_.join();
}

Caller::Caller(const Channels& channels, Ledger* ledger, uint64_t seed) : ledger_(ledger), random_(seed) {
  for (const auto& channel : channels.of(0)) referrals_.push_back(referral::v1::ReferralService::NewStub(channel));
  for (const auto& channel : channels.of(1))
    assessments_.push_back(assessment::v1::AssessmentService::NewStub(channel));
  for (const auto& channel : channels.of(2)) {
    coordinators_.push_back(coordinator_network::v1::CoordinatorNetworkService::NewStub(channel));
  }
  for (const auto& channel : channels.of(3)) follow_ups_.push_back(follow_up::v1::FollowUpService::NewStub(channel));
  turn_ = random_.Next() % kReplicasMax;
}

std::string Caller::NewId() { return NewUuidV7(wall_clock_.Now(), random_); }

void Caller::Rest(absl::Duration pause) { absl::SleepFor(pause); }

void Caller::Identify(const Who& who, grpc::ClientContext& context) {
  context.AddMetadata("polku-organisation", who.organisation);
  context.AddMetadata("polku-role", who.role);
  context.AddMetadata("polku-user", "test-user");
  const std::string trace = absl::StrFormat("%016x%016x", random_.Next(), random_.Next() | 1);
  ledger_->Sent(trace);
  context.AddMetadata("traceparent", absl::StrCat("00-", trace, "-0000000000000001-00"));
  const double share = static_cast<double>(random_.Next() % 101) / 100;
  const absl::Duration deadline = shortest_deadline_ + share * (longest_deadline_ - shortest_deadline_);
  context.set_deadline(absl::ToChronoTime(wall_clock_.Now() + deadline));
}

std::string Caller::GiveRequestId(google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  if (field == nullptr) return "";
  if (request.GetReflection()->GetString(request, field).empty()) {
    request.GetReflection()->SetString(&request, field, NewId());
  }
  return request.GetReflection()->GetString(request, field);
}

void Caller::Undocumented(const std::string& what, const absl::Status& status) {
  ledger_->Undocumented(absl::StrCat(what, ": ", rpc::NameOf(status.code()), " ", status.message()));
}

}  // namespace polku::faults
