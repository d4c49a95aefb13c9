// What an agency's integrator starts with works as it stands: the Python client, and the lines of proto/README.md.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "libs/base/ids.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_matchers.h"
#include "libs/testing/child_process.h"
#include "tests/system/guarded_server.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(120);
constexpr char kOrganisations[] =
    "spiffe://example/office: {organisation: organisations/te-office, system: desk, roles: [referrer]}\n"
    "spiffe://example/unit: {organisation: organisations/kainuu-unit, system: ward, roles: [intake, coordinator]}\n";

// Where `tools/dev test` puts what it installs.
std::string Installed(const char* variable, const char* path) {
  if (const char* set = std::getenv(variable)) return set;
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "" : home, "/.cache/polku/", path);
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class Agency : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.Start();
    const rpc::testing::Leaf desk = server_.Issue("spiffe://example/office");
    server_.Put("desk.pem", desk.certificate);
    server_.Put("desk.key", desk.key);
  }

  // False, and the test is skipped, when it is not installed.
  static bool Has(const std::string& program) {
    if (std::filesystem::exists(program)) return true;
    std::cout << "NOT RUN: no " << program << "; tools/dev test installs it\n";
    EXPECT_EQ(std::getenv("CI"), nullptr);
    return false;
  }
  // Waits until the program has printed a line that ends so, and returns the line.
  std::string Line(testing::ChildProcess& program, const std::string& end) {
    const SystemMonotonicClock monotonic;
    while (monotonic.Elapsed() < kPatience && !program.Ended().has_value()) {
      const std::vector<std::string> lines = absl::StrSplit(Contents(server_.Path("out")), '\n');
      for (const std::string& line : lines) {
        if (absl::EndsWith(line, end)) return line;
      }
      std::this_thread::yield();
    }
    ADD_FAILURE() << "never printed: " << end << "\n" << Contents(server_.Path("out"));
    return "";
  }
  template <class Service, class Request, class Reply>
  absl::Status Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                    const std::string& role, Request request) {
    request.set_request_id(NewUuidV7(clock_.Now(), random_));
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + server_.TokenOf("organisations/kainuu-unit", role));
    Reply reply;
    const auto stub = Service::NewStub(server_.ChannelOf("spiffe://example/unit"));
    return rpc::FromGrpc((stub.get()->*method)(&context, request, &reply));
  }

  const SystemClock clock_;
  SeededRandom random_{2};
  GuardedServer server_{kOrganisations, &clock_};
};

TEST_F(Agency, AClientInPythonSendsAReferralAndWatchesItToTheEnd) {
  const std::string python = Installed("PYTHON_FOR_TESTS", "clients/bin/python");
  if (!Has(python)) GTEST_SKIP();
  const auto client = testing::ChildProcess::Start(
      {.words = {python, POLKU_SOURCE_FOLDER "/tests/clients/referral_client.py", "--server", server_.address(), "--ca",
                 server_.Path("ca.pem"), "--certificate", server_.Path("desk.pem"), "--key", server_.Path("desk.key"),
                 "--receiving-unit", "organisations/kainuu-unit"},
       .output = server_.Path("out")});
  const std::string name = Line(*client, "/referrals/1");
  Line(*client, "REFERRAL_STATE_RECEIVED");
  referral::v1::AcceptReferralRequest accept;
  accept.set_name(name);
  accept.set_pathway("kainuu-unemployed");
  ASSERT_THAT(
      Call<referral::v1::ReferralService>(&referral::v1::ReferralService::Stub::AcceptReferral, "intake", accept),
      IsOk());
  Line(*client, "REFERRAL_STATE_IN_SERVICE");
  follow_up::v1::CloseJourneyRequest close;
  close.set_client(ClientOf(name).value_or(""));
  close.set_reason(follow_up::v1::CLOSE_REASON_GOAL_REACHED);
  ASSERT_THAT(
      Call<follow_up::v1::FollowUpService>(&follow_up::v1::FollowUpService::Stub::CloseJourney, "coordinator", close),
      IsOk());
  Line(*client, "REFERRAL_STATE_CLOSED");
  EXPECT_THAT(client->Wait(kPatience), IsOkAndHolds(0)) << Contents(server_.Path("out"));
}

// The fenced blocks of the section, as they are pasted.
std::vector<std::string> Blocks(const std::string& readme, const std::string& section) {
  std::vector<std::string> blocks;
  bool inside = false, here = false;
  const std::vector<std::string> lines = absl::StrSplit(readme, '\n');
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, "## ")) here = line == "## " + section;
    if (!here) continue;
    if (absl::StartsWith(line, "```")) {
      inside = !inside;
      if (inside) blocks.emplace_back();
    } else if (inside) {
      absl::StrAppend(&blocks.back(), line, "\n");
    }
  }
  return blocks;
}

TEST_F(Agency, LinesOfTheReadmeWorkWhenTheyArePasted) {
  const std::string grpcurl = Installed("GRPCURL_FOR_TESTS", "go/bin/grpcurl");
  if (!Has(grpcurl)) GTEST_SKIP();
  const std::vector<std::string> blocks =
      Blocks(Contents(POLKU_SOURCE_FOLDER "/proto/README.md"), "For an agency's integrator");
  ASSERT_EQ(blocks.size(), 2u);
  const auto run = [&](const std::string& block) {
    std::filesystem::remove(server_.Path("out"));
    server_.Put("script", absl::StrCat("set -euo pipefail\ncd " POLKU_SOURCE_FOLDER "\ngrpcurl() { ", grpcurl,
                                       " \"$@\"; }\n", block));
    const auto script =
        testing::ChildProcess::Start({.words = {"bash", server_.Path("script")}, .output = server_.Path("out")});
    EXPECT_THAT(script->Wait(kPatience), IsOkAndHolds(0)) << Contents(server_.Path("out"));
    return Contents(server_.Path("out"));
  };
  Region development(Layout::kAllInOne);
  const std::string here = absl::StrCat("127.0.0.1:", development.server().grpc_port());
  EXPECT_THAT(run(absl::StrReplaceAll(blocks[0], {{"127.0.0.1:7443", here}})), HasSubstr("\"referrals\""));
  run(absl::StrReplaceAll(blocks[1], {{"polku.example:7443", server_.address()},
                                      {"ca.pem", server_.Path("ca.pem")},
                                      {"desk.pem", server_.Path("desk.pem")},
                                      {"desk.key", server_.Path("desk.key")}}));
}

}  // namespace
}  // namespace polku::system_test
