// The metrics of one pipeline. All series exist from the start.
#pragma once

#include <array>
#include <string>

#include "libs/pipeline/work_item.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace polku::pipeline {

struct PipelineMetrics {
  PipelineMetrics(prometheus::Registry& registry, const std::string& service);

  std::array<prometheus::Counter*, kLanes> inputs;  // By Lane.
  prometheus::Counter* refusals;
  prometheus::Counter* events;
  prometheus::Counter* duplicates;
  prometheus::Counter* parked;
  prometheus::Counter* dead_letters;
  prometheus::Counter* erasures;        // Keys destroyed.
  prometheus::Counter* erased_dropped;  // Inputs dropped because their client is erased.
  prometheus::Counter* batches;
  prometheus::Counter* failed_batches;
  prometheus::Gauge* gaps_unfilled;  // Keys whose missing versions the owner could not give.
  prometheus::Histogram* due_lateness_seconds;
};

}  // namespace polku::pipeline
