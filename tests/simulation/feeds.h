// What became of the records that providers wrote on topics of their own (I10): dead letters for those that nobody may
// take and for no others, each once; each of the others handled once, in the order in which they stand on the bus.
#pragma once

#include <string>
#include <vector>

#include "polku/follow_up/v1/feed.pb.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/history.h"

namespace polku::simulation {

// The measure that a record is about; empty when about none.
const std::string& MeasureIn(const polku::follow_up::v1::ProviderActivity& record);

// One line for each record that has another fate than contract 14 says (proto/polku/follow_up/v1/feed.proto).
std::vector<std::string> CheckFeeds(const Picture& picture, const History& history);

}  // namespace polku::simulation
