// The metrics of one pipeline. All series exist from the start.
#pragma once

#include <array>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "libs/pipeline/work_item.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace polku::pipeline {

// Of a topic that is read.
struct TopicMetrics {
  std::array<prometheus::Counter*, kHandlings> records;  // By Handling.
  prometheus::Histogram* age_seconds;                    // From the event to the commit of what it caused.
  prometheus::Gauge* lag_records;
  prometheus::Gauge* lag_seconds;
};

struct PipelineMetrics {
  explicit PipelineMetrics(prometheus::Registry& registry, const Definition& definition);

  // A record of the bus that has been handled, parked or set aside by a commit at `now`.
  void CountRecord(const WorkItem& item, absl::Time now);

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

  // Those that Corridor::ShowLag sets.
  prometheus::Gauge* ready;
  prometheus::Gauge* lease_held;
  prometheus::Gauge* queue_inputs;
  prometheus::Gauge* stuck_partitions;
  prometheus::Gauge* due_overdue_seconds;
  prometheus::Gauge* outbox_rows;
  prometheus::Gauge* outbox_age_seconds;
  prometheus::Gauge* parked_keys;
  prometheus::Gauge* dead_letters_waiting;
  prometheus::Gauge* audit_unsealed_rows;
  prometheus::Gauge* audit_unsealed_age_seconds;

  std::map<std::string, TopicMetrics> topics;  // By name of the topic.

 private:
  // Of the last record: most come from the same topic as the one before.
  const std::string* last_topic_ = nullptr;
  TopicMetrics* last_ = nullptr;
};

// Of the topic that a service publishes to.
struct RelayMetrics {
  RelayMetrics(prometheus::Registry& registry, const std::string& service);

  prometheus::Counter* sent;
  prometheus::Counter* refused;  // The bus never takes them.
  prometheus::Counter* failed;   // Are sent again.
  prometheus::Histogram* duration_seconds;
};

}  // namespace polku::pipeline
