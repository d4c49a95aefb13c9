// What commands for operators share: services, wherever they are.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "polku/common/v1/operator.grpc.pb.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {

// A service and where it is.
struct Place {
  std::string service;
  std::unique_ptr<common::v1::OperatorService::Stub> stub;
};

// Calls `each` for the service `only`, or for every one when that is empty. What one server says is told, and the
// others are asked all the same: the others are the ones that may be well.
void ForEachService(const std::string& only, Session& session, const std::function<absl::Status(const Place&)>& each);

}  // namespace polku::polkuctl
