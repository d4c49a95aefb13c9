// For tests only: both domains over the real index tables and lookup queries, one input at a time.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/client_domain.h"
#include "services/coordinator-network/domain/coordinator_domain.h"

struct sqlite3;

namespace polku::coordinator_network {

// "clients/<uuid>" number `n`.
std::string TestClient(int n = 1);

// The defaults, and one purpose for meetings: "multi-agency-meeting".
Policy TestPolicy();

class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  absl::Time now;             // Tuesday 2026-03-03 10:00 in Helsinki at first.
  absl::Duration bus_behind;  // How long ago everything that peers say was known.
  bool steps_at_once = true;  // Otherwise steps wait for RunSteps.

  using Reply = absl::StatusOr<std::unique_ptr<google::protobuf::Message>>;
  // A peer's fact that was decided at `fact_time`, or a command (then `fact_time` is now).
  Reply Send(const polku::coordinator_network::v1::ClientSupportInput& input, absl::Time fact_time);
  Reply Send(const polku::coordinator_network::v1::ClientSupportInput& input) { return Send(input, now); }
  Reply Send(const polku::coordinator_network::v1::CoordinatorInput& input);
  void RunSteps();

  const polku::coordinator_network::v1::ClientSupport& client(const std::string& name) { return clients_[name]; }
  const polku::coordinator_network::v1::CoordinatorRecord& coordinator(const std::string& name) {
    return coordinators_[name];
  }
  // Events of all clients, oldest first.
  std::vector<polku::coordinator_network::v1::ClientSupportEvent> events;
  std::vector<store::Row> Query(const std::string& sql, const std::vector<store::Value>& parameters = {});

  // Shorthands; they expect success.
  void Register(const std::string& id, int capacity);
  void Register(const std::string& id, const polku::coordinator_network::v1::Coordinator& profile);
  void Refer(const std::string& client);
  absl::StatusOr<polku::coordinator_network::v1::Assignment> Accept(const std::string& coordinator,
                                                                    const std::string& client);
  absl::StatusOr<polku::coordinator_network::v1::Assignment> Assign(const std::string& client,
                                                                    const std::string& coordinator = "");

 private:
  std::vector<std::vector<store::Row>> Look(const std::vector<pipeline::Lookup>& lookups);
  void Reindex(const std::vector<pipeline::IndexRow>& before, const std::vector<pipeline::IndexRow>& after);
  template <class Domain>
  Reply Run(const Domain& domain, const std::string& key, typename Domain::State& state,
            const typename Domain::Input& input, absl::Time fact_time, std::vector<typename Domain::Event>& events_out);

  const ClientDomain client_domain_;
  const CoordinatorDomain coordinator_domain_;
  std::map<std::string, polku::coordinator_network::v1::ClientSupport> clients_;
  std::map<std::string, polku::coordinator_network::v1::CoordinatorRecord> coordinators_;
  std::deque<pipeline::Step> steps_;
  sqlite3* database_ = nullptr;  // In memory.
};

// Facts about `client`, ready to send.
polku::coordinator_network::v1::ClientSupportInput ReferralAcceptedFact(const std::string& client);
polku::coordinator_network::v1::ClientSupportInput OutreachFact(const std::string& client, int interruption,
                                                                polku::follow_up::v1::Rule rule, int measure);
polku::coordinator_network::v1::ClientSupportInput RetractedFact(const std::string& client, int interruption);
polku::coordinator_network::v1::ClientSupportInput ResolvedFact(const std::string& client, int interruption);
polku::coordinator_network::v1::ClientSupportInput MissedFact(const std::string& client, int measure,
                                                              absl::CivilDay day);
polku::coordinator_network::v1::ClientSupportInput OverdueFact(const std::string& client, int assessment);
polku::coordinator_network::v1::ClientSupportInput AssessedFact(const std::string& client, int assessment);
polku::coordinator_network::v1::ClientSupportInput ClosedFact(const std::string& client);

}  // namespace polku::coordinator_network
