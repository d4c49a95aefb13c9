// What a region holds, as plain data, to be compared with what must hold: read from databases and topics at rest, from
// a live region, or made up by a test.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace polku::verify {

// One service.
struct ServiceView {
  std::set<std::string> peers;                                     // Services whose topics it reads.
  std::map<std::string, int64_t> published;                        // By key: its newest public version.
  std::map<std::pair<std::string, std::string>, int64_t> applied;  // By source and key: the newest version taken.
  int64_t outbox = 0;                                              // Rows not sent yet.
  int64_t steps = 0;                                               // Rows not run yet.
  int64_t parked = 0;                                              // Records that wait for an earlier one.
  int64_t overdue = 0;                                             // Due instants that have passed.
  std::map<std::string, int64_t> positions;  // By "TOPIC/PARTITION": the next offset, as the database has it.
  std::map<std::string, int64_t> committed;  // The same as Kafka was told; partitions without are left out.
};

// By service and key: public versions in the order of the topic, with repetitions.
using Told = std::map<std::string, std::map<std::string, std::vector<int64_t>>>;

// When the region was read. While it is live a topic may have lost old records and got new ones since its owner was
// asked.
enum class Look { kAtRest, kLive };

struct Violation {
  std::string invariant;  // "I1"
  std::string what;
};
using Violations = std::vector<Violation>;

// I1: every subscriber has taken all versions of clients that their owner has published. `services` by name.
void CheckTaken(const std::map<std::string, ServiceView>& services, Violations& out);
// I2: nobody has taken a version that its owner has not published. In a live region keys that the owner does not know
// are left out: a record of nobody, once it was discarded, counts as taken.
void CheckNoneAhead(const std::map<std::string, ServiceView>& services, Look look, Violations& out);
// I1: nothing waits to be sent, to be run, or for an earlier record.
void CheckNothingWaits(const std::map<std::string, ServiceView>& services, Violations& out);
// I3: `tasks` by finding: open outreach tasks.
void CheckOutreach(const std::map<std::string, int>& tasks, Violations& out);
// I4: the versions of a key are 1, 2, 3 … in order, repetitions apart.
void CheckOrder(const Told& told, Look look, Violations& out);
// I4: each topic holds what its service published.
void CheckTold(const std::map<std::string, ServiceView>& services, const Told& told, Look look, Violations& out);
// I2: no topic holds a version of a key that its service has not published; keys that it does not know are left out.
void CheckNoneToldAhead(const std::map<std::string, ServiceView>& services, const Told& told, Violations& out);
// I7.
void CheckDue(const std::map<std::string, ServiceView>& services, Violations& out);
// I12: Kafka was never told more than the database holds.
void CheckPositions(const std::map<std::string, ServiceView>& services, Violations& out);

}  // namespace polku::verify
