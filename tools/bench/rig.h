// What a service stands on, in a folder: clock, bus, database, pathways.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/bus/bus.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "libs/rpc/access.h"
#include "libs/store/database.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "prometheus/registry.h"
#include "tools/bench/measure.h"

namespace polku::bench {

// The machine's clock, set to another date: data of a known week needs a known week.
class ShiftedClock : public Clock {
 public:
  explicit ShiftedClock(absl::Time now) : offset_(now - machine_.Now()) {}
  absl::Time Now() const override { return machine_.Now() + offset_; }

 private:
  SystemClock machine_;
  const absl::Duration offset_;
};

// As all-in-one opens it: the same file names, the same options.
absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(const std::string& folder, store::Options options,
                                                              Random* random);
std::string DatabasePath(const std::string& folder, const std::string& service);

class Rig {
 public:
  // Makes folder and files that are missing, and the services' topics (so does the other one). `clock` outlives the
  // rig; no `bus`: the embedded one, in the folder.
  Rig(const std::string& folder, store::Options options, const Clock* clock, std::unique_ptr<bus::Bus> bus = nullptr);
  // On a database and a bus that are there.
  Rig(std::unique_ptr<store::Database> database, const Clock* clock, std::unique_ptr<bus::Bus> bus);

  template <class Service, class Config>
  std::unique_ptr<Service> Create(const Config& config) {
    return Must(Service::Create(
        config, {clock_, &random_, database_.get(), bus_.get(), &metrics_, nullptr, &catalogue_, &access_}));
  }

  bus::Bus& bus() { return *bus_; }
  store::Database& database() { return *database_; }
  prometheus::Registry& metrics() { return metrics_; }
  SystemRandom& random() { return random_; }

 private:
  void MakeTopics();

  const Clock* const clock_;
  SystemRandom random_;
  prometheus::Registry metrics_;
  const pathway::Catalogue catalogue_;
  const rpc::Access access_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Database> database_;
};

// The principal of commands.
pipeline::Principal Caller(const std::string& role);

}  // namespace polku::bench
