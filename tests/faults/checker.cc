#include "tests/faults/checker.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace polku::faults {
namespace {

// What a program may hold more than before the faults: connections that come and go.
constexpr int kMoreDescriptorsMax = 40;
constexpr int kMoreThreadsMax = 20;

using verify::Violations;

std::map<std::string, verify::ServiceView> DatabasesOf(const Observation& seen) {
  return {seen.services.begin(), seen.services.end()};
}

void CheckNothingLost(const Observation& seen, Violations& out) {
  for (const auto& [service, requests] : seen.told.acknowledged) {
    const auto view = seen.services.find(service);
    for (const std::string& request : requests) {
      if (view != seen.services.end() && view->second.requests.contains(request)) continue;
      out.push_back({"I1", absl::StrCat(service, " forgot the acknowledged command ", request)});
    }
  }
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

// As observe.cc tells an open task of that kind, and a measure that ended early.
constexpr char kContactTask[] = "task 2 rule 0 attempts 0 outcome 0; ";
constexpr char kEndedMeasure[] = "measure 4; ";

void CheckEndStates(const Observation& seen, Violations& out) {
  for (const auto& [client, kind] : seen.told.clients) {
    const auto expected = seen.expected_states.find(kind);
    if (expected == seen.expected_states.end()) continue;
    // Of a journey that is closed nothing more is taken: what was not told of it stays unknown.
    if (kind == Kind::kClosed && seen.held.contains(client)) continue;
    const auto state = seen.end_states.find(client);
    std::string found = state == seen.end_states.end() ? "nothing" : state->second;
    // A miss that is recorded again asks for a contact again, though not for an outreach. A measure that has ended
    // leaves with the next fact about the client.
    if (seen.held.contains(client)) found = absl::StrReplaceAll(found, {{kContactTask, ""}, {kEndedMeasure, ""}});
    if (found == expected->second) continue;
    out.push_back({"I6", absl::StrCat(client, " of kind ", static_cast<int>(kind), " has become\n    ", found,
                                      "\n  and without faults\n    ", expected->second)});
  }
  for (const std::string& stuck : seen.told.stuck) out.push_back({"I6", stuck});
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

}  // namespace

std::vector<Violation> Check(const Observation& seen) {
  Violations out;
  const std::map<std::string, verify::ServiceView> databases = DatabasesOf(seen);
  CheckNothingLost(seen, out);
  verify::CheckNothingWaits(databases, out);
  verify::CheckTaken(databases, out);
  CheckNoPhantoms(seen, out);
  verify::CheckNoneAhead(databases, verify::Look::kAtRest, out);
  verify::CheckOutreach(seen.open_outreach, out);
  verify::CheckOrder(seen.bus, verify::Look::kAtRest, out);
  verify::CheckTold(databases, seen.bus, verify::Look::kAtRest, out);
  CheckEndStates(seen, out);
  verify::CheckDue(databases, out);
  CheckAnswers(seen, out);
  CheckPrograms(seen, out);
  CheckPoison(seen, out);
  verify::CheckPositions(databases, out);
  return out;
}

bool AtRest(const Observation& seen) {
  for (const auto& [name, view] : seen.services) {
    if (view.outbox + view.steps + view.parked + view.overdue > 0) return false;
    const auto poison = seen.poison.find(name);
    if (poison != seen.poison.end() && view.dead_letters.size() < poison->second.size()) return false;
  }
  Violations behind;
  verify::CheckTaken(DatabasesOf(seen), behind);
  return behind.empty();
}

}  // namespace polku::faults
