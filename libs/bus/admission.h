// What every bus asks before it tries anything.
#ifndef POLKU_LIBS_BUS_ADMISSION_H_
#define POLKU_LIBS_BUS_ADMISSION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/bus/bus.h"

namespace polku::bus {

// Those of `wanted` that do not exist, each once. `partitions_of` tells how many partitions a topic has, nothing if
// it does not exist. Errors: as Bus::EnsureTopics.
absl::StatusOr<std::vector<TopicSpec>> MissingTopics(
    absl::Span<const TopicSpec> wanted, absl::FunctionRef<std::optional<int>(const std::string&)> partitions_of);

// What a message counts against the limit: key, value, header names and values.
int64_t MessageBytes(const Message& message);

// The messages of one Publish call, in order: after one that was refused no later one of its key goes on. Views of
// topics and keys are kept.
class Admission {
 public:
  explicit Admission(int64_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
  // Errors: as Producer::Publish, per message.
  absl::Status Check(const Message& message, bool topic_exists);
  // It was admitted and failed on the way.
  void Failed(const Message& message, const absl::Status& status);

 private:
  const int64_t message_bytes_max_;
  std::map<std::pair<absl::string_view, absl::string_view>, absl::Status> failed_;
};

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_ADMISSION_H_
