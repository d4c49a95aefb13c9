// All that the checker looks at, as plain data: read at rest from databases, topics and programs, or made up by a test.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/verify/region.h"
#include "tests/faults/fleet.h"
#include "tests/faults/ledger.h"

namespace polku::faults {

// One service's database.
struct ServiceView : verify::ServiceView {
  std::set<std::string> requests;      // Request ids that it remembers.
  std::set<std::string> traces;        // Trace ids of its journal rows.
  std::set<std::string> dead_letters;  // "TOPIC/PARTITION/OFFSET".
};

struct ProgramView {
  bool ready = false;
  Usage usage;
  Usage usual;  // Before the first fault.
};

struct Observation {
  Told told;
  std::map<std::string, ServiceView> services;
  verify::Told bus;
  std::map<std::string, int> open_outreach;       // By finding: open tasks.
  std::map<std::string, std::string> end_states;  // By client: what has become of it, in words.
  std::map<Kind, std::string> expected_states;    // From the calibration; of kinds that it told.
  std::map<std::string, ProgramView> programs;
  std::map<std::string, std::set<std::string>> poison;  // By service that reads it: "TOPIC/PARTITION/OFFSET".
  std::vector<std::string> exits;                       // Programs that did not end as they should.
  std::set<std::string> held;                           // Clients of whom a restore left less than was known.
};

}  // namespace polku::faults
