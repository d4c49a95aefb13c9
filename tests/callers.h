// Who calls in tests, and by which stubs.
#pragma once

#include "polku/assessment/v1/api.grpc.pb.h"
#include "polku/coordinator_network/v1/api.grpc.pb.h"
#include "polku/follow_up/v1/api.grpc.pb.h"
#include "polku/referral/v1/api.grpc.pb.h"

namespace polku::callers {

// The role decides what is allowed.
struct Who {
  const char* organisation;
  const char* role;
};
constexpr Who kReferrer{"organisations/sender", "referrer"};
constexpr Who kIntake{"organisations/unit", "intake"};
constexpr Who kAssessor{"organisations/unit", "assessor"};
constexpr Who kCoordinator{"organisations/unit", "coordinator"};
constexpr Who kLead{"organisations/unit", "lead"};
constexpr Who kProvider{"organisations/provider", "provider"};
constexpr Who kOperator{"organisations/polku", "operator"};

using Referrals = referral::v1::ReferralService::StubInterface;
using Assessments = assessment::v1::AssessmentService::StubInterface;
using Coordinators = coordinator_network::v1::CoordinatorNetworkService::StubInterface;
using FollowUps = follow_up::v1::FollowUpService::StubInterface;

}  // namespace polku::callers
