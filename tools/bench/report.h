// What the benchmarks found, as a table for people and as JSON for whoever keeps the figures.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/bench/measure.h"

namespace polku::bench {

// One line. A figure that was not measured stays empty.
struct Line {
  std::string bench;             // "ingest"
  std::string what;              // "records, 5 marks a journey"
  std::string unit;              // Of `ours` and `raw`: "marks/s".
  double ours = 0;               // Median over the rounds.
  std::optional<double> raw;     // The part under it, in the same run.
  std::optional<double> ratio;   // Ours by raw: median over the rounds of each round's own ratio.
  std::optional<double> cpu_us;  // Processor time of ours, in microseconds per thing counted.
  std::optional<double> raw_cpu_us;
  std::optional<double> bar;  // What is wanted of `bar_of`.
  bool bar_is_least = true;   // Otherwise the most that is allowed.
  enum class BarOf { kOurs, kRatio } bar_of = BarOf::kRatio;
  std::string note;

  // None without a bar.
  std::optional<bool> Meets() const;
};

// `count` things a round, as often a second as the rounds say; `raw` may be empty.
Line Compare(const std::string& bench, const std::string& what, const std::string& unit, double count,
             const std::vector<Spent>& ours, const std::vector<Spent>& raw);

class Report {
 public:
  // Prints the line, so that a long run shows where it is.
  void Add(Line line);
  // All lines, as a table.
  std::string Table() const;
  std::string Json() const;

 private:
  std::vector<Line> lines_;
};

}  // namespace polku::bench
