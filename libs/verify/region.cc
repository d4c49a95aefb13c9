#include "libs/verify/region.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace polku::verify {
namespace {

using Services = std::map<std::string, ServiceView>;

bool IsClient(absl::string_view key) { return absl::StartsWith(key, "clients/"); }

std::string Taken(absl::string_view reader, int64_t taken, int64_t published, absl::string_view owner,
                  absl::string_view key) {
  return absl::StrCat(reader, " has taken ", taken, " of ", published, " events of ", owner, " about ", key);
}

// 0 where there is none.
int64_t Newest(const Told& told, const std::string& service, const std::string& key) {
  const auto topic = told.find(service);
  if (topic == told.end()) return 0;
  const auto versions = topic->second.find(key);
  if (versions == topic->second.end() || versions->second.empty()) return 0;
  return *std::max_element(versions->second.begin(), versions->second.end());
}

}  // namespace

void CheckTaken(const Services& services, Violations& out) {
  for (const auto& [name, view] : services) {
    for (const std::string& peer : view.peers) {
      const auto owner = services.find(peer);
      if (owner == services.end()) continue;
      for (const auto& [key, version] : owner->second.published) {
        const auto taken = view.applied.find({peer, key});
        const int64_t last = taken == view.applied.end() ? 0 : taken->second;
        if (IsClient(key) && last < version) out.push_back({"I1", Taken(name, last, version, peer, key)});
      }
    }
  }
}

void CheckNoneAhead(const Services& services, Look look, Violations& out) {
  for (const auto& [name, view] : services) {
    for (const auto& [taken, last] : view.applied) {
      const auto& [peer, key] = taken;
      const auto owner = services.find(peer);
      if (owner == services.end()) continue;
      const auto published = owner->second.published.find(key);
      const bool known = published != owner->second.published.end();
      const int64_t version = known ? published->second : 0;
      if (!known && look == Look::kLive) continue;
      if (last > version) out.push_back({"I2", Taken(name, last, version, peer, key)});
    }
  }
}

void CheckNothingWaits(const Services& services, Violations& out) {
  for (const auto& [name, view] : services) {
    if (view.outbox > 0) out.push_back({"I1", absl::StrCat(name, " has ", view.outbox, " events that were not sent")});
    if (view.steps > 0) out.push_back({"I1", absl::StrCat(name, " has ", view.steps, " steps that were not run")});
    if (view.parked > 0) out.push_back({"I1", absl::StrCat(name, " has ", view.parked, " records that wait")});
  }
}

void CheckOutreach(const std::map<std::string, int>& tasks, Violations& out) {
  for (const auto& [finding, open] : tasks) {
    if (open > 1) out.push_back({"I3", absl::StrCat(finding, " has ", open, " open outreach tasks")});
  }
}

// By the first appearance of each version.
void CheckOrder(const Told& told, Look look, Violations& out) {
  for (const auto& [service, keys] : told) {
    for (const auto& [key, versions] : keys) {
      int64_t next = look == Look::kLive && !versions.empty() ? versions[0] : 1;
      for (const int64_t version : versions) {
        if (version == next) ++next;
        if (version <= next) continue;
        out.push_back({"I4", absl::StrCat(service, "'s version ", version, " of ", key, " comes before ", next)});
        break;
      }
    }
  }
}

void CheckTold(const Services& services, const Told& told, Look look, Violations& out) {
  for (const auto& [service, view] : services) {
    for (const auto& [key, version] : view.published) {
      const int64_t last = Newest(told, service, key);
      if (last == version || (look == Look::kLive && (last == 0 || last > version))) continue;
      out.push_back(
          {"I4", absl::StrCat(service, " published ", version, " versions of ", key, ", the topic has ", last)});
    }
  }
}

void CheckNoneToldAhead(const Services& services, const Told& told, Violations& out) {
  for (const auto& [service, view] : services) {
    for (const auto& [key, version] : view.published) {
      const int64_t last = Newest(told, service, key);
      if (last <= version) continue;
      out.push_back({"I2", absl::StrCat("the topic of ", service, " holds version ", last, " of ", key,
                                        ", and it has published ", version)});
    }
  }
}

void CheckDue(const Services& services, Violations& out) {
  for (const auto& [name, view] : services) {
    if (view.overdue > 0) out.push_back({"I7", absl::StrCat(name, " has ", view.overdue, " due instants behind it")});
  }
}

void CheckPositions(const Services& services, Violations& out) {
  for (const auto& [name, view] : services) {
    for (const auto& [partition, committed] : view.committed) {
      const auto position = view.positions.find(partition);
      const int64_t next = position == view.positions.end() ? 0 : position->second;
      if (committed <= next) continue;
      out.push_back({"I12", absl::StrCat(name, " told Kafka ", committed, " of ", partition, ", and is at ", next)});
    }
  }
}

}  // namespace polku::verify
