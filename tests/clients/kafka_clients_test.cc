// Clients that share no code with ours read our events, and are read, over a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/calendar.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/partitioner.h"
#include "libs/pipeline/feed.h"
#include "libs/pipeline/proto_time.h"
#include "libs/pipeline/wire.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "polku/referral/v1/events.pb.h"
#include "tests/system/region.h"

namespace polku::system_test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::SizeIs;

// Where `tools/dev test` puts the interpreter with the clients.
std::string Python() {
  if (const char* set = std::getenv("PYTHON_FOR_TESTS")) return set;
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "" : home, "/.cache/polku/clients/bin/python");
}

// The lines that a command prints; nothing when it fails.
std::vector<std::string> Lines(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> some{};
  for (size_t size = 0; (size = fread(some.data(), 1, some.size(), pipe)) > 0;) text.append(some.data(), size);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

class KafkaClients : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(Python()) && !testing::KafkaFolder().empty()) {
      region_ = std::make_unique<Region>(Layout::kServicesOnKafka);
      return;
    }
    std::printf("NOT RUN: no Python with Kafka clients, or no broker; tools/dev test fetches both\n");
    if (std::getenv("CI") != nullptr) FAIL();
    GTEST_SKIP();
  }

  std::vector<std::string> Client(const std::string& verb, const std::string& topic, const std::string& more = "") {
    return Lines(absl::StrCat(Python(), " " POLKU_CLIENTS_FOLDER "/kafka_client.py ", verb, " ",
                              region_->bootstrap_servers(), " ", topic, " ", more));
  }
  // As a provider's own program writes them, now.
  std::vector<std::string> Write(const std::string& topic, const std::map<std::string, std::string>& values) {
    std::string words = absl::StrCat(absl::ToUnixMillis(region_->clock().Now()));
    for (const auto& [key, value] : values) absl::StrAppend(&words, " ", key, "=", absl::Base64Escape(value));
    return Client("write", topic, words);
  }

  std::unique_ptr<Region> region_;
};

TEST_F(KafkaClients, ReadOurEventsAsCloudEvents) {
  const std::string client = region_->AcceptedClient();
  std::map<std::string, nlohmann::json> by_type;
  for (const std::string& line : Client("read", "polku.referral.events.v1")) {
    nlohmann::json record = nlohmann::json::parse(line);
    EXPECT_EQ(record["key"], client);
    EXPECT_EQ(record["partition"], bus::PartitionOf(client, 4));
    by_type[record["attributes"]["type"].get<std::string>()] = record;
  }
  ASSERT_THAT(by_type, Contains(Key("polku.referral.v1.ReferralAccepted")));
  const nlohmann::json& accepted = by_type["polku.referral.v1.ReferralAccepted"];
  const nlohmann::json& attributes = accepted["attributes"];
  EXPECT_EQ(attributes["specversion"], "1.0");
  EXPECT_EQ(attributes["source"], "/polku/referral");
  EXPECT_EQ(attributes["subject"], client);
  EXPECT_EQ(attributes["datacontenttype"], "application/protobuf");
  EXPECT_EQ(attributes["dataschema"], "polku.referral.v1.ReferralAccepted");
  EXPECT_EQ(attributes["epoch"], "1");
  std::string data;
  ASSERT_TRUE(absl::Base64Unescape(accepted["data"].get<std::string>(), &data));
  referral::v1::ReferralAccepted event;
  ASSERT_TRUE(event.ParseFromString(data));
  EXPECT_EQ(event.referral(), client + "/referrals/1");
  EXPECT_EQ(event.pathway(), "kainuu-unemployed");
}

TEST_F(KafkaClients, SeeHeadersWithKcat) {
  const std::string client = region_->AcceptedClient();
  const auto lines = Lines(absl::StrCat("kcat -q -e -C -b ", region_->bootstrap_servers(),
                                        " -t polku.referral.events.v1 -f '%k %h\\n' 2>&1"));
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(client + " "), HasSubstr("ce_type=polku.referral.v1.ReferralAccepted"),
                                    HasSubstr("ce_sequence="))));
}

TEST_F(KafkaClients, PutAKeyIntoThePartitionWhereWePutIt) {
  std::map<std::string, std::string> values;
  for (int i = 0; i < 40; ++i) values[absl::StrCat("clients/", i * 7919)] = "";
  const auto partitions = Write("polku.assessment.events.v1", values);
  ASSERT_THAT(partitions, SizeIs(values.size()));
  size_t line = 0;
  for (const auto& [key, value] : values) EXPECT_EQ(partitions[line++], absl::StrCat(bus::PartitionOf(key, 4))) << key;
}

TEST_F(KafkaClients, WriteAProvidersFeedThatIsTaken) {
  const std::string client = region_->PlannedClient();
  region_->MoveTo(absl::CivilDay(2026, 3, 3), 20);
  follow_up::v1::ProviderActivity begun;
  begun.mutable_begun()->set_measure(client + "/measures/1");
  *begun.mutable_begun()->mutable_start_date() = pipeline::ToProtoDay(absl::CivilDay(2026, 3, 3));
  Write(pipeline::ProviderTopicOf("provider"), {{"any", begun.SerializeAsString()}, {"other", "no record"}});
  region_->Rest();
  follow_up::v1::GetJourneyRequest request;
  request.set_client(client);
  const auto journey = region_->Call(&FollowUps::GetJourney, kCoordinator, request);
  ASSERT_THAT(journey, IsOk());
  ASSERT_EQ(journey->measures_size(), 1);
  EXPECT_EQ(pipeline::FromProto(journey->measures(0).start_date()), absl::CivilDay(2026, 3, 3));
  const auto dead = (*region_->pipeline("follow-up").database().Read())->ReadDeadLetters(10);
  ASSERT_THAT(dead, IsOk());
  EXPECT_THAT(*dead, SizeIs(1));
}

}  // namespace
}  // namespace polku::system_test
