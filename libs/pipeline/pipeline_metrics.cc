#include "libs/pipeline/pipeline_metrics.h"

#include <algorithm>

namespace polku::pipeline {
namespace {

prometheus::Counter* CounterOf(prometheus::Registry& registry, const std::string& name, const std::string& help,
                               const std::map<std::string, std::string>& labels) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Gauge* GaugeOf(prometheus::Registry& registry, const std::string& name, const std::string& help,
                           const std::map<std::string, std::string>& labels) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}

// From milliseconds to a day: a record may have waited while its reader was away.
prometheus::Histogram::BucketBoundaries WaitSeconds() {
  return {0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 30, 60, 300, 3600, 86400};
}

TopicMetrics MetricsOf(prometheus::Registry& registry, const std::map<std::string, std::string>& labels) {
  TopicMetrics topic;
  constexpr std::array<const char*, kHandlings> kNames = {"handled", "duplicate", "parked", "set_aside", "erased"};
  for (int handling = 0; handling < kHandlings; ++handling) {
    std::map<std::string, std::string> outcome = labels;
    outcome["outcome"] = kNames[handling];
    topic.records[handling] = CounterOf(
        registry, "polku_bus_records_total",
        "Records read and committed, by what became of them; one that was parked counts again later.", outcome);
  }
  topic.age_seconds = &prometheus::BuildHistogram()
                           .Name("polku_bus_record_age_seconds")
                           .Help("From an event to the commit of what it caused here, in seconds.")
                           .Register(registry)
                           .Add(labels, WaitSeconds());
  topic.lag_records =
      GaugeOf(registry, "polku_bus_lag_records", "Records of the topic that are not handled yet.", labels);
  topic.lag_seconds = GaugeOf(registry, "polku_bus_lag_seconds",
                              "Since when the topic may hold what is not handled yet, in seconds; counted from the "
                              "start of the program until every partition was read to its end once.",
                              labels);
  return topic;
}

}  // namespace

PipelineMetrics::PipelineMetrics(prometheus::Registry& registry, const Definition& definition) {
  const std::string& service = definition.service;
  constexpr std::array<const char*, kLanes> kNames = {"command", "audit", "step", "due", "bus"};
  for (int lane = 0; lane < kLanes; ++lane) {
    inputs[lane] = CounterOf(registry, "polku_pipeline_inputs_total", "Inputs folded and committed, by lane.",
                             {{"service", service}, {"lane", kNames[lane]}});
  }
  const std::map<std::string, std::string> labels = {{"service", service}};
  refusals = CounterOf(registry, "polku_pipeline_refusals_total", "Commands that the domain refused.", labels);
  events = CounterOf(registry, "polku_pipeline_events_total", "Events journalled.", labels);
  duplicates = CounterOf(registry, "polku_pipeline_duplicates_total", "Records dropped by version.", labels);
  parked = CounterOf(registry, "polku_pipeline_parked_total", "Records parked behind a gap or a dead letter.", labels);
  dead_letters = CounterOf(registry, "polku_pipeline_dead_letters_total", "Inputs set aside as dead letters.", labels);
  erasures = CounterOf(registry, "polku_pipeline_erasures_total", "Clients whose key was destroyed.", labels);
  erased_dropped = CounterOf(registry, "polku_pipeline_erased_dropped_total",
                             "Facts, steps and due instants dropped because their client is erased.", labels);
  batches = CounterOf(registry, "polku_pipeline_batches_total", "Batches committed.", labels);
  failed_batches = CounterOf(registry, "polku_pipeline_failed_batches_total", "Batches that did not commit.", labels);
  gaps_unfilled = &prometheus::BuildGauge()
                       .Name("polku_pipeline_gaps_unfilled")
                       .Help("Keys whose missing versions their owner could not give.")
                       .Register(registry)
                       .Add(labels);
  due_lateness_seconds = &prometheus::BuildHistogram()
                              .Name("polku_pipeline_due_lateness_seconds")
                              .Help("From a due instant to the commit of what it caused.")
                              .Register(registry)
                              .Add(labels, WaitSeconds());
  ready = GaugeOf(registry, "polku_pipeline_ready", "1 when everything that was there to read has been read.", labels);
  lease_held = GaugeOf(registry, "polku_pipeline_lease_held",
                       "1 for the replica that handles due instants, steps and the outbox.", labels);
  queue_inputs = GaugeOf(registry, "polku_pipeline_queue_inputs", "Commands and audit rows that wait.", labels);
  stuck_partitions = GaugeOf(registry, "polku_bus_stuck_partitions",
                             "Partitions that cannot be read from where they were left.", labels);
  due_overdue_seconds =
      GaugeOf(registry, "polku_pipeline_due_overdue_seconds",
              "For how long the earliest due instant has waited, in seconds; 0 when none has.", labels);
  outbox_rows = GaugeOf(registry, "polku_pipeline_outbox_rows", "Events that the bus has not taken yet.", labels);
  outbox_age_seconds = GaugeOf(registry, "polku_pipeline_outbox_age_seconds",
                               "Age of the oldest event that the bus has not taken yet, in seconds.", labels);
  parked_keys = GaugeOf(registry, "polku_pipeline_parked_keys", "Keys whose records wait for an earlier one.", labels);
  dead_letters_waiting =
      GaugeOf(registry, "polku_pipeline_dead_letters_waiting", "Dead letters that nobody has decided about.", labels);
  audit_unsealed_rows = GaugeOf(registry, "polku_audit_unsealed_rows", "Audit rows that no seal protects yet.", labels);
  audit_unsealed_age_seconds = GaugeOf(registry, "polku_audit_unsealed_age_seconds",
                                       "Age of the oldest audit row that no seal protects, in seconds.", labels);
  const auto add = [&](const std::string& topic) {
    topics.emplace(topic, MetricsOf(registry, {{"service", service}, {"topic", topic}}));
  };
  for (const std::string& peer : definition.subscriptions) add(TopicOf(peer));
  for (const Feed& feed : definition.feeds) add(feed.topic);
}

void PipelineMetrics::CountRecord(const WorkItem& item, absl::Time now) {
  const PeerFact& fact = item.received->fact;
  if (last_topic_ == nullptr || *last_topic_ != fact.from.topic) {
    const auto found = topics.find(fact.from.topic);
    if (found == topics.end()) return;  // From the owner's journal.
    last_topic_ = &found->first;
    last_ = &found->second;
  }
  last_->records[static_cast<int>(item.handling)]->Increment();
  if (item.handling == Handling::kHandled) {
    last_->age_seconds->Observe(std::max(0.0, absl::ToDoubleSeconds(now - fact.time)));
  }
}

RelayMetrics::RelayMetrics(prometheus::Registry& registry, const std::string& service) {
  const std::map<std::string, std::string> labels = {{"service", service}, {"topic", TopicOf(service)}};
  const auto count = [&](const char* outcome) {
    std::map<std::string, std::string> one = labels;
    one["outcome"] = outcome;
    return CounterOf(registry, "polku_bus_published_total", "Events given to the bus, by what it did with them.", one);
  };
  sent = count("sent");
  refused = count("refused");
  failed = count("failed");
  duration_seconds = &prometheus::BuildHistogram()
                          .Name("polku_bus_publish_duration_seconds")
                          .Help("From giving the bus a batch of events to its acknowledgement, in seconds.")
                          .Register(registry)
                          .Add(labels, prometheus::Histogram::BucketBoundaries{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                               0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30});
}

}  // namespace polku::pipeline
