// What the operations port tells: in the words that Prometheus knows, all that alerts and dashboard name, and whatever
// else stands still.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <libpq-fe.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_matchers.h"
#include "libs/store/postgres/testing/server.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

// Far more than an answer from memory takes, and less than anything that waits for a database would.
constexpr int kAnswerSecondsMax = 20;
constexpr int kScrapers = 50;
// Of programs that have any; these run in development mode. mutual_tls_test.cc has them.
const std::set<std::string> kOfCertificates = {"polku_certificate_expiry_timestamp_seconds",
                                               "polku_credentials_reload_failures_total"};

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string Get(int port, const char* path) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(kAnswerSecondsMax);
  const auto answer = client.Get(path);
  return answer && answer->status == 200 ? answer->body : std::string();
}

// Names of samples: "polku_rpc_duration_seconds_bucket" and not its family.
std::set<std::string> SamplesIn(const std::string& exposition) {
  static const std::regex kSample("(?:^|\n)([a-z_]+)[{ ]");
  std::set<std::string> names;
  for (std::sregex_iterator each(exposition.begin(), exposition.end(), kSample), end; each != end; ++each) {
    names.insert((*each)[1]);
  }
  return names;
}

std::set<std::string> NamedIn(const std::string& path) {
  static const std::regex kName("\\b(?:polku|process)_[a-z_]+\\b");
  const std::string text = Contents(path);
  std::set<std::string> names;
  for (std::sregex_iterator each(text.begin(), text.end(), kName), end; each != end; ++each) names.insert(each->str());
  return names;
}

class Metrics : public ::testing::Test {
 protected:
  std::vector<int> OpsPorts() {
    std::vector<int> ports;
    for (const auto& server : region_.servers()) ports.push_back(server->ops_port());
    return ports;
  }
  std::string AllMetrics() {
    std::string all;
    for (const int port : OpsPorts()) all += Get(port, "/metrics");
    return all;
  }
  // Everybody asks everything at once.
  void ExpectAnswers() {
    std::atomic<int> answered = 0;
    std::vector<std::thread> scrapers;
    const std::vector<int> ports = OpsPorts();
    for (int i = 0; i < kScrapers; ++i) {
      scrapers.emplace_back([&answered, port = ports[static_cast<size_t>(i) % ports.size()]] {
        if (!Get(port, "/livez").empty() && !Get(port, "/metrics").empty()) ++answered;
      });
    }
    for (std::thread& scraper : scrapers) scraper.join();
    EXPECT_EQ(answered, kScrapers);
  }

  Region region_;
};

TEST_F(Metrics, OfEachProgramAreInWordsThatPrometheusKnows) {
  ASSERT_EQ(std::system("command -v promtool >/dev/null"), 0) << "promtool is not installed: run tools/dev setup";
  region_.PlannedClient();
  for (const int port : OpsPorts()) {
    const std::string path = absl::StrCat(region_.folder(), ".metrics");
    std::ofstream(path) << Get(port, "/metrics");
    EXPECT_EQ(std::system(absl::StrCat("promtool check metrics < ", path).c_str()), 0);
  }
}

TEST_F(Metrics, HoldAllThatAlertsAndDashboardName) {
  std::set<std::string> told = SamplesIn(AllMetrics());
  told.insert(kOfCertificates.begin(), kOfCertificates.end());
  for (const char* path : {"/prometheus/polku.rules.yaml", "/grafana/polku.json"}) {
    const std::set<std::string> named = NamedIn(absl::StrCat(POLKU_DEPLOY_FOLDER, path));
    EXPECT_GT(named.size(), 20u);
    EXPECT_THAT(told, IsSupersetOf(named)) << path;
  }
}

TEST_F(Metrics, CountCallsAndRecordsOfAStory) {
  region_.PlannedClient();
  const std::string told = AllMetrics();
  EXPECT_THAT(told, HasSubstr("polku_rpc_requests_total{code=\"OK\",method=\"ApprovePlan\","
                              "service=\"polku.assessment.v1.AssessmentService\"} 1\n"));
  for (const char* service : {"coordinator-network", "follow-up"}) {
    EXPECT_THAT(told, HasSubstr(absl::StrCat("polku_bus_records_total{outcome=\"set_aside\",service=\"", service,
                                             "\",topic=\"polku.assessment.events.v1\"} 0\n")));
    EXPECT_THAT(told, ::testing::Not(HasSubstr(absl::StrCat("polku_bus_records_total{outcome=\"handled\",service=\"",
                                                            service, "\",topic=\"polku.assessment.events.v1\"} 0\n"))));
  }
  EXPECT_THAT(told, HasSubstr("polku_bus_published_total{outcome=\"failed\",service=\"assessment\","
                              "topic=\"polku.assessment.events.v1\"} 0\n"));
}

// Nobody would be called while it matters most.
TEST_F(Metrics, AreToldWhileDatabaseAndBusStandStill) {
  region_.AcceptedClient();
  if (region_.broker() == nullptr) {
    std::vector<std::unique_ptr<store::Transaction>> held;
    for (pipeline::Pipeline* pipeline : region_.server().pipelines()) {
      auto transaction = pipeline->database().Begin();
      ASSERT_THAT(transaction, IsOk());
      held.push_back(*std::move(transaction));
    }
    ExpectAnswers();
    return;
  }
  std::vector<PGconn*> held;
  for (const std::string& database : region_.databases()) {
    held.push_back(PQconnectdb(store::postgres::ServerForTests::Get().Target(database).c_str()));
    PGresult* const locked = PQexec(held.back(), "BEGIN; LOCK TABLE aggregate, position, journal, outbox, lease");
    EXPECT_EQ(PQresultStatus(locked), PGRES_COMMAND_OK) << PQerrorMessage(held.back());
    PQclear(locked);
  }
  region_.broker()->Pause(true);
  ExpectAnswers();
  region_.broker()->Pause(false);
  for (PGconn* connection : held) PQfinish(connection);
}

}  // namespace
}  // namespace polku::system_test
