#include "tests/faults/checker.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace polku::faults {
namespace {

// What a program may hold more than before the faults: connections that come and go.
constexpr int kMoreDescriptorsMax = 40;
constexpr int kMoreThreadsMax = 20;

using Violations = std::vector<Violation>;

bool IsClient(absl::string_view key) { return absl::StartsWith(key, "clients/"); }

// Calls `found` with each key of which a subscriber has not taken all that its owner published.
template <class Found>
void FindBehind(const Observation& seen, Found found) {
  for (const auto& [name, view] : seen.services) {
    for (const std::string& peer : view.peers) {
      const auto owner = seen.services.find(peer);
      if (owner == seen.services.end()) continue;
      for (const auto& [key, version] : owner->second.published) {
        const auto taken = view.applied.find({peer, key});
        const int64_t last = taken == view.applied.end() ? 0 : taken->second;
        if (IsClient(key) && last != version) {
          found(absl::StrCat(name, " has taken ", last, " of ", version, " events of ", peer, " about ", key));
        }
      }
    }
  }
}

void CheckNothingLost(const Observation& seen, Violations& out) {
  for (const auto& [service, requests] : seen.told.acknowledged) {
    const auto view = seen.services.find(service);
    for (const std::string& request : requests) {
      if (view != seen.services.end() && view->second.requests.contains(request)) continue;
      out.push_back({"I1", absl::StrCat(service, " forgot the acknowledged command ", request)});
    }
  }
  for (const auto& [name, view] : seen.services) {
    if (view.outbox > 0) out.push_back({"I1", absl::StrCat(name, " has ", view.outbox, " events that were not sent")});
    if (view.steps > 0) out.push_back({"I1", absl::StrCat(name, " has ", view.steps, " steps that were not run")});
    if (view.parked > 0) out.push_back({"I1", absl::StrCat(name, " has ", view.parked, " records that wait")});
  }
  FindBehind(seen, [&out](const std::string& what) { out.push_back({"I1", what}); });
}

// What a due instant causes has no trace.
void CheckNoPhantoms(const Observation& seen, Violations& out) {
  for (const auto& [name, view] : seen.services) {
    for (const std::string& trace : view.traces) {
      if (trace.empty() || seen.told.traces.contains(trace)) continue;
      out.push_back({"I2", absl::StrCat(name, " has journal rows of trace ", trace, ", which nobody sent")});
    }
  }
}

void CheckOutreach(const Observation& seen, Violations& out) {
  for (const auto& [finding, tasks] : seen.open_outreach) {
    if (tasks > 1) out.push_back({"I3", absl::StrCat(finding, " has ", tasks, " open outreach tasks")});
  }
}

// The first appearance of each version, in the order of the topic.
void CheckOrder(const Observation& seen, Violations& out) {
  for (const auto& [service, keys] : seen.bus) {
    for (const auto& [key, versions] : keys) {
      int64_t next = 1;
      for (const int64_t version : versions) {
        if (version == next) ++next;
        if (version <= next) continue;
        out.push_back({"I4", absl::StrCat(service, "'s version ", version, " of ", key, " comes before ", next)});
        break;
      }
    }
  }
  for (const auto& [service, view] : seen.services) {
    const auto topic = seen.bus.find(service);
    for (const auto& [key, version] : view.published) {
      const bool known = topic != seen.bus.end() && topic->second.contains(key);
      const auto& sent = known ? topic->second.at(key) : std::vector<int64_t>();
      const int64_t last = sent.empty() ? 0 : *std::max_element(sent.begin(), sent.end());
      if (last == version) continue;
      out.push_back(
          {"I4", absl::StrCat(service, " published ", version, " versions of ", key, ", the topic has ", last)});
    }
  }
}

void CheckEndStates(const Observation& seen, Violations& out) {
  for (const auto& [client, kind] : seen.told.clients) {
    const auto expected = seen.expected_states.find(kind);
    if (expected == seen.expected_states.end()) continue;
    const auto state = seen.end_states.find(client);
    const std::string found = state == seen.end_states.end() ? "nothing" : state->second;
    if (found == expected->second) continue;
    out.push_back({"I6", absl::StrCat(client, " of kind ", static_cast<int>(kind), " has become\n    ", found,
                                      "\n  and without faults\n    ", expected->second)});
  }
  for (const std::string& stuck : seen.told.stuck) out.push_back({"I6", stuck});
}

void CheckDue(const Observation& seen, Violations& out) {
  for (const auto& [name, view] : seen.services) {
    if (view.overdue > 0) out.push_back({"I7", absl::StrCat(name, " has ", view.overdue, " due instants behind it")});
  }
}

void CheckAnswers(const Observation& seen, Violations& out) {
  for (const std::string& what : seen.told.undocumented) out.push_back({"I8", what});
  for (const std::string& what : seen.told.changed) {
    out.push_back({"I8", absl::StrCat(what, ": the same request id got another answer")});
  }
}

void CheckPrograms(const Observation& seen, Violations& out) {
  for (const auto& [name, program] : seen.programs) {
    if (!program.ready) out.push_back({"I9", absl::StrCat(name, " is not ready")});
    if (program.usage.descriptors > program.usual.descriptors + kMoreDescriptorsMax) {
      out.push_back({"I9", absl::StrCat(name, " holds ", program.usage.descriptors, " descriptors, usually ",
                                        program.usual.descriptors)});
    }
    if (program.usage.threads > program.usual.threads + kMoreThreadsMax) {
      out.push_back(
          {"I9", absl::StrCat(name, " has ", program.usage.threads, " threads, usually ", program.usual.threads)});
    }
  }
  for (const std::string& what : seen.exits) out.push_back({"I9", what});
}

void CheckPoison(const Observation& seen, Violations& out) {
  for (const auto& [name, view] : seen.services) {
    const auto known = seen.poison.find(name);
    const std::set<std::string> poison = known == seen.poison.end() ? std::set<std::string>() : known->second;
    for (const std::string& record : view.dead_letters) {
      if (!poison.contains(record)) out.push_back({"I10", absl::StrCat(name, " set aside the good record ", record)});
    }
    for (const std::string& record : poison) {
      if (view.dead_letters.contains(record)) continue;
      out.push_back({"I10", absl::StrCat(name, " did not set aside the bad record ", record)});
    }
  }
}

void CheckPositions(const Observation& seen, Violations& out) {
  for (const auto& [name, view] : seen.services) {
    for (const auto& [partition, committed] : view.committed) {
      const auto position = view.positions.find(partition);
      const int64_t next = position == view.positions.end() ? 0 : position->second;
      if (committed <= next) continue;
      out.push_back({"I12", absl::StrCat(name, " told Kafka ", committed, " of ", partition, ", and is at ", next)});
    }
  }
}

}  // namespace

std::vector<Violation> Check(const Observation& seen) {
  Violations out;
  CheckNothingLost(seen, out);
  CheckNoPhantoms(seen, out);
  CheckOutreach(seen, out);
  CheckOrder(seen, out);
  CheckEndStates(seen, out);
  CheckDue(seen, out);
  CheckAnswers(seen, out);
  CheckPrograms(seen, out);
  CheckPoison(seen, out);
  CheckPositions(seen, out);
  return out;
}

bool AtRest(const Observation& seen) {
  for (const auto& [name, view] : seen.services) {
    if (view.outbox + view.steps + view.parked + view.overdue > 0) return false;
    const auto poison = seen.poison.find(name);
    if (poison != seen.poison.end() && view.dead_letters.size() < poison->second.size()) return false;
  }
  bool behind = false;
  FindBehind(seen, [&behind](const std::string&) { behind = true; });
  return !behind;
}

}  // namespace polku::faults
