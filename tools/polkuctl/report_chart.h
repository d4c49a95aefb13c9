// The steering group's numbers as text: a table, CSV, a chart. Pure.
#pragma once

#include <string>

#include "polku/follow_up/v1/api.pb.h"

namespace polku::polkuctl {

// One line a row, columns separated by commas; a figure that is left out is empty.
std::string ReportCsv(const polku::follow_up::v1::SteeringReport& report);
// The same for people: "<5" where a figure is left out.
std::string ReportTable(const polku::follow_up::v1::SteeringReport& report);
// How many of each group came how far: SVG, four bars a group. A bar that is left out says so.
std::string ReportSvg(const polku::follow_up::v1::SteeringReport& report, const std::string& title);

}  // namespace polku::polkuctl
