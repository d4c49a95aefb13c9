// The four services in one process on one disk in memory, driven step by step by one thread. The
// power may go at any named point and at any file operation; then everything is built up again
// from what the disk still holds.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/bus/bus.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/aggregate_kind.h"
#include "libs/pipeline/peer_journal.h"
#include "libs/pipeline/pipeline.h"
#include "libs/rpc/access.h"
#include "libs/store/database.h"
#include "libs/testing/sim_vfs.h"
#include "prometheus/registry.h"

namespace polku::simulation {

enum ServiceId { kReferral = 0, kAssessment = 1, kCoordinatorNetwork = 2, kFollowUp = 3 };
inline constexpr int kServices = 4;

// "follow-up"
const std::string& NameOf(int service);
// Whose topics it reads.
const std::vector<int>& SubscriptionsOf(int service);
// Providers that write topics of their own: the ids of "organisations/ID".
const std::vector<std::string>& Feeders();
// The domains of a service, for whoever looks at its journal and state from outside.
const std::vector<std::unique_ptr<pipeline::AggregateKind>>& KindsOf(int service);

// Thrown out of a crash point; nothing of the product catches it.
struct PowerLost {};

// The shipped definitions and rule sets, as the services of every world have them.
const pathway::Catalogue& CatalogueOfWorlds();

class World {
 public:
  // `name` is unique among the living worlds. `seed` decides keys and nonces, `readers` how many
  // connections for reading each database has (0: none of its own).
  World(const std::string& name, uint64_t seed, absl::Time start, int readers);
  ~World();

  // Opens all files and services. Errors: whatever they say, also when the power goes meanwhile.
  absl::Status Start();
  // The power is off: everything in memory is gone, and on the disk what had not been synced,
  // apart from what `random` lets survive.
  void Crash(SeededRandom& random);
  bool running() const { return nodes_[0].pipeline != nullptr; }
  // Everything is closed, as at the end of a life.
  void Stop();
  // The most files of the disk that were open when everything had been closed.
  int64_t files_left_open() const { return files_left_open_; }

  // May throw PowerLost.
  absl::StatusOr<bool> Step(int service) { return nodes_[service].pipeline->Step(); }
  absl::StatusOr<bool> RelayStep(int service) { return nodes_[service].pipeline->RelayStep(); }
  void Submit(int service, pipeline::Command command, pipeline::Done done) {
    nodes_[service].pipeline->Submit(std::move(command), std::move(done));
  }

  // The n-th passage of any named point from now throws PowerLost; 0 = never.
  void CrashAtPassage(int64_t n) { passages_left_ = n; }
  // How often the power went at each named point, in the order of pipeline::CrashPoints().
  const std::vector<int64_t>& crashes() const { return crashes_; }

  store::Database& database(int service) { return *nodes_[service].database; }
  pipeline::Pipeline& pipeline(int service) { return *nodes_[service].pipeline; }
  bus::Bus& bus() { return *bus_; }
  ManualClock& clock() { return clock_; }
  testing::SimVfs& disk() { return disk_; }

 private:
  // A service; its parts are destroyed in the order of Stop().
  struct Node {
    std::unique_ptr<store::Database> database;
    std::shared_ptr<prometheus::Registry> metrics;
    std::shared_ptr<void> service;
    pipeline::Pipeline* pipeline = nullptr;
  };
  absl::Status Open();
  absl::Status OpenService(int service);
  void Pass(absl::string_view point);

  const int readers_;
  testing::SimVfs disk_;
  ManualClock clock_;
  SeededRandom random_;
  const rpc::Access access_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<pipeline::InProcessJournals> journals_;
  std::array<Node, kServices> nodes_;
  int64_t passages_left_ = 0;
  int64_t files_left_open_ = 0;
  std::vector<int64_t> crashes_;
};

}  // namespace polku::simulation
