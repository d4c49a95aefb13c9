// The settings of every program that serves.
#pragma once

#include "libs/base/log.h"
#include "libs/config/config_spec.h"
#include "libs/host/host.h"

namespace polku::host {

struct Settings {
  HostConfig server;
  LogLevel log_level = LogLevel::kInfo;
  // As typed; they go to `server`.
  std::string providers;
  std::string peers;
  std::string kafka_properties;
};

// Registers every setting. `settings` outlives `spec`.
void Describe(config::ConfigSpec& spec, Settings& settings);

}  // namespace polku::host
