// One decision about a client in the making: a scratch state that follows the events.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/pipeline/domain.h"
#include "polku/coordinator_network/v1/state.pb.h"
#include "services/coordinator-network/domain/policy.h"

namespace polku::coordinator_network {

class ClientTurn {
 public:
  // `context` and `policy` must outlive the turn.
  ClientTurn(const polku::coordinator_network::v1::ClientSupport& state, std::string client,
             const pipeline::Context& context, const Policy& policy);

  const polku::coordinator_network::v1::ClientSupport& state() const { return state_; }
  const std::string& client() const { return client_; }
  const pipeline::Context& context() const { return context_; }
  const Policy& policy() const { return policy_; }

  void Emit(polku::coordinator_network::v1::ClientSupportEvent event);
  void AddStep(std::string key, std::unique_ptr<google::protobuf::Message> input);

  // Whether a fact decided at `time` belongs to the journey that runs now, or to one whose
  // referral has not come yet. Facts of a closed journey do not.
  bool OfCurrentJourney(absl::Time time) const;
  // Whether a task about `subject` is open or was open before.
  bool IsHandled(const std::string& subject) const;
  // Null when there is none that is open.
  const polku::coordinator_network::v1::Task* FindTask(const std::string& name) const;
  // On whose list a new task about the client stands.
  std::string ListOwner() const;

  // Adds the task with the next number, created at the fact's time; gives its name.
  std::string AddTask(polku::coordinator_network::v1::Task task);
  // `name` by value: the task it may belong to goes away.
  void EndTask(std::string name, polku::coordinator_network::v1::TaskState state);
  using TaskTest = std::function<bool(const polku::coordinator_network::v1::Task&)>;
  void EndTasks(const TaskTest& ends, polku::coordinator_network::v1::TaskState state);
  // The task has come to `rung`, or stays at it, and has a new limit.
  void EscalateTask(const std::string& name, int rung, const google::protobuf::Timestamp& due_time);
  void MoveTask(std::string name, const std::string& coordinator);
  // Puts every open task on the list of `coordinator`, but for those that are the lead's.
  void MoveTasks(const std::string& coordinator);

  pipeline::Decision<polku::coordinator_network::v1::ClientSupportEvent> Finish(
      std::unique_ptr<google::protobuf::Message> reply = nullptr);

 private:
  polku::coordinator_network::v1::ClientSupport state_;
  const std::string client_;
  const pipeline::Context& context_;
  const Policy& policy_;
  pipeline::Decision<polku::coordinator_network::v1::ClientSupportEvent> decision_;
};

// The end of the `count`-th office day after the local day of `time`.
absl::Time DueAfterOfficeDays(absl::Time time, int count);

// The latest closing has been taken back.
bool IsReopened(const polku::coordinator_network::v1::ClientSupport& state);

// Tasks that wait for an assignment. They end by assigning and accepting only.
bool IsAssignmentTask(const polku::coordinator_network::v1::Task& task);
// Tasks about a referral that waits for its answer: they belong to no journey.
bool IsReferralTask(const polku::coordinator_network::v1::Task& task);
// Tasks that stay with the network lead whoever supports the client.
bool IsLeadTask(const polku::coordinator_network::v1::Task& task);

}  // namespace polku::coordinator_network
