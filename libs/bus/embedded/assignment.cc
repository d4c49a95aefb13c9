#include "libs/bus/embedded/assignment.h"

#include <cstddef>

namespace polku::bus {

std::vector<std::vector<TopicPartition>> AssignInTurn(absl::Span<const TopicPartition> partitions,
                                                      absl::Span<const std::set<std::string>> topics_of) {
  std::vector<std::vector<TopicPartition>> shares(topics_of.size());
  size_t turn = 0;
  for (const TopicPartition& partition : partitions) {
    for (size_t tried = 0; tried < topics_of.size(); ++tried) {
      const size_t member = turn++ % topics_of.size();
      if (!topics_of[member].contains(partition.topic)) continue;
      shares[member].push_back(partition);
      break;
    }
  }
  return shares;
}

}  // namespace polku::bus
