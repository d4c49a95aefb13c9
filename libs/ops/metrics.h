// Conventions of metrics, and the metrics that every program has.
//
// Names: polku_<part>_<what>_<unit>, unit in base units (seconds, bytes), counters end in _total. Labels: few values,
// known at start, and no ids of clients or users. Register a series once, at start, and keep the reference: looking a
// series up takes a lock. Every series exists from the start, so that a rate is right from the first event on.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "prometheus/collectable.h"
#include "prometheus/histogram.h"
#include "prometheus/metric_family.h"
#include "prometheus/registry.h"

namespace polku::ops {

// What this binary was built from.
struct Build {
  std::string version;   // "0.1.0"
  std::string revision;  // Of the source tree; "unknown" unless the build was told.
  std::string compiler;
};
const Build& ThisBuild();

// polku_build_info{program, version, revision, compiler} = 1.
void RegisterBuild(absl::string_view program, prometheus::Registry& registry);

// Upper bounds in seconds for durations of calls and commits: 1 ms to 30 s.
prometheus::Histogram::BucketBoundaries CallSeconds();

// The process itself, read anew at each collection: process_cpu_seconds_total,
// process_resident_memory_bytes, process_open_fds, process_max_fds, process_threads,
// process_start_time_seconds. What cannot be read is left out. Thread-safe.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace polku::ops
