// What one field of a definition must hold. Internal to libs/pathway.
#pragma once

#include <string>

#include "libs/pathway/yaml_message.h"
#include "polku/common/v1/types.pb.h"

namespace polku::pathway {

// Adds "missing" once for a field that was not given; false then. All others ask it first.
bool Require(const std::string& path, Faults& faults);
// 1 to 63 of a-z, 0-9 and hyphen.
void CheckCode(const std::string& path, const std::string& code, Faults& faults);
void CheckRange(const std::string& path, int value, int low, int high, Faults& faults);
void CheckOptionalRange(const std::string& path, int value, int low, int high, Faults& faults);
void CheckText(const std::string& path, const polku::common::v1::Text& text, Faults& faults);

}  // namespace polku::pathway
