// The services behind one address, for the APIs that every service has: a request names the one it means.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/gate.h"
#include "libs/store/database.h"

namespace polku::rpc {

// Nothing is owned.
struct Served {
  std::string service;  // "follow-up"
  Gate* gate = nullptr;
  store::Database* database = nullptr;
  pipeline::Pipeline* pipeline = nullptr;  // Of the operator's and the audit's API only.
};

// Where there is one only it need not be named.
// Errors: kInvalidArgument at "service" when several are behind the address; kNotFound SERVICE_NOT_HERE.
absl::StatusOr<const Served*> FindServed(absl::Span<const Served> served, absl::string_view service);

}  // namespace polku::rpc
