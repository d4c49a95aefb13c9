#include "libs/config/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace polku::config {
namespace {

constexpr char kExpected[] = "expected host:port, such as 127.0.0.1:8080 or [::1]:8080";

bool IsPort(absl::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
}

bool IsHostCharacter(char c) { return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_'; }

}  // namespace

bool ListenAddress::IsLoopback() const {
  if (absl::AsciiStrToLower(host) == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string ListenAddress::ToString() const {
  const bool brackets = host.find(':') != std::string::npos;
  return absl::StrCat(brackets ? "[" : "", host, brackets ? "]:" : ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return absl::InvalidArgumentError(kExpected);
  absl::string_view host = text.substr(0, colon);
  ListenAddress address;
  if (!IsPort(text.substr(colon + 1)) || !absl::SimpleAtoi(text.substr(colon + 1), &address.port) ||
      address.port > 65535) {
    return absl::InvalidArgumentError(kExpected);
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    address.host = std::string(host.substr(1, host.size() - 2));
    in6_addr ignored;
    if (inet_pton(AF_INET6, address.host.c_str(), &ignored) != 1) return absl::InvalidArgumentError(kExpected);
    return address;
  }
  if (host.empty() || host.size() > 253 || !std::all_of(host.begin(), host.end(), IsHostCharacter)) {
    return absl::InvalidArgumentError(kExpected);
  }
  address.host = std::string(host);
  return address;
}

}  // namespace polku::config
