// What must hold whenever everything has come to rest (reliability.md §2), read from the
// databases and the bus alone.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "libs/bus/bus.h"
#include "libs/store/database.h"
#include "tests/simulation/history.h"
#include "tests/simulation/world.h"

namespace polku::simulation {

using States = std::map<std::string, std::unique_ptr<google::protobuf::Message>>;  // By key of the aggregate.

// Everything at rest, as read once.
struct Picture {
  struct Service {
    std::vector<store::JournalRow> journal;  // In order of commit.
    std::map<std::string, store::StoredAggregate> aggregates;
    States states;                 // Folded from the journal.
    std::set<std::string> erased;  // Keys. They have journal rows, and no aggregate and no state here.
    std::vector<store::DeadLetterRow> dead_letters;
  };
  std::array<Service, kServices> services;
  std::vector<bus::Record> records;
  std::vector<bus::Record> foreign;  // Of providers, in order of each topic.
};

// What is wrong, one line each, beginning with the invariant ("I4: ..."); none when all is well.
// `picture` gets what was read, as far as it could be.
std::vector<std::string> CheckAtRest(World& world, const History& history, Picture& picture);

// Only what costs little: nothing waits, nothing is overdue, the safety net holds.
std::vector<std::string> CheckQuickly(World& world);

// By client: what a run without faults must agree on (I6).
std::map<std::string, std::string> OutcomesOf(const Picture& picture);

// One line for each client whose outcome differs.
std::vector<std::string> CompareOutcomes(const std::map<std::string, std::string>& without_faults,
                                         const std::map<std::string, std::string>& with_faults);

}  // namespace polku::simulation
