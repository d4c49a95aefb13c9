// The aggregate "clients/C": who supports the client, the open tasks, and the meetings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/policy.h"
#include "services/coordinator-network/domain/recall.h"

namespace polku::coordinator_network {

// Pure; see libs/pipeline/domain.h for what each function promises. Peers' facts are never
// refused: what cannot apply is left out. Facts that come before the referral's acceptance make
// tasks on the lead's list, which move when a coordinator is proposed.
class ClientDomain {
 public:
  using State = polku::coordinator_network::v1::ClientSupport;
  using Input = polku::coordinator_network::v1::ClientSupportInput;
  using Event = polku::coordinator_network::v1::ClientSupportEvent;

  explicit ClientDomain(const Policy& policy) : policy_(policy) {}

  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const;
  // None: no rule of this aggregate waits for an instant.
  std::optional<absl::Time> NextDue(const State& state) const { return std::nullopt; }
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event& event) const;
  std::vector<Event> Recall(const Event& told, const State& state) const {
    return coordinator_network::Recall(told, state);
  }

 private:
  const Policy policy_;
};

}  // namespace polku::coordinator_network
