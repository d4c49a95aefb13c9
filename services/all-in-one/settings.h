// The settings of polku-all-in-one.
#pragma once

#include "libs/base/log.h"
#include "libs/config/config_spec.h"
#include "services/all-in-one/assembly.h"

namespace polku::all_in_one {

struct Settings {
  AllInOneConfig server;
  LogLevel log_level = LogLevel::kInfo;
  std::string providers;  // As typed; goes to server.providers.
};

// Registers every setting. `settings` outlives `spec`.
void Describe(config::ConfigSpec& spec, Settings& settings);

}  // namespace polku::all_in_one
