// The benchmarks. Each prints its lines into the report; README.md says what they mean.
#pragma once

#include <string>

#include "tools/bench/report.h"

namespace polku::bench {

struct Settings {
  std::string folder;  // For the files; on a disk that keeps what is synced.
  double scale = 1;    // Of all sizes: below 1 for a quick look.
  int rounds = 3;
};

void BenchBus(const Settings& settings, Report& report);
void BenchIngest(const Settings& settings, int marks_a_journey, Report& report);
void BenchFeedToSqlite(const Settings& settings, Report& report);
void BenchFeedToPostgres(const Settings& settings, Report& report);
void BenchSubmit(const Settings& settings, Report& report);
void BenchMillion(const Settings& settings, Report& report);

}  // namespace polku::bench
