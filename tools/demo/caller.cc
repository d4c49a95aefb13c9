#include "tools/demo/caller.h"

#include <chrono>

namespace polku::demo {

Caller::Caller(int port, const Clock* clock, Random* random) : clock_(clock), random_(random) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(16 << 20);
  const auto channel =
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments);
  referral_ = referral::v1::ReferralService::NewStub(channel);
  assessment_ = assessment::v1::AssessmentService::NewStub(channel);
  coordinators_ = coordinator_network::v1::CoordinatorNetworkService::NewStub(channel);
  follow_up_ = follow_up::v1::FollowUpService::NewStub(channel);
  services_ = {referral_->async(), assessment_->async(), coordinators_->async(), follow_up_->async()};
}

void Caller::Identify(const Who& who, grpc::ClientContext& context) {
  constexpr std::chrono::seconds kDeadline(30);
  context.AddMetadata("polku-organisation", who.organisation);
  context.AddMetadata("polku-role", who.role);
  context.AddMetadata("polku-user", who.user);
  context.AddMetadata("polku-system", "demo");
  context.AddMetadata("polku-purpose", "demo");
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

void Caller::Begin() {
  absl::MutexLock lock(&mutex_);
  ++in_flight_;
  ++calls_;
}

void Caller::End() {
  absl::MutexLock lock(&mutex_);
  --in_flight_;
}

void Caller::WaitForAll() {
  absl::MutexLock lock(&mutex_);
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return in_flight_ == 0; };
  mutex_.Await(absl::Condition(&none));
}

void Caller::Note(std::string problem) {
  absl::MutexLock lock(&mutex_);
  problems_.push_back(std::move(problem));
}

std::vector<std::string> Caller::problems() const {
  absl::MutexLock lock(&mutex_);
  return problems_;
}

int Caller::calls() const {
  absl::MutexLock lock(&mutex_);
  return calls_;
}

}  // namespace polku::demo
