// Topics as code, on a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "libs/testing/kafka_environment.h"
#include "libs/testing/temporary_folder.h"
#include "tools/polkuctl/session.h"

namespace polku::polkuctl {
namespace {

using ::testing::HasSubstr;

const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new testing::KafkaEnvironment);

class Topics : public ::testing::Test {
 protected:
  void Write(const std::string& yaml) { std::ofstream(folder_.path() + "/topics.yaml") << yaml; }
  int Do(const std::string& verb, const std::vector<std::string>& more = {}) {
    out_.str("");
    err_.str("");
    std::vector<std::string> arguments = {"topics",          verb,
                                          "--file",          folder_.path() + "/topics.yaml",
                                          "--kafka-servers", testing::KafkaEnvironment::broker().bootstrap_servers()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return polkuctl::Run(arguments, out_, err_);
  }

  const testing::TemporaryFolder folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Topics, AreMadeOnceAndOnlyWhatIsMissing) {
  Write(
      "topics:\n"
      "  - {name: one, partitions: 3, settings: {retention.ms: 86400000}}\n"
      "  - {name: 'of.{provider}.v1'}\n");
  EXPECT_EQ(Do("plan", {"--provider", "p1", "--provider", "p2"}), kOk);
  EXPECT_EQ(out_.str(),
            "to make one with 3 partitions\nto make of.p1.v1 with 1 partitions\nto make of.p2.v1 with 1 partitions\n");
  EXPECT_EQ(Do("apply", {"--provider", "p1"}), kOk);
  EXPECT_EQ(out_.str(), "made one with 3 partitions\nmade of.p1.v1 with 1 partitions\n");
  EXPECT_EQ(Do("apply", {"--provider", "p1"}), kOk);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(), "all as the file wants\n");
  Write("topics: [{name: one, partitions: 4, settings: {retention.ms: 1}}]\n");
  EXPECT_EQ(Do("apply"), kOk);
  EXPECT_EQ(out_.str(),
            "differs one: 3 partitions, the file wants 4\ndiffers one: retention.ms is 86400000, the file wants 1\n");
}

TEST_F(Topics, SayWhatIsWrongWithTheirFile) {
  Write("topics:\n  - name: one\n    partitoins: 3\n");
  EXPECT_EQ(Do("plan"), kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("topics.yaml:3: unknown key partitoins"));
  Write("topics: [{name: one, replication_factor: 3}, {name: two, settings: {retention.sm: 1}}]\n");
  EXPECT_EQ(Do("apply"), kRefused);
  EXPECT_THAT(err_.str(), HasSubstr("create topic"));
}

TEST_F(Topics, OfTheProductHaveAFileThatIsRight) {
  const std::vector<std::string> file = {"--file", POLKU_TOPICS_FILE, "--provider", "valmennus"};
  EXPECT_EQ(polkuctl::Run({"topics", "plan", "--kafka-servers", testing::KafkaEnvironment::broker().bootstrap_servers(),
                           file[0], file[1], file[2], file[3]},
                          out_, err_),
            kOk)
      << err_.str();
  for (const char* topic :
       {"polku.referral.events.v1", "polku.assessment.events.v1", "polku.coordinator-network.events.v1",
        "polku.follow-up.events.v1", "polku.provider.valmennus.activity.v1"}) {
    EXPECT_THAT(out_.str(), HasSubstr(topic));
  }
}

}  // namespace
}  // namespace polku::polkuctl
