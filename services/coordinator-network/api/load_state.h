// An aggregate as a query reads it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/status_macros.h"
#include "libs/store/database.h"

namespace polku::coordinator_network {

// The state of an aggregate and its version; version 0 when there is none.
template <class State>
absl::StatusOr<std::pair<State, int64_t>> LoadState(store::Reader& reader, const std::string& key) {
  ASSIGN_OR_RETURN(const std::vector<store::StoredAggregate> found, reader.Load({&key, 1}));
  std::pair<State, int64_t> result{State(), found.front().version};
  if (!result.first.ParseFromString(found.front().state)) return absl::DataLossError("an aggregate cannot be read");
  return result;
}

}  // namespace polku::coordinator_network
