#include "libs/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "libs/base/trace.h"
#include "libs/base/violation.h"

namespace polku {
namespace {

using Json = nlohmann::ordered_json;

struct LogState {
  std::atomic<LogLevel> level{LogLevel::kInfo};
  std::mutex mutex;
  std::string service ABSL_GUARDED_BY(mutex);
  const Clock* clock ABSL_GUARDED_BY(mutex) = nullptr;
  std::function<void(const std::string&)> sink ABSL_GUARDED_BY(mutex);
  // `mutex` already keeps the writers apart.
  spdlog::logger out{"polku", std::make_shared<spdlog::sinks::stderr_sink_st>()};
  const SystemClock system_clock;

  LogState() {
    out.set_pattern("%v");
    out.set_level(spdlog::level::trace);
    out.flush_on(spdlog::level::trace);
  }
};

// Never destroyed: other objects may log while the process ends.
LogState& State() {
  static LogState& state = *new LogState;
  return state;
}

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string Rfc3339(absl::Time time) { return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", time, absl::UTCTimeZone()); }

struct ToJson {
  template <class T>
  Json operator()(const T& plain) const {
    return plain;
  }
  Json operator()(absl::Time time) const { return Rfc3339(time); }
  Json operator()(absl::Duration duration) const {
    if (duration == absl::InfiniteDuration()) return "inf";
    if (duration == -absl::InfiniteDuration()) return "-inf";
    return absl::ToDoubleSeconds(duration);
  }
  Json operator()(const absl::Status& status) const {
    Json object;
    object["code"] = absl::StatusCodeToString(status.code());
    object["message"] = std::string(status.message());
    if (std::string reason = ReasonOf(status); !reason.empty()) object["reason"] = std::move(reason);
    return object;
  }
};

}  // namespace

void LogEvent(LogLevel level, absl::string_view constant_message, std::initializer_list<LogField> fields) {
  LogState& state = State();
  if (level < state.level.load(std::memory_order_relaxed)) return;
  const std::lock_guard<std::mutex> lock(state.mutex);
  const Clock& clock = state.clock != nullptr ? *state.clock : state.system_clock;
  Json line;
  line["time"] = Rfc3339(clock.Now());
  line["level"] = NameOf(level);
  line["service"] = state.service;
  line["message"] = std::string(constant_message);
  if (const absl::string_view trace = TraceScope::Current(); !trace.empty()) line["trace"] = std::string(trace);
  for (const LogField& field : fields) {
    std::string name(field.name);
    while (line.contains(name)) name.push_back('_');
    line[name] = std::visit(ToJson{}, field.value);
  }
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (state.sink) {
    state.sink(text);
  } else {
    state.out.info(text);
  }
}

void InitLogging(absl::string_view service, const Clock* clock) {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.service = std::string(service);
  state.clock = clock;
}

void SetLogLevel(LogLevel level) { State().level.store(level, std::memory_order_relaxed); }

void SetLogSink(std::function<void(const std::string&)> sink) {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.sink = std::move(sink);
}

}  // namespace polku
