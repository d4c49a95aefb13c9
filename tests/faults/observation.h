// All that the checker looks at, as plain data: read at rest from databases, topics and programs, or made up by a test.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/faults/fleet.h"
#include "tests/faults/ledger.h"

namespace polku::faults {

// One service's database.
struct ServiceView {
  std::set<std::string> peers;                                     // Services whose topics it reads.
  std::set<std::string> requests;                                  // Request ids that it remembers.
  std::set<std::string> traces;                                    // Trace ids of its journal rows.
  std::map<std::string, int64_t> published;                        // By key: its newest public version.
  std::map<std::pair<std::string, std::string>, int64_t> applied;  // By source and key: the newest version taken.
  int64_t outbox = 0;                                              // Rows not sent yet.
  int64_t steps = 0;                                               // Rows not run yet.
  int64_t parked = 0;                                              // Records that wait for an earlier one.
  int64_t overdue = 0;                                             // Due instants that have passed.
  std::set<std::string> dead_letters;                              // "TOPIC/PARTITION/OFFSET".
  std::map<std::string, int64_t> positions;  // By "TOPIC/PARTITION": the next offset, as the database has it.
  std::map<std::string, int64_t> committed;  // The same as Kafka was told; partitions without are left out.
};

struct ProgramView {
  bool ready = false;
  Usage usage;
  Usage usual;  // Before the first fault.
};

struct Observation {
  Told told;
  std::map<std::string, ServiceView> services;
  // By service and key: public versions in the order of the topic, with repetitions.
  std::map<std::string, std::map<std::string, std::vector<int64_t>>> bus;
  std::map<std::string, int> open_outreach;       // By finding: open tasks.
  std::map<std::string, std::string> end_states;  // By client: what has become of it, in words.
  std::map<Kind, std::string> expected_states;    // From the calibration; of kinds that it told.
  std::map<std::string, ProgramView> programs;
  std::map<std::string, std::set<std::string>> poison;  // By service that reads it: "TOPIC/PARTITION/OFFSET".
  std::vector<std::string> exits;                       // Programs that did not end as they should.
};

}  // namespace polku::faults
