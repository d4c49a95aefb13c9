// Named places where the process may die, for tests. In a shipped binary a crash point does
// nothing unless POLKU_CRASH_AT=name:n is set in the environment: then the n-th passage of that
// point ends the process at once, without any clean-up, as kill -9 would.
#pragma once

#include <functional>
#include <vector>

#include "absl/strings/string_view.h"

namespace polku::pipeline {

// Names every crash point there is, so that a test can go through all of them.
std::vector<absl::string_view> CrashPoints();

// `name` is one of CrashPoints().
void CrashPoint(absl::string_view name);

// Replaces what a crash point does (the simulation throws from it). Not thread-safe; an empty
// function restores the default.
void SetCrashHook(std::function<void(absl::string_view)> hook);

}  // namespace polku::pipeline
