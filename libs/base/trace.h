// W3C Trace Context: which request something belongs to. A traceparent goes unchanged from a call through command,
// journal, outbox and bus into what consumers do because of it: their work is linked to the request, not a part of it.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "libs/base/random.h"

namespace polku {

// 32 hexadecimal digits in lower case, not all zeros.
bool IsTraceId(absl::string_view text);
// Version 00: "00-<trace id>-<16 hex>-<2 hex>", the second id not all zeros either.
bool IsTraceparent(absl::string_view text);
// Empty when `traceparent` is none.
absl::string_view TraceIdOf(absl::string_view traceparent);
// Of a trace that begins here.
std::string NewTraceparent(Random& random);

// While it lives, log lines of this thread tell the trace. Scopes of a thread end in the reverse order.
class TraceScope {
 public:
  // `traceparent` outlives the scope; one that is none tells nothing.
  explicit TraceScope(absl::string_view traceparent);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

  // The trace id of the innermost scope of this thread; may be empty.
  static absl::string_view Current();

 private:
  const absl::string_view before_;
};

}  // namespace polku
