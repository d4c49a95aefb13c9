// Two services in a folder, for the tests of the corridor.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/status_matchers.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pipeline/crash_point.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/testing/toy.h"
#include "libs/pipeline/wire.h"
#include "libs/store/sqlite/sqlite_database.h"
#include "libs/testing/temporary_folder.h"

namespace polku::pipeline {

struct Crash {};

// Toy publishes, mirror subscribes; on the real store and the real embedded bus, driven step by step.
class ToyWorld : public ::testing::Test {
 protected:
  explicit ToyWorld(std::string key_prefix = "counters/") : key_prefix_(std::move(key_prefix)) {}

  void SetUp() override { Open(); }
  void TearDown() override { SetCrashHook({}); }

  void Open() {
    bus::EmbeddedBusOptions bus_options;
    std::filesystem::create_directories(data());
    bus_options.path = data() + "/bus.db";
    bus_options.clock = &clock_;
    bus_ = *bus::OpenEmbeddedBus(bus_options);
    ASSERT_THAT(bus_->EnsureTopics({{TopicOf("toy"), 3}}), IsOk());
    toy_db_ = OpenDatabase("toy");
    mirror_db_ = OpenDatabase("mirror");
    journals_.Add("toy", toy_db_.get());
    toy_ = *Make("toy", std::make_unique<KindOf<toy::CounterDomain>>(key_prefix_, toy::CounterDomain()), {}, *toy_db_);
    mirror_ = *Make("mirror", std::make_unique<KindOf<toy::MirrorDomain>>(key_prefix_, toy::MirrorDomain()), {"toy"},
                    *mirror_db_);
  }

  std::unique_ptr<store::Database> OpenDatabase(const std::string& service) {
    store::SqliteOptions options;
    options.base.service = service;
    options.base.sealed_prefixes = {"clients/"};
    options.base.migrations = {
        {1, "total",
         "CREATE TABLE total (counter TEXT PRIMARY KEY, total BIGINT NOT NULL, reminders BIGINT NOT NULL)"}};
    options.path = data() + "/" + service + ".db";
    options.key_path = data() + "/" + service + ".keys";
    options.ledger_path = folder_.path() + "/" + service + ".erasures";
    options.random = &random_;
    return *store::OpenSqlite(options);
  }

  absl::StatusOr<std::unique_ptr<Pipeline>> Make(const std::string& service, std::unique_ptr<AggregateKind> kind,
                                                 std::vector<std::string> subscriptions, store::Database& database) {
    Definition definition;
    definition.service = service;
    definition.kinds.push_back(std::move(kind));
    definition.queries["total_of"] = "SELECT total FROM total WHERE counter = $1";
    definition.subscriptions = std::move(subscriptions);
    registry_ = std::make_unique<prometheus::Registry>();
    registries_.push_back(std::move(registry_));
    return Pipeline::Create(std::move(definition),
                            {&clock_, &database, bus_.get(), registries_.back().get(), &journals_}, limits_);
  }

  void Close() {
    toy_.reset();
    mirror_.reset();
    toy_db_.reset();
    mirror_db_.reset();
    bus_.reset();
  }

  static toy::v1::AddRequest Add(const std::string& counter, int64_t amount) {
    toy::v1::AddRequest request;
    request.set_counter(counter);
    request.set_amount(amount);
    return request;
  }

  // Queues a command; the answer is in `answers_` after the next Step.
  size_t Queue(const toy::v1::AddRequest& request, const std::string& request_id = "", const std::string& key = "",
               std::optional<AliasClaim> alias = std::nullopt) {
    Command command;
    command.method = "toy/Add";
    command.request = std::make_unique<toy::v1::AddRequest>(request);
    command.request_id = request_id;
    command.key = key;
    command.alias = std::move(alias);
    command.principal.organisation = "organisations/test";
    const size_t place = answers_.size();
    answers_.emplace_back(absl::UnknownError("not answered"));
    toy_->Submit(std::move(command), [this, place](absl::StatusOr<std::unique_ptr<google::protobuf::Message>> reply) {
      if (!reply.ok()) {
        answers_[place] = reply.status();
      } else {
        answers_[place] = static_cast<toy::v1::Counter&>(**reply);
      }
    });
    return place;
  }

  absl::StatusOr<toy::v1::Counter> Run(const toy::v1::AddRequest& request, const std::string& request_id = "") {
    const size_t place = Queue(request, request_id);
    EXPECT_THAT(toy_->Step(), IsOk());
    return answers_[place];
  }

  // Until nothing moves any more.
  void Settle() {
    for (int i = 0; i < 1000; ++i) {
      bool worked = false;
      for (Pipeline* pipeline : {toy_.get(), mirror_.get()}) {
        worked = *pipeline->Step() || worked;
        worked = *pipeline->RelayStep() || worked;
      }
      if (!worked && *toy_->Drained() && *mirror_->Drained()) return;
    }
    FAIL() << "does not come to rest";
  }

  toy::v1::Counter StateOf(store::Database& database, const std::string& key) {
    toy::v1::Counter counter;
    counter.ParseFromString((*(*database.Read())->Load({key}))[0].state);
    return counter;
  }

  void PublishRaw(const store::JournalRow& row) {
    EXPECT_THAT((*bus_->NewProducer())->Publish({EncodeEvent("toy", 1, row)}), ::testing::ElementsAre(IsOk()));
  }

  static store::JournalRow AddedRow(const std::string& key, int64_t version, int64_t amount) {
    polku::toy::v1::Added added;
    added.set_counter(key);
    added.set_amount(amount);
    return {key, version, version, "polku.toy.v1.Added", added.SerializeAsString(), absl::UnixEpoch(), ""};
  }

  // What a backup would hold.
  std::string data() const { return folder_.path() + "/data"; }

  const std::string key_prefix_;
  testing::TemporaryFolder folder_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  SeededRandom random_{1};
  Limits limits_;
  InProcessJournals journals_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::vector<std::unique_ptr<prometheus::Registry>> registries_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<store::Database> toy_db_;
  std::unique_ptr<store::Database> mirror_db_;
  std::unique_ptr<Pipeline> toy_;
  std::unique_ptr<Pipeline> mirror_;
  std::vector<absl::StatusOr<toy::v1::Counter>> answers_;
};

}  // namespace polku::pipeline
