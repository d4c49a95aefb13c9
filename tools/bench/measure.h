// What a benchmark measures with: time, processor time, memory, quantiles.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace polku::bench {

// A benchmark that cannot be run says why and ends the program.
void Must(const absl::Status& status);
template <class T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

struct Spent {
  absl::Duration wall;
  absl::Duration cpu;  // Of all threads of this process, in user and system.
  Spent& operator+=(const Spent& other);
};

// Runs from its making until Stop.
class Stopwatch {
 public:
  Stopwatch();
  Spent Stop() const;

 private:
  SystemMonotonicClock clock_;
  absl::Duration wall_;
  absl::Duration cpu_;
};

// Of a process, by its id; 0 = this one. Bytes in memory now.
int64_t ResidentBytes(int process = 0);

// The value that `share` (0 to 1) of all values do not exceed; 0 when there are none.
double Quantile(std::vector<double> values, double share);
inline double Median(std::vector<double> values) { return Quantile(std::move(values), 0.5); }

// A figure with as many digits as mean something: "61200", "12.3", "0.87".
std::string Figure(double value);

}  // namespace polku::bench
