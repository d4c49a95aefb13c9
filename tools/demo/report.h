// What the demo shows at its end, on stdout.
#pragma once

#include <string>
#include <vector>

#include "tools/demo/caller.h"
#include "tools/demo/comparison.h"
#include "tools/demo/office.h"
#include "tools/demo/script.h"

namespace polku::demo {

// The life of the first client whose measure stopped early and went on with another.
void PrintTimeline(const std::vector<Client>& script, const Office& office, Caller& caller);
// The list of the coordinator with most outreach to do.
void PrintWorklist(const Office& office);
void PrintCounts(const Office& office, const Comparison& comparison);
// Clients of each pathway and segment, and what was planted and found among them.
void PrintCourses(const std::vector<Course>& courses, const std::vector<Client>& script, const Found& found);
// The steering group's numbers by pathway and by segment, and the chart of
// the first in the file `chart`; false when that cannot be written.
bool PrintSteeringReport(const Frame& frame, const std::string& chart, Caller& caller);
// The differences, if any, and what could not be done as scripted.
void PrintProblems(const std::vector<Client>& script, const Found& found, const Comparison& comparison,
                   const Office& office, const std::vector<std::string>& problems);

}  // namespace polku::demo
