// Who of a consumer group reads which partition.
#ifndef POLKU_LIBS_BUS_EMBEDDED_ASSIGNMENT_H_
#define POLKU_LIBS_BUS_EMBEDDED_ASSIGNMENT_H_

#include <set>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "libs/bus/bus.h"

namespace polku::bus {

// Deals `partitions` (sorted) out in turn to the members that read their topic. `topics_of` has one
// entry per member, in the order of joining; so has the result.
std::vector<std::vector<TopicPartition>> AssignInTurn(absl::Span<const TopicPartition> partitions,
                                                      absl::Span<const std::set<std::string>> topics_of);

}  // namespace polku::bus

#endif  // POLKU_LIBS_BUS_EMBEDDED_ASSIGNMENT_H_
