#include "tools/bench/rig.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "libs/bus/embedded/embedded_bus.h"
#include "libs/pathway/testing.h"
#include "libs/pipeline/pipeline.h"

namespace polku::bench {
namespace {

constexpr int kPartitions = 4;  // As all-in-one.

// The shipped definitions, but thousands who fall silent on one day are no storm here.
pathway::Catalogue WithoutBreaker() {
  const pathway::Catalogue shipped = pathway::TestCatalogue();
  pathway::v1::RuleSet rules = *shipped.Rules(shipped.Find("kainuu-unemployed")->rules());
  rules.set_outreach_rule_day_max(1'000'000);
  rules.set_outreach_day_max(1'000'000);
  return shipped.With(rules);
}

}  // namespace

std::string DatabasePath(const std::string& folder, const std::string& service) {
  return absl::StrCat(folder, "/", service, ".db");
}

absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(const std::string& folder, store::Options options,
                                                              Random* random) {
  std::filesystem::create_directories(folder + "/keys");
  store::SqliteOptions sqlite;
  sqlite.path = DatabasePath(folder, options.service);
  sqlite.key_path = absl::StrCat(folder, "/keys/", options.service, ".keys");
  sqlite.random = random;
  sqlite.base = std::move(options);
  return store::OpenSqlite(sqlite);
}

Rig::Rig(const std::string& folder, store::Options options, const Clock* clock, std::unique_ptr<bus::Bus> bus)
    : clock_(clock),
      catalogue_(WithoutBreaker()),
      access_(Must(rpc::Access::Development("127.0.0.1:0"))),
      bus_(std::move(bus)) {
  database_ = Must(OpenDatabase(folder, std::move(options), &random_));
  if (bus_ == nullptr) {
    bus::EmbeddedBusOptions file;
    file.path = folder + "/bus.db";
    file.clock = clock;
    bus_ = Must(bus::OpenEmbeddedBus(file));
  }
  MakeTopics();
}

Rig::Rig(std::unique_ptr<store::Database> database, const Clock* clock, std::unique_ptr<bus::Bus> bus)
    : clock_(clock),
      catalogue_(WithoutBreaker()),
      access_(Must(rpc::Access::Development("127.0.0.1:0"))),
      bus_(std::move(bus)),
      database_(std::move(database)) {
  MakeTopics();
}

void Rig::MakeTopics() {
  std::vector<bus::TopicSpec> topics;
  for (const char* service : {"referral", "assessment", "coordinator-network", "follow-up"}) {
    topics.push_back({pipeline::TopicOf(service), kPartitions});
  }
  Must(bus_->EnsureTopics(topics));
}

pipeline::Principal Caller(const std::string& role) {
  return {role == "provider" ? "organisations/provider" : "organisations/unit", "bench", "bench-1", role, "bench"};
}

}  // namespace polku::bench
