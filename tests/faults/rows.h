// The faults: what each does to a fleet while stories run.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/random.h"
#include "tests/faults/caller.h"
#include "tests/faults/fleet.h"
#include "tests/faults/ledger.h"

namespace polku::faults {

// A service's database and keys as they were while stories ran.
struct Backup {
  std::string database;  // A file of pg_dump.
  std::string keys;
  std::set<std::string> acknowledged;  // Request ids of what it surely holds.
};

// What a fault works on, and what it tells the checker.
struct Stage {
  Fleet& fleet;
  const Channels& channels;
  Caller& caller;
  Ledger& ledger;
  const absl::CivilDay today;
  SeededRandom random;
  int& next_ordinal;  // Of people whom the workload does not tell of.
  int strike = 0;     // Of this row, from 0.
  int first = 0;      // Where rows that take one thing after the other begin; of the seed.
  std::map<std::string, std::set<std::string>> poison;  // By service that reads it.
  std::vector<std::string> exits;                       // Programs that did not end as they should.
  std::vector<std::string> notes;
  std::map<int, Backup> backups;           // By service, that are to be put back.
  std::set<std::string> held;              // Clients of whom something was missing then.
  std::vector<absl::Duration> answers;     // Until a command was answered.
  std::vector<absl::Duration> recoveries;  // Until somebody new had come through the chain.

  int Pick(int count) { return static_cast<int>(random.Next() % static_cast<uint64_t>(count)); }
  // Measures from now until a command of the program's service has gone through, by that program or another, and until
  // somebody who is referred now has a coordinator whom follow-up knows.
  void AwaitRecovery(int program);
  void AwaitRecoveryOfAny() { AwaitRecovery(Pick(fleet.size())); }
  std::vector<int> AllOf(int service) const;
  // What could not go on may end, if it says so; somebody starts it again.
  void ReviveIfEnded(int program);
  // One story of somebody new, each attempt of a call with a deadline in between.
  void Tell(Kind kind, absl::Duration shortest_deadline, absl::Duration longest_deadline);
};

// What not every fleet has.
enum class Need { kBroker, kBrokers, kPostgres, kSmallDisk, kBefore };
// Why the fleet cannot take the row; empty: it can.
std::string MissingFor(const std::set<Need>& needs, Fleet& fleet);

struct Row {
  const char* name;
  const char* number;  // In the catalogue of faults, README.md.
  // One strike; the fleet is whole again, or on its way to it, on return. Errors: the driver cannot go on.
  std::function<absl::Status(Stage&)> strike;
  absl::Duration apart = absl::Milliseconds(500);  // Rest between two strikes.
  // What it breaks; empty: every fleet has it.
  std::set<Need> needs = {};
  // Once all stories have come to their end; may be null.
  std::function<absl::Status(Stage&)> afterwards = nullptr;
};

const std::vector<Row>& AllRows();

}  // namespace polku::faults
