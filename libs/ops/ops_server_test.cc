#include "libs/ops/ops_server.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/ops/ask_ready.h"
#include "libs/ops/metrics.h"
#include "prometheus/counter.h"

namespace polku::ops {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

httplib::Result Get(const OpsServer& server, const char* path) {
  return httplib::Client("127.0.0.1", server.port()).Get(path);
}

TEST(OpsServer, IsAliveWhateverIsNotReady) {
  const auto server = OpsServer::Start({.readiness = {{"database", [] { return false; }}}});
  ASSERT_THAT(server, IsOk());
  const auto answer = Get(**server, "/livez");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST(OpsServer, NamesWhatIsNotReady) {
  std::atomic<bool> database = false;
  const auto server = OpsServer::Start({.readiness = {{"database", [&] { return database.load(); }},
                                                      {"pipeline", [] { return true; }},
                                                      {"bus", [&] { return database.load(); }}}});
  ASSERT_THAT(server, IsOk());
  auto answer = Get(**server, "/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "database\nbus\n");
  database = true;
  answer = Get(**server, "/readyz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST(AskReady, TellsWhatIsNotReadyAndThatNobodyAnswers) {
  std::atomic<bool> database = false;
  int port = 0;
  {
    const auto server = OpsServer::Start({.readiness = {{"database", [&] { return database.load(); }}}});
    ASSERT_THAT(server, IsOk());
    port = (*server)->port();
    EXPECT_THAT(AskReady("127.0.0.1", port), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("database")));
    database = true;
    EXPECT_THAT(AskReady("127.0.0.1", port), IsOk());
  }
  EXPECT_THAT(AskReady("127.0.0.1", port), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody")));
}

TEST(OpsServer, ShowsTheMetricsOfEverySource) {
  prometheus::Registry registry;
  prometheus::BuildCounter().Name("polku_test_total").Help("For this test.").Register(registry).Add({}).Increment(3);
  const ProcessMetrics process;
  const auto server = OpsServer::Start({.metrics = {&registry, &process}});
  ASSERT_THAT(server, IsOk());
  const auto answer = Get(**server, "/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer->body, AllOf(HasSubstr("polku_test_total 3"), HasSubstr("process_resident_memory_bytes ")));
}

TEST(OpsServer, ClosesEachConnection) {
  const auto server = OpsServer::Start({});
  ASSERT_THAT(server, IsOk());
  httplib::Client client("127.0.0.1", (*server)->port());
  client.set_keep_alive(true);
  const auto answer = client.Get("/livez");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->get_header_value("Connection"), "close");
}

TEST(OpsServer, AnswersManyScrapersAtOnce) {
  const auto server = OpsServer::Start({});
  ASSERT_THAT(server, IsOk());
  std::atomic<int> answered = 0;
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 50; ++i) {
    scrapers.emplace_back([&] {
      const auto answer = Get(**server, "/metrics");
      if (answer && answer->status == 200) ++answered;
    });
  }
  for (std::thread& scraper : scrapers) scraper.join();
  EXPECT_EQ(answered, 50);
}

TEST(OpsServer, NamesThePortThatIsInUse) {
  const auto first = OpsServer::Start({});
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(OpsServer::Start({.port = (*first)->port()}),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("127.0.0.1"), HasSubstr(absl::StrCat((*first)->port())))));
}

TEST(OpsServer, NamesAnAddressThatIsNotOurs) {
  EXPECT_THAT(OpsServer::Start({.address = "192.0.2.1"}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("192.0.2.1")));
}

TEST(OpsServer, FreesThePortWhenStopped) {
  auto first = OpsServer::Start({});
  ASSERT_THAT(first, IsOk());
  const int port = (*first)->port();
  (*first)->Stop();
  EXPECT_THAT(OpsServer::Start({.port = port}), IsOk());
}

TEST(OpsServer, StopsRightAfterItsStart) {
  for (int i = 0; i < 50; ++i) {
    const auto server = OpsServer::Start({});
    ASSERT_THAT(server, IsOk());
  }
}

}  // namespace
}  // namespace polku::ops
