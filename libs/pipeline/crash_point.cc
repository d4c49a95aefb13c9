#include "libs/pipeline/crash_point.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace polku::pipeline {
namespace {

struct Armed {
  std::string name;
  std::atomic<int> left = 0;
  Armed() {
    const char* setting = std::getenv("POLKU_CRASH_AT");
    if (setting == nullptr) return;
    const std::pair<std::string, std::string> parts = absl::StrSplit(setting, absl::MaxSplits(':', 1));
    int count = 1;
    if (!parts.second.empty() && !absl::SimpleAtoi(parts.second, &count)) return;
    name = parts.first;
    left = count;
  }
};

Armed& TheArmed() {
  static Armed armed;
  return armed;
}

std::function<void(absl::string_view)>& Hook() {
  static std::function<void(absl::string_view)> hook;
  return hook;
}

}  // namespace

std::vector<absl::string_view> CrashPoints() {
  return {"corridor.before_write", "corridor.before_commit", "corridor.after_commit", "relay.before_publish",
          "relay.after_publish",   "relay.after_delete",     "erasure.before_ledger", "erasure.after_ledger",
          "erasure.after_keys",    "erasure.before_commit",  "erasure.after_commit"};
}

void CrashPoint(absl::string_view name) {
  if (const auto& hook = Hook(); hook) {
    hook(name);
    return;
  }
  Armed& armed = TheArmed();
  if (armed.name.empty() || armed.name != name) return;
  if (--armed.left == 0) _exit(134);
}

void SetCrashHook(std::function<void(absl::string_view)> hook) { Hook() = std::move(hook); }

}  // namespace polku::pipeline
