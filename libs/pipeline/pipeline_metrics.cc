#include "libs/pipeline/pipeline_metrics.h"

#include <map>

namespace polku::pipeline {
namespace {

prometheus::Counter* CounterOf(prometheus::Registry& registry, const std::string& name, const std::string& help,
                               const std::map<std::string, std::string>& labels) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

}  // namespace

PipelineMetrics::PipelineMetrics(prometheus::Registry& registry, const std::string& service) {
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
                              .Add(labels, prometheus::Histogram::BucketBoundaries{0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5,
                                                                                   30, 60, 300, 3600, 86400});
}

}  // namespace polku::pipeline
