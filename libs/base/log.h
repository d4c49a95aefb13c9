// Structured logging: one JSON object a line on stderr.
//
//   LogEvent(LogLevel::kWarning, "publish failed", {{"topic", topic}, {"attempt", 3}, {"error", status}});
//   {"time":"2026-01-05T07:00:00.123Z","level":"warning","service":"referral","message":"publish failed",
//    "topic":"referral.v1","attempt":3,"error":{"code":"UNAVAILABLE","message":"broker away"}}
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/sensitive.h"

namespace polku {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// A named value of a log line. In JSON a time is RFC 3339 in UTC, a duration is a number of
// seconds ("inf" or "-inf" if infinite), a status is an object of code, message and, when it
// has one, reason. A double that is not finite is null; bytes that are not UTF-8 are replaced.
struct LogField {
  using Value = std::variant<std::string, int64_t, uint64_t, double, bool, absl::Time, absl::Duration, absl::Status>;

  LogField(absl::string_view field_name, absl::string_view text) : name(field_name), value(std::string(text)) {}
  LogField(absl::string_view field_name, const std::string& text) : name(field_name), value(text) {}
  LogField(absl::string_view field_name, const char* text) : name(field_name), value(std::string(text)) {}
  LogField(absl::string_view field_name, bool flag) : name(field_name), value(flag) {}
  LogField(absl::string_view field_name, double number) : name(field_name), value(number) {}
  template <std::signed_integral T>
  LogField(absl::string_view field_name, T number) : name(field_name), value(static_cast<int64_t>(number)) {}
  template <std::unsigned_integral T>
  LogField(absl::string_view field_name, T number) : name(field_name), value(static_cast<uint64_t>(number)) {}
  LogField(absl::string_view field_name, absl::Time time) : name(field_name), value(time) {}
  LogField(absl::string_view field_name, absl::Duration duration) : name(field_name), value(duration) {}
  LogField(absl::string_view field_name, absl::Status status) : name(field_name), value(std::move(status)) {}
  template <class T>
  LogField(absl::string_view field_name, const Sensitive<T>&) = delete;
  // Pointers would become `true`.
  template <class T>
  requires(!std::is_same_v<std::remove_cv_t<T>, char>) LogField(absl::string_view field_name, T* pointer)
  = delete;

  absl::string_view name;
  Value value;
};

// Writes one line if `level` is at or above the level set. The message is constant text, so that
// lines can be counted by it; what varies goes into the fields, and no personal data at all.
// Within a TraceScope a line has `trace`. A field named as one that stands before it gets a "_" at its end.
// Thread-safe; blocks while another thread writes. Usable before InitLogging.
void LogEvent(LogLevel level, absl::string_view constant_message, std::initializer_list<LogField> fields = {});

// Names the service on each line and sets the clock of the time stamps. `clock` is not owned and
// must live until the process ends or InitLogging is called again; nullptr means the machine's clock.
// Before this call the service is "" and the clock the machine's.
void InitLogging(absl::string_view service, const Clock* clock);

// The lowest level written; kInfo until set.
void SetLogLevel(LogLevel level);

// Sends each line (without its end of line) to `sink` instead of stderr; an empty function goes
// back to stderr. `sink` is called by one thread at a time and must not log. For tests.
void SetLogSink(std::function<void(const std::string&)> sink);

}  // namespace polku
