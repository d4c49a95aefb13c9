// A broker that wants certificates, and certificates that are replaced while clients run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/kafka/kafka_bus.h"
#include "libs/testing/child_process.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/temporary_folder.h"

namespace polku::bus {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr absl::Duration kUntilLooked = absl::Minutes(1);

// Goes as time does, and can be pushed on.
class PushedClock final : public MonotonicClock {
 public:
  absl::Duration Elapsed() const override { return system_.Elapsed() + absl::Seconds(pushed_seconds_.load()); }
  void Push(absl::Duration by) { pushed_seconds_ += absl::ToInt64Seconds(by); }

 private:
  const SystemMonotonicClock system_;
  std::atomic<int64_t> pushed_seconds_ = 0;
};

class KafkaCertificates : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return absl::StrCat(folder_.path(), "/", name); }
  std::string Read(const std::string& name) const {
    std::ifstream file(Path(name));
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  // At once, as whoever rotates them should do.
  void Put(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name + ".new")) << text;
    std::filesystem::rename(Path(name + ".new"), Path(name));
  }
  void OpenSsl(std::vector<std::string> words) const {
    words.insert(words.begin(), "openssl");
    const auto ended = testing::ChildProcess::Start({words, {}, Path("openssl.log")})->Wait(kPatience);
    ASSERT_THAT(ended, IsOkAndHolds(0)) << Read("openssl.log");
  }
  // NAME.pem and NAME.key.
  void MakeAuthority(const std::string& name) const {
    OpenSsl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=" + name, "-keyout", Path(name + ".key"), "-out", Path(name + ".pem")});
  }
  // NAME.pem and NAME.key.
  void Issue(const std::string& authority, const std::string& name) const {
    OpenSsl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", Path(name + ".key"), "-out", Path(name + ".request")});
    OpenSsl({"x509", "-req", "-in", Path(name + ".request"), "-copy_extensions", "copy", "-days", "2", "-CA",
             Path(authority + ".pem"), "-CAkey", Path(authority + ".key"), "-CAcreateserial", "-out",
             Path(name + ".pem")});
  }

  std::unique_ptr<Bus> Open(const std::string& servers) {
    KafkaBusOptions options;
    options.bootstrap_servers = servers;
    options.publish_timeout = absl::Seconds(5);
    options.ends_interval = absl::ZeroDuration();
    options.member = "reader";
    options.clock = &clock_;
    options.settings = {{"security.protocol", "ssl"},
                        {"ssl.ca.location", Path("trusted-by-client")},
                        {"ssl.certificate.location", Path("client-certificate")},
                        {"ssl.key.location", Path("client-key")}};
    absl::StatusOr<std::unique_ptr<Bus>> bus = OpenKafkaBus(options);
    POLKU_CHECK(bus.ok());
    return *std::move(bus);
  }
  void PublishUntilTaken(Producer& producer, const std::string& value) const {
    const absl::Duration end = system_.Elapsed() + kPatience;
    absl::Status status;
    do {
      status = producer.Publish({{"topic", "key", value, {}}})[0];
    } while (!status.ok() && system_.Elapsed() < end);
    EXPECT_THAT(status, IsOk());
  }
  // Until `count` have come in all, each once.
  void ReadUntil(Consumer& consumer, size_t count) {
    const absl::Duration end = system_.Elapsed() + kPatience;
    while (read_.size() < count && system_.Elapsed() < end) {
      const absl::StatusOr<Polled> polled = consumer.Poll({.wait = absl::Milliseconds(50)});
      if (!polled.ok()) continue;
      unstarted_.insert(polled->assigned.begin(), polled->assigned.end());
      for (const Record& record : polled->records) {
        EXPECT_EQ(record.offset, static_cast<int64_t>(read_.size()));
        read_.push_back(record.value);
      }
      std::erase_if(unstarted_, [&](const TopicPartition& each) {
        return consumer.Start(each, static_cast<int64_t>(read_.size())).ok();
      });
    }
    EXPECT_EQ(read_.size(), count);
  }

  const testing::TemporaryFolder folder_;
  const SystemMonotonicClock system_;
  PushedClock clock_;
  std::set<TopicPartition> unstarted_;
  std::vector<std::string> read_;
};

TEST_F(KafkaCertificates, AreReadAgainWhenTheirFilesChangeAndNothingIsLost) {
  if (testing::KafkaFolder().empty()) {
    std::cout << "NOT RUN: no Kafka broker" << std::endl;
    ASSERT_EQ(std::getenv("CI"), nullptr);
    GTEST_SKIP();
  }
  for (const char* authority : {"old", "new"}) {
    MakeAuthority(authority);
    for (const char* name : {"-broker", "-client"}) Issue(authority, absl::StrCat(authority, name));
  }
  Put("broker-own", Read("old-broker.key") + Read("old-broker.pem"));
  Put("trusted-by-broker", Read("old.pem") + Read("new.pem"));
  Put("trusted-by-client", Read("old.pem"));
  Put("client-certificate", Read("old-client.pem"));
  Put("client-key", Read("old-client.key"));
  auto broker = testing::KafkaBroker::Start({.tls = testing::BrokerTls{Path("broker-own"), Path("trusted-by-broker")}});
  ASSERT_THAT(broker, IsOk());
  const auto bus = Open((*broker)->tls_servers());
  ASSERT_THAT(bus->EnsureTopics({{"topic", 1}}), IsOk());
  const auto producer = *bus->NewProducer();
  const auto consumer = *bus->NewConsumer("group", {"topic"});
  PublishUntilTaken(*producer, "0");
  ReadUntil(*consumer, 1);

  // In the middle of the rotation the files do not fit together: what is there goes on.
  Put("client-key", Read("new-client.key"));
  clock_.Push(kUntilLooked);
  EXPECT_THAT(producer->Publish({{"topic", "key", "1", {}}}), ElementsAre(IsOk()));
  ReadUntil(*consumer, 2);

  Put("client-certificate", Read("new-client.pem"));
  Put("trusted-by-client", Read("old.pem") + Read("new.pem"));
  clock_.Push(kUntilLooked);
  PublishUntilTaken(*producer, "2");
  ReadUntil(*consumer, 3);

  // The old authority is no longer trusted by anybody.
  Put("broker-own", Read("new-broker.key") + Read("new-broker.pem"));
  Put("trusted-by-broker", Read("new.pem"));
  ASSERT_THAT((*broker)->Restart(), IsOk());
  PublishUntilTaken(*producer, "3");
  ReadUntil(*consumer, 4);
  EXPECT_THAT(read_, ElementsAre("0", "1", "2", "3"));
  EXPECT_THAT(bus->Extents("topic", kPatience), IsOkAndHolds(ElementsAre(Extent{0, 4})));
}

}  // namespace
}  // namespace polku::bus
