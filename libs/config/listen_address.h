// Where a server listens.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace polku::config {

struct ListenAddress {
  std::string host;  // A name or an address; of IPv6 without its brackets.
  int port = 0;      // 0 = any free one.

  // Reachable from this machine only: 127.0.0.0/8, ::1 or the name localhost.
  bool IsLoopback() const;
  // "127.0.0.1:8080", "[::1]:8080".
  std::string ToString() const;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// Errors: kInvalidArgument; the text is not repeated in the message.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

}  // namespace polku::config
