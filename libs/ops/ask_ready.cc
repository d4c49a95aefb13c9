#include "libs/ops/ask_ready.h"

#include <httplib.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace polku::ops {
namespace {

constexpr int kPatienceSeconds = 2;

}  // namespace

absl::Status AskReady(const std::string& address, int port) {
  httplib::Client client(address, port);
  client.set_connection_timeout(kPatienceSeconds);
  client.set_read_timeout(kPatienceSeconds);
  const httplib::Result answer = client.Get("/readyz");
  if (!answer) return absl::UnavailableError(absl::StrCat("nobody answers on ", address, " port ", port));
  if (answer->status == 200) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("not ready: ", absl::StripSuffix(answer->body, "\n")));
}

}  // namespace polku::ops
