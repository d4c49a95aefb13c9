// What was sent to the services and what they answered: the checker's side of the story.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace polku::faults {

// How a story goes; the same kind comes to the same end.
enum class Kind { kReached, kClosed, kNotReached, kAttends, kEndedEarly, kProbe };
constexpr int kStoryKinds = 5;  // All but the probe of a driver that only looks whether the chain works.

struct Told {
  std::set<std::string> traces;                               // Trace ids of everything sent.
  std::map<std::string, std::set<std::string>> acknowledged;  // By service: request ids of commands.
  std::vector<std::string> undocumented;                      // Answers that no caller should have got.
  std::vector<std::string> changed;                           // The same request id, another answer.
  std::map<std::string, Kind> clients;                        // By "clients/C": those whose story came to its end.
  std::vector<std::string> stuck;                             // Stories that did not.
};

// Thread-safe.
class Ledger {
 public:
  void Sent(const std::string& trace) {
    absl::MutexLock lock(&mutex_);
    told_.traces.insert(trace);
  }
  void Acknowledged(const std::string& service, const std::string& request_id) {
    absl::MutexLock lock(&mutex_);
    told_.acknowledged[service].insert(request_id);
  }
  // The service went back to where it knew only these.
  void ForgetAcknowledged(const std::string& service, const std::set<std::string>& known) {
    absl::MutexLock lock(&mutex_);
    told_.acknowledged[service] = known;
  }
  void Undocumented(const std::string& what) {
    absl::MutexLock lock(&mutex_);
    told_.undocumented.push_back(what);
  }
  void Changed(const std::string& what) {
    absl::MutexLock lock(&mutex_);
    told_.changed.push_back(what);
  }
  void Finished(const std::string& client, Kind kind) {
    absl::MutexLock lock(&mutex_);
    told_.clients[client] = kind;
  }
  void Stuck(const std::string& what) {
    absl::MutexLock lock(&mutex_);
    told_.stuck.push_back(what);
  }
  Told told() const {
    absl::MutexLock lock(&mutex_);
    return told_;
  }
  // What a row has found is not told again by the next one.
  void ForgetFaults() {
    absl::MutexLock lock(&mutex_);
    told_.undocumented.clear();
    told_.changed.clear();
    told_.stuck.clear();
  }

 private:
  mutable absl::Mutex mutex_;
  Told told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace polku::faults
