// The body of main() of every program that serves.
#pragma once

#include <string>

#include "libs/host/host.h"

namespace polku::host {

// Reads the settings, serves until SIGINT or SIGTERM, and gives the exit code: 1 for whatever kept it from starting or
// from going on, told on stderr. With `migrate` as the first argument it makes or upgrades the databases and ends; with
// `health` it asks the server that has the same settings whether it is ready; --version says what this program is.
int Run(const std::string& program, Parts parts, int argc, const char* const* argv);

}  // namespace polku::host
