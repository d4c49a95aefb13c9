// Plays a scenario in a world: sends its commands, repeats those that got no answer, steps the
// services in an order chosen by a seed, and lets the power go, records come twice and relays
// and services fall behind.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/random.h"
#include "tests/simulation/history.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/world.h"

namespace polku::simulation {

struct Tally {
  int64_t commands = 0;
  int64_t refused = 0;
  int64_t crashes = 0;
  int64_t repeated = 0;     // Commands sent again after no answer came.
  int64_t republished = 0;  // Records.
  int64_t told = 0;         // Records of providers.
  int64_t released = 0;     // How often the breaker had tripped and somebody released it.
};

class Driver {
 public:
  // Called when everything has come to rest. An error ends the run.
  using AtRest = std::function<absl::Status(Driver&)>;

  // Without faults everything comes to rest at each instant. Both outlive the driver.
  Driver(World& world, const Scenario& scenario, bool faults, AtRest at_rest);

  // Errors: those of `at_rest`; kInternal when a service fails although the power is on, or when
  // nothing comes to rest.
  absl::Status Run();

  World& world() { return world_; }
  const Scenario& scenario() const { return scenario_; }
  const History& history() const { return history_; }
  // "NotFound MEASURE_NOT_FOUND StartMeasure ...": for people.
  const std::vector<std::string>& refusals() const { return refusals_; }
  const Tally& tally() const { return tally_; }

 private:
  struct Call {
    Command command;
    Answer::Content content = Answer::Content::kFirst;
    bool sent = false;
    bool answered = false;
    bool retried = false;
    absl::Status status;
    std::unique_ptr<google::protobuf::Message> reply;
  };
  using Calls = std::vector<std::shared_ptr<Call>>;

  absl::Status Carry(const std::vector<Command>& commands);
  // Providers write records until the bus has them; they are not waited for.
  absl::Status Tell(const std::vector<Command>& records);
  // What is known of the measure whose provider writes. Nobody tells a provider of a measure before it is known.
  absl::Status LookUp(const Command& record, Publication& publication);
  absl::Status Await(Calls& calls);
  void Send(const std::shared_ptr<Call>& call);
  absl::Status Take(const Call& call);
  void Note(const Call& call);
  void NoteVoided(const Call& call);
  void NoteContact(const Call& call);
  // With the name of the contact that is voided.
  Command Named(Command command) const;
  absl::Status NoteRepeated(const Call& call);
  // Somebody sends an acknowledged command again, as it was or with other content.
  absl::Status SendAgain();
  // Somebody looks at a client, which leaves a row in the audit log.
  absl::Status Look();
  // Everything comes to rest overnight and is checked; in the morning people react.
  absl::Status Evening(absl::Time time);
  absl::Status Afterwards();
  // Runs until nothing is left anywhere.
  absl::Status Rest();
  // Rests, and a lead who finds the breaker tripped releases it and waits until nobody waits there any more.
  absl::Status RestAndRelease();

  // One pass of one loop; true if there was work. A crash counts as work.
  absl::StatusOr<bool> Turn(int service, bool relay);
  absl::Status Recover();
  void Arm();
  void Disarm();
  absl::Status Republish();
  bool Awake(int service, bool relay);

  World& world_;
  const Scenario& scenario_;
  const bool faults_;
  const AtRest at_rest_;
  SeededRandom random_;
  bool armed_ = false;
  int64_t life_ = 0;  // Raised by each crash: answers of an earlier life do not count.
  Calls open_;
  std::array<absl::Time, kServices * 2> asleep_until_;
  std::vector<Command> acknowledged_;            // Those that the services still remember.
  std::map<std::string, std::string> contacts_;  // Names, by request id.
  History history_;
  std::vector<std::string> refusals_;
  Tally tally_;
};

}  // namespace polku::simulation
