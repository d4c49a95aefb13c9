// What commands for operators share: services, wherever they are.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "polku/common/v1/operator.grpc.pb.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {

// A service and where it is.
struct Place {
  std::string service;
  std::unique_ptr<common::v1::OperatorService::Stub> stub;
  std::string server;
};

// "--service": the one that a command is about; empty: all that are found.
std::shared_ptr<std::string> AddService(CLI::App& command);

// "2026-03-09", the first instant of that day in Helsinki, or as ParseInstant.
absl::StatusOr<google::protobuf::Timestamp> ParseDayOrInstant(const std::string& text, absl::Time now);

// Calls `each` for the service `only`, or for every one when that is empty. What one server says is told, and the
// others are asked all the same: the others are the ones that may be well.
void ForEachService(const std::string& only, Session& session, const std::function<absl::Status(const Place&)>& each);

void AddTraceCommand(CLI::App& app, Session& session);
void AddAuditCommands(CLI::App& app, Session& session);

}  // namespace polku::polkuctl
